"""The embedded scorer: needs no provider, no key and no network. VADER on our scale, overridden by a few phrases."""

from bisect import bisect_right
from collections.abc import Iterator

from bridge.model import Score, ScorerName, Verdict
from bridge.scale import rounded
from bridge.scoring import phrases, vader
from bridge.scoring.caveats import TRUNCATED
from bridge.scoring.gate import nothing_to_score
from bridge.text.clip import clip

NAME = ScorerName("offline", "vader", "1")
"""The last part counts up whenever the same text may get another score: phrases, knots or reading changed."""

KNOTS = ((-1.0, -1.0), (-0.75, -0.7), (-0.05, -0.2), (0.0, 0.0), (0.35, 0.5), (1.0, 1.0))
"""VADER's figure and our score at it, straight lines between. Printed by `training/fit_offline.py`, which fits them."""

URGENT = Score(-80)
WAITING = Score(-40)
_MOST_INDICATORS = 3
_LONGEST_INDICATOR = 80


def score(text: str) -> Verdict:
    """The verdict on a customer text: a score with the pieces that explain it, or None when there is nothing to score.

    An urgent phrase lowers the score to at most -0.80, a waiting phrase to at most -0.40. There is no
    confidence: this scorer does not know how sure it is. English only. Safe in any number of threads.
    """
    read, cut = clip(text)
    caveats = (TRUNCATED,) if cut else ()
    if nothing_to_score(read):
        return Verdict(None, None, (), caveats, NAME)
    value = on_our_scale(vader.compound(read))
    found = phrases.find(read)
    if found.waiting:
        value = min(value, WAITING)
    if found.urgent:
        value = min(value, URGENT)
    return Verdict(value, None, tuple(_indicators(read, found, value)), caveats, NAME)


def on_our_scale(compound: float) -> Score:
    """The score that VADER's figure of -1 to 1 stands for."""
    place = min(bisect_right(KNOTS, compound, key=lambda knot: knot[0]), len(KNOTS) - 1)
    (left, low), (right, high) = KNOTS[place - 1], KNOTS[place]
    return rounded(low + (high - low) * (compound - left) / (right - left))


def _indicators(text: str, found: phrases.Found, value: Score) -> list[str]:
    spans: list[tuple[int, int]] = []
    for start, end in _explaining(text, found, value):
        apart = all(end <= other_start or other_end <= start for other_start, other_end in spans)
        if apart and end - start <= _LONGEST_INDICATOR:
            spans.append((start, end))
    pieces: dict[str, str] = {}
    for start, end in spans:
        pieces.setdefault(text[start:end].lower(), text[start:end])
    return list(pieces.values())[:_MOST_INDICATORS]


def _explaining(text: str, found: phrases.Found, value: Score) -> Iterator[tuple[int, int]]:
    yield from (span for span in (found.urgent, found.waiting) if span)
    if value:
        yield from vader.heaviest(text, 1 if value > 0 else -1)
