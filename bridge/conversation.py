"""The state of a ticket: a pure function of its scored messages, whatever the order in which they arrived."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from bridge.model import UNKNOWN, Score, ScoredMessage, Trend

_CHANGE = 30
"""A direction beyond this many hundredths is a change."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a ticket shows and where it is going. `direction` and `current_avg` are hundredths."""

    label: str
    score: Score | None
    trend: Trend
    direction: int
    """Mean of the last scores minus mean of the first ones, -200 to 200."""
    current_avg: Score | None
    """Mean of the last three scores; None when no message has a score."""
    messages_scored: int
    """All settled customer messages, unknown ones included."""
    messages_unknown: int
    shown_message_id: str
    """The message whose label is shown: the newest with a score or, when none has one, the newest."""
    shown_written_at: float


def state_of(messages: Sequence[ScoredMessage]) -> Conversation | None:
    """The state of the ticket with these settled customer messages, in any order; None when there are none.

    A message that is unknown never hides an older label and does not count for the trend.
    """
    if not messages:
        return None
    ordered = sorted(messages, key=_by_writing)
    known = [message for message in ordered if message.label != UNKNOWN and message.score is not None]
    scores = [message.score for message in known if message.score is not None]
    newest = known[-1] if known else ordered[-1]
    direction = _direction(scores)
    return Conversation(
        label=newest.label if known else UNKNOWN,
        score=newest.score if known else None,
        trend=_trend(direction),
        direction=direction,
        current_avg=Score(_mean(scores[-3:])) if scores else None,
        messages_scored=len(ordered),
        messages_unknown=len(ordered) - len(known),
        shown_message_id=newest.message_id,
        shown_written_at=newest.written_at,
    )


def newest(messages: Sequence[ScoredMessage]) -> ScoredMessage:
    """The message written last, by the same order; there must be one."""
    return max(messages, key=_by_writing)


def _direction(scores: Sequence[Score]) -> int:
    # Under six scores, three against three would overlap and hide a change, so the windows shrink.
    size = min(3, len(scores) // 2)
    return round(Fraction(sum(scores[-size:]) - sum(scores[:size]), size)) if size else 0


def _mean(scores: Sequence[Score]) -> int:
    # round() of a Fraction is exact and takes halves to the even neighbour, as scores are rounded.
    return round(Fraction(sum(scores), len(scores)))


def _trend(direction: int) -> Trend:
    if direction < -_CHANGE:
        return Trend.DECLINING
    return Trend.IMPROVING if direction > _CHANGE else Trend.STABLE


def _by_writing(message: ScoredMessage) -> tuple[float, int, str, str]:
    # Numbers come before other ids: comparing a mixed pair as text would give circles (10 < 1a < 9 < 10).
    # A number without its leading zeros compares by length, then as text, with no conversion of 200 digits.
    text = message.message_id
    if text.isascii() and text.isdigit():
        digits = text.lstrip("0")
        return message.written_at, len(digits), digits, text
    return message.written_at, _AFTER_NUMBERS, "", text


_AFTER_NUMBERS = 1_000_000
