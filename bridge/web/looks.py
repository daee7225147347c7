"""How moods look on our pages: never by colour alone, each has a word and a face. The sandbox desk draws the same."""

from dataclasses import dataclass

from bridge.model import Score, Trend

_FACES = {
    "very_positive": ("Very positive", "grin", "positive"),
    "positive": ("Positive", "smile", "positive"),
    "neutral": ("Neutral", "flat", "neutral"),
    "negative": ("Negative", "frown", "negative"),
    "very_negative": ("Very negative", "alarm", "urgent"),
    "urgent": ("Urgent", "alarm", "urgent"),
    "unknown": ("Unknown", "question", "unknown"),
}
_ARROWS = {Trend.IMPROVING: "up", Trend.STABLE: "level", Trend.DECLINING: "down"}


@dataclass(frozen=True, slots=True)
class Look:
    """A mood's word, the name of its face and of its colours."""

    word: str
    face: str
    tone: str


def look_of(label: str) -> Look:
    """How a label looks; one of a workspace's own scale shows its name and a plain face."""
    return Look(*_FACES.get(label, (label.replace("_", " ").capitalize(), "dot", "neutral")))


def arrow_of(trend: Trend) -> str:
    """The name of a trend's arrow."""
    return _ARROWS[trend]


def signed(score: Score | None) -> str:
    """`+0.45`, `0.00` or `-0.82`, the last with a true minus sign; a dash for none."""
    if score is None:
        return "–"  # noqa: RUF001  a dash
    sign = "−" if score < 0 else "+" if score > 0 else ""  # noqa: RUF001  a true minus sign
    return f"{sign}{abs(score) / 100:.2f}"


def ago(then: float, now: float) -> str:
    """How long ago that was, roughly."""
    seconds = max(0, int(now - then))
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return "just now"
