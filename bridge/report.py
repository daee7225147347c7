"""What a pile of scored messages comes to: the dry run of an export or of a backfill. Rows in, figures out.

Nothing of a text is kept but the indicators of the worst tickets, so a report takes about 20 bytes a message and
150 a ticket, however long the messages are.
"""

import heapq
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from fractions import Fraction

from bridge import alerts, conversation
from bridge.alerts import Rule, Situation
from bridge.model import UNKNOWN, Score, ScoredMessage, Trend
from bridge.scale import Scale, label_of

DAY = 86_400.0
MOST_SHOWN = 20
"""Worst tickets and declining conversations that a report names."""
_NEGATIVE_BELOW = Score(-20)
"""Tickets with a message under this can be among the worst."""
_NONE = -128
"""Stands for no score in the row of scores."""


@dataclass(frozen=True, slots=True)
class Row:
    """One customer message with its score; None: its label is `unknown`. Scored as the product would show it."""

    ticket: str
    score: Score | None
    written_at: float | None = None
    """Unix seconds; None: not known. Rows of a ticket without a time are taken in the order they come."""
    indicators: tuple[str, ...] = field(default=(), repr=False)
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorstTicket:
    """A ticket by its lowest message."""

    ticket: str
    score: Score
    label: str
    indicators: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class DecliningTicket:
    """A conversation of more than two scores whose trend is declining at its end."""

    ticket: str
    scores: int
    direction: int
    """Hundredths, as in `conversation`."""
    current_avg: Score


@dataclass(frozen=True, slots=True)
class Day:
    """One UTC day: its messages by label, the mean of their scores, and the alerts that it would have raised."""

    day: date
    messages: int
    average: Score | None
    by_label: Mapping[str, int]
    alerts: int


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of all rows."""

    messages: int
    tickets: int
    unknown: int
    average: Score | None
    by_label: Mapping[str, int]
    """Messages of each label from the best to the worst, and `unknown`."""
    by_score: Sequence[int]
    """Messages by score in 20 steps of 0.1 from -1; the last one holds 1.00 too."""
    caveats: Mapping[str, int]
    worst: Sequence[WorstTicket]
    """Up to 20 tickets with a message under -0.2, the lowest first."""
    declining: Sequence[DecliningTicket]
    """Up to 20, the steepest first; `declining_tickets` counts all."""
    declining_tickets: int
    alerts: int
    """Escalations that the rules would have raised, had every message come live."""
    alerts_by_rule: Mapping[str, int]
    days: float | None
    """From the first to the last message, at least one day; None when no row has a time."""
    alerts_a_day: float | None
    by_day: Sequence[Day]
    """Days with a message, the oldest first."""


class Tally:
    """Takes rows in any order and tells what they come to. One thread at a time."""

    def __init__(self, scale: Scale, rules: Sequence[Rule] = alerts.DEFAULT_RULES) -> None:
        self._scale = scale
        self._rules = rules
        self._numbers: dict[str, int] = {}
        self._tickets = array("L")
        self._scores = array("b")
        self._times = array("d")
        self._caveats: Counter[str] = Counter()
        self._worst: dict[str, WorstTicket] = {}

    def add(self, row: Row) -> None:
        """Counts one more row."""
        self._tickets.append(self._numbers.setdefault(row.ticket, len(self._numbers)))
        self._scores.append(_NONE if row.score is None else row.score)
        self._times.append(float("nan") if row.written_at is None else row.written_at)
        self._caveats.update(row.caveats)
        if row.score is not None and row.score < _NEGATIVE_BELOW:
            self._keep(WorstTicket(row.ticket, row.score, label_of(self._scale, row.score), row.indicators))

    def _keep(self, one: WorstTicket) -> None:
        known = self._worst.get(one.ticket)
        if known is None or one.score < known.score:
            self._worst[one.ticket] = one
        if len(self._worst) > 10 * MOST_SHOWN:
            self._worst = {kept.ticket: kept for kept in self._lowest()}

    def _lowest(self) -> list[WorstTicket]:
        return heapq.nsmallest(MOST_SHOWN, self._worst.values(), key=lambda kept: kept.score)

    def report(self) -> Report:
        """The figures of the rows so far."""
        labels = {_NONE: UNKNOWN} | {score: label_of(self._scale, Score(score)) for score in range(-100, 101)}
        counted = Counter(self._scores)
        by_label = dict.fromkeys((*self._scale.labels, UNKNOWN), 0)
        by_score = [0] * 20
        for score, count in counted.items():
            by_label[labels[score]] += count
            if score != _NONE:
                by_score[min((score + 100) // 10, 19)] += count
        raised, by_rule, declining = self._conversations(labels)
        times = [time for time in self._times if time == time]
        days = max(1.0, (max(times) - min(times)) / DAY) if times else None
        total = sum(score * count for score, count in counted.items() if score != _NONE)
        return Report(
            messages=len(self._scores),
            tickets=len(self._numbers),
            unknown=counted[_NONE],
            average=_mean(total, len(self._scores) - counted[_NONE]),
            by_label=by_label,
            by_score=by_score,
            caveats=dict(self._caveats.most_common()),
            worst=self._lowest(),
            declining=heapq.nsmallest(MOST_SHOWN, declining, key=lambda one: (one.direction, one.current_avg)),
            declining_tickets=len(declining),
            alerts=by_rule.total(),
            alerts_by_rule={rule.name: by_rule[rule.name] for rule in self._rules},
            days=days,
            alerts_a_day=by_rule.total() / days if days else None,
            by_day=self._by_day(labels, raised),
        )

    def _conversations(self, labels: Mapping[int, str]) -> tuple[Counter[int], Counter[str], list[DecliningTicket]]:
        names = list(self._numbers)
        raised: Counter[int] = Counter()
        by_rule: Counter[str] = Counter()
        declining: list[DecliningTicket] = []
        order = sorted(range(len(self._tickets)), key=self._tickets.__getitem__)
        begin = 0
        while begin < len(order):
            ticket = self._tickets[order[begin]]
            end = begin
            while end < len(order) and self._tickets[order[end]] == ticket:
                end += 1
            points = conversation.points([self._message(place, labels) for place in order[begin:end]])
            begin = end
            for at, rule in _escalations(self._rules, points):
                by_rule[rule.name] += 1
                if at:
                    raised[int(at // DAY)] += 1
            if len(points) > 2 and points[-1].trend is Trend.DECLINING:
                last = points[-1]
                declining.append(DecliningTicket(names[ticket], len(points), last.direction, last.current_avg))
        return raised, by_rule, declining

    def _message(self, place: int, labels: Mapping[int, str]) -> ScoredMessage:
        score, time = self._scores[place], self._times[place]
        known = None if score == _NONE else Score(score)
        return ScoredMessage(str(place), time if time == time else 0.0, known, labels[score])

    def _by_day(self, labels: Mapping[int, str], raised: Mapping[int, int]) -> list[Day]:
        days: dict[int, Counter[int]] = {}
        for time, score in zip(self._times, self._scores, strict=True):
            if time == time:
                days.setdefault(int(time // DAY), Counter())[score] += 1
        found = []
        for number, scores in sorted(days.items()):
            by_label = dict.fromkeys((*self._scale.labels, UNKNOWN), 0)
            for score, count in scores.items():
                by_label[labels[score]] += count
            total = sum(score * count for score, count in scores.items() if score != _NONE)
            average = _mean(total, scores.total() - scores[_NONE])
            day = datetime.fromtimestamp(number * DAY, UTC).date()
            found.append(Day(day, scores.total(), average, by_label, raised.get(number, 0)))
        return found


def _escalations(rules: Sequence[Rule], points: Sequence[conversation.Point]) -> list[tuple[float, Rule]]:
    """When a conversation would have escalated, and by which rule: as live messages do it, message by message."""
    found: list[tuple[float, Rule]] = []
    escalated = False
    for scores, point in enumerate(points, 1):
        ticket = Situation(point.label, point.score, point.trend, point.current_avg, scores)
        if escalated:
            escalated = not alerts.has_recovered(rules, ticket)
        elif not found or point.written_at >= found[-1][0] + alerts.COOLDOWN:
            rule = alerts.escalating(rules, ticket)
            if rule is not None:
                found.append((point.written_at, rule))
                escalated = True
    return found


def _mean(total: int, count: int) -> Score | None:
    return Score(round(Fraction(total, count))) if count else None
