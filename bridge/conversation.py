"""The state of a ticket: a pure function of its scored messages, whatever the order in which they arrived."""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.model import UNKNOWN, Score, ScoredMessage, Trend

_CHANGE = 30
"""A direction beyond this many hundredths is a change."""

NEGATIVE_BELOW = -50
"""Hundredths: a message under this makes its ticket count as negative."""

LEAST_SPAN = 3600.0
"""Seconds that a conversation must span before a slope per day is told: over less it would only be noise."""

MOST_LATER = 48
"""With more messages than these the earlier ones are summed up: a long ticket then costs what a short one does."""
KEPT_LATER = 16
LEAST_KNOWN = 3
"""Scores that must be among the messages behind the sum: what is shown and the current average come from them."""

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the messages written at `until` or before come to. A pure function of them, as the state is."""

    until: float
    messages: int
    unknown: int
    first: tuple[int, ...]
    """Up to three first scores."""
    first_at: float | None
    lowest: int | None
    negative_at: float | None
    sums: tuple[int, int, int, int]
    """Over the scores: times (milliseconds), scores, squares of times, times by scores."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a ticket shows and where it is going. `direction`, `current_avg` and `slope` are hundredths."""

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
    first: Score | None = None
    lowest: Score | None = None
    slope: int | None = None
    """Change a day of the straight line through the scores (least squares); None within less than an hour."""
    newest_at: float = 0.0
    """When the newest message was written, unknown or not."""
    negative_at: float | None = None
    """When the newest message under -0.5 was written."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a conversation stood after one of its messages."""

    message_id: str
    written_at: float
    score: Score
    label: str
    trend: Trend
    direction: int
    current_avg: Score


def state_of(messages: Sequence[ScoredMessage], earlier: Earlier | None = None) -> Conversation | None:
    """The state of the ticket with these settled customer messages, in any order; None when there are none.

    A message that is unknown never hides an older label and does not count for the trend. With `earlier`, the messages
    are those written behind it, with at least LEAST_KNOWN scores.
    """
    if not messages:
        return None
    ordered = sorted(messages, key=_by_writing)
    known = _known(ordered)
    whole = _added(earlier, ordered)
    scores = [score for _, score in known]
    newest = known[-1][0] if known else ordered[-1]
    count = whole.messages - whole.unknown
    size = min(3, count // 2)
    direction = _rounded(sum(scores[-size:]) - sum(whole.first[:size]), size) if size else 0
    last = scores[-3:]
    return Conversation(
        label=newest.label if known else UNKNOWN,
        score=newest.score if known else None,
        trend=_trend(direction),
        direction=direction,
        current_avg=Score(_rounded(sum(last), len(last))) if last else None,
        messages_scored=whole.messages,
        messages_unknown=whole.unknown,
        shown_message_id=newest.message_id,
        shown_written_at=newest.written_at,
        first=Score(whole.first[0]) if whole.first else None,
        lowest=None if whole.lowest is None else Score(whole.lowest),
        slope=_slope(count, whole, newest.written_at),
        newest_at=ordered[-1].written_at,
        negative_at=whole.negative_at,
    )


def summed_up(messages: Sequence[ScoredMessage], earlier: Earlier | None = None) -> Earlier | None:
    """What all but the last few of these messages come to, with what came before; None while they are few enough."""
    if len(messages) <= MOST_LATER:
        return None
    ordered = sorted(messages, key=_by_writing)
    cut = len(ordered) - KEPT_LATER
    while cut > 0 and (
        # Far enough apart that a time which travels as text cannot fall on the wrong side.
        ordered[cut].written_at - ordered[cut - 1].written_at < 0.01 or len(_known(ordered[cut:])) < 2 * LEAST_KNOWN
    ):
        cut -= 1
    if cut == 0:
        return None
    return _added(earlier, ordered[:cut], (ordered[cut - 1].written_at + ordered[cut].written_at) / 2)


def has_enough(later: Sequence[ScoredMessage]) -> bool:
    """Whether a state can be told from these messages and the sum of the earlier ones."""
    return len(_known(later)) >= LEAST_KNOWN


def points(messages: Sequence[ScoredMessage]) -> list[Point]:
    """Where the conversation stood after each message with a score, in the order of writing."""
    known = _known(sorted(messages, key=_by_writing))
    scores = [score for _, score in known]
    found: list[Point] = []
    for count, (message, score) in enumerate(known, 1):
        size, last = min(3, count // 2), scores[max(0, count - 3) : count]
        direction = _rounded(sum(scores[count - size : count]) - sum(scores[:size]), size) if size else 0
        average = Score(_rounded(sum(last), len(last)))
        found.append(
            Point(message.message_id, message.written_at, score, message.label, _trend(direction), direction, average)
        )
    return found


def newest(messages: Sequence[ScoredMessage]) -> ScoredMessage:
    """The message written last, by the same order; there must be one."""
    return max(messages, key=_by_writing)


def _known(messages: Sequence[ScoredMessage]) -> list[tuple[ScoredMessage, Score]]:
    return [(one, one.score) for one in messages if one.label != UNKNOWN and one.score is not None]


_NOTHING = Earlier(0.0, 0, 0, (), None, None, None, (0, 0, 0, 0))


def _added(earlier: Earlier | None, ordered: Sequence[ScoredMessage], until: float = 0.0) -> Earlier:
    before = earlier or _NOTHING
    known = _known(ordered)
    scores = [score for _, score in known]
    times = [round(message.written_at * 1000) for message, _ in known]
    negative = [message.written_at for message, score in known if score < NEGATIVE_BELOW]
    sums = (
        before.sums[0] + sum(times),
        before.sums[1] + sum(scores),
        before.sums[2] + sum(time * time for time in times),
        before.sums[3] + sum(time * score for time, score in zip(times, scores, strict=True)),
    )
    lows = [*scores, *(() if before.lowest is None else (before.lowest,))]
    return Earlier(
        until=until,
        messages=before.messages + len(ordered),
        unknown=before.unknown + len(ordered) - len(known),
        first=(*before.first, *scores[:3])[:3],
        first_at=before.first_at if before.first_at is not None else (known[0][0].written_at if known else None),
        lowest=min(lows) if lows else None,
        negative_at=negative[-1] if negative else before.negative_at,
        sums=sums,
    )


def _slope(count: int, whole: Earlier, newest_at: float) -> int | None:
    if whole.first_at is None or newest_at - whole.first_at < LEAST_SPAN:
        return None
    times, scores, squares, products = whole.sums
    return _rounded((count * products - times * scores) * _DAY_MS, count * squares - times * times)


def _rounded(numerator: int, denominator: int) -> int:
    """The quotient, exact, with halves to the even neighbour, as scores are rounded. The denominator is positive."""
    quotient, rest = divmod(numerator, denominator)
    return quotient + (2 * rest > denominator or (2 * rest == denominator and quotient % 2 == 1))


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
