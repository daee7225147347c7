"""How moods look on the pages: never by colour alone, each has a word and a face of its own."""

from dataclasses import dataclass

from connectors.sandbox.desk.tickets import Mood

_WIDTH, _HEIGHT, _MARGIN = 96, 28, 4
_FACES = {
    "very_positive": ("Very positive", "grin", "positive"),
    "positive": ("Positive", "smile", "positive"),
    "neutral": ("Neutral", "flat", "neutral"),
    "negative": ("Negative", "frown", "negative"),
    "very_negative": ("Very negative", "alarm", "urgent"),
    "urgent": ("Urgent", "alarm", "urgent"),
    "unknown": ("Unknown", "question", "unknown"),
}
_ARROWS = {"improving": "up", "stable": "level", "declining": "down"}


@dataclass(frozen=True, slots=True)
class Look:
    """A badge: its word, the name of its face and of its colours; score and trend as people read them."""

    word: str
    face: str
    tone: str
    score: str | None = None
    trend: str | None = None
    arrow: str | None = None
    by_person: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of scores in a box of 96 by 28: the line's points, its end, and the same in words."""

    points: str
    x: float
    y: float
    words: str


WAITING = Look("Waiting", "dots", "waiting")
"""A ticket that has no label yet."""


def look_of(mood: Mood | None) -> Look:
    """The badge of a ticket."""
    if mood is None:
        return WAITING
    word, face, tone = face_of(mood.label)
    arrow = _ARROWS.get(mood.trend or "")
    return Look(word, face, tone, signed(mood.score), mood.trend, arrow, mood.set_by == "person")


def face_of(label: str) -> tuple[str, str, str]:
    """Word, face and tone of a label; one of a workspace's own scale gets its name and a plain face."""
    return _FACES.get(label, (label.replace("_", " ").capitalize(), "dot", "neutral"))


def signed(score: int | None) -> str | None:
    """`+0.45`, `0.00` or `-0.82`, the last with a true minus sign."""
    if score is None:
        return None
    sign = "−" if score < 0 else "+" if score > 0 else ""  # noqa: RUF001 - a true minus sign
    return f"{sign}{abs(score) / 100:.2f}"


def curve_of(scores: list[int]) -> Curve | None:
    """The scores as a line; None when there are fewer than two."""
    if len(scores) < 2:
        return None
    step = (_WIDTH - 2 * _MARGIN) / (len(scores) - 1)
    places = [
        (_MARGIN + index * step, _HEIGHT / 2 - score / 100 * (_HEIGHT / 2 - _MARGIN))
        for index, score in enumerate(scores)
    ]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    words = "Scores so far: " + ", ".join(signed(score) or "" for score in scores)
    return Curve(points, round(places[-1][0], 1), round(places[-1][1], 1), words)


def ago(then: float, now: float) -> str:
    """How long ago that was, roughly."""
    seconds = max(0, int(now - then))
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return "just now"
