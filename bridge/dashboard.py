"""The numbers of a workspace's last days."""

import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from bridge.errors import Invalid
from bridge.model import UNKNOWN, Score
from bridge.runtime import Runtime
from bridge.store import dashboard_numbers, escalations, workspaces
from bridge.store.dashboard_numbers import DAY, MessageSum, TicketSum, Window
from bridge.store.escalations import Escalation
from bridge.store.mood_hours import ALL, GROUP, NEGATIVE, TAG

MOST_DAYS = 366
USUAL_DAYS = 7
CLOCKS_DIFFER = 300.0
"""Seconds by which a helpdesk's clock may be ahead of ours."""
MOST_NAMES = 50
"""Tags, and groups, that are told: those with the most tickets."""


@dataclass(frozen=True, slots=True)
class Day:
    """One UTC day: its customer messages, and the mean of those that have a score."""

    day: date
    messages: int
    avg_sentiment: Score | None
    by_label: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Part:
    """The messages of one connection, or of one hour of the day (UTC) over all days."""

    messages: int
    avg_sentiment: Score | None
    negative: int
    """Messages under -0.2."""
    unknown: int


@dataclass(frozen=True, slots=True)
class TicketPart:
    """Conversations with a message in the window that have a tag, or are with a group, in the helpdesk now."""

    name: str
    tickets: int
    avg_sentiment: Score | None
    """The mean of their latest scores."""
    negative: int
    """Those whose latest score is under -0.5."""
    declining: int


@dataclass(frozen=True, slots=True)
class FirstAndLatest:
    """Conversations with two scores or more, and a message in the window."""

    conversations: int
    first: Score | None
    """The mean of their first scores, and of their latest."""
    latest: Score | None


@dataclass(frozen=True, slots=True)
class Recovery:
    """Escalations of the window (2,000 at most). Times are medians in seconds; None: there is none yet."""

    escalated: int
    answered: int
    recovered: int
    seconds_to_answer: float | None
    """From the escalation to the first public reply of staff."""
    seconds_from_answer_to_recovery: float | None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The window's numbers. Messages count by when the customer wrote them."""

    days: int
    messages: int
    avg_sentiment: Score | None
    """The mean score of the window's messages; None when none has one."""
    negative_tickets: int
    """Tickets with any message under -0.5."""
    declining_conversations: int
    """Conversations that decline now, with more than two scores and a message in the window."""
    by_label: dict[str, int]
    """Messages of each label of the scale, from the best to the worst, and `unknown`."""
    by_day: Sequence[Day]
    """Every UTC day that the window touches, the oldest first; the first is cut where the window begins."""
    conversations: int
    """With a message in the window."""
    by_connection: dict[str, Part]
    by_hour: Sequence[Part]
    """24 hours of the day in UTC."""
    by_tag: Sequence[TicketPart]
    by_group: Sequence[TicketPart]
    first_and_latest: FirstAndLatest
    recovery: Recovery
    unknown_share: float | None
    """Of the window's messages; None when there are none. And the share of those scored by the embedded scorer."""
    offline_share: float | None
    cost_usd: float
    """What scoring these messages cost, as far as prices are known."""


def show(runtime: Runtime, slug: str, days: int = USUAL_DAYS, now: float | None = None) -> Dashboard:
    """The numbers of the last `days` times 24 hours. Raises NotFound and Invalid."""
    if not 1 <= days <= MOST_DAYS:
        raise Invalid("days", f"give a number from 1 to {MOST_DAYS}")
    now = time.time() if now is None else now
    since, until = now - days * DAY, now + CLOCKS_DIFFER
    with runtime.database.read() as connection:
        workspace = workspaces.by_slug(connection, slug)
        found = dashboard_numbers.numbers(connection, Window(workspace.id, since, until, now))
        escalated = escalations.between(connection, workspace.id, since, until)
    sums = found.days
    whole = _sum(sums.values())
    tickets = found.ticket_sum(ALL)
    labels = (*workspace.settings.buckets.labels, UNKNOWN)
    unknown = _sum(one for (_, _, label), one in sums.items() if label == UNKNOWN).messages
    return Dashboard(
        days=days,
        messages=whole.messages,
        avg_sentiment=_mean(whole.total, whole.scored),
        negative_tickets=found.ticket_sum(NEGATIVE).tickets,
        declining_conversations=tickets.declining,
        by_label=_by_label(sums, labels),
        by_day=_by_day(sums, labels, since, now),
        conversations=tickets.tickets,
        by_connection={name: _part(sums, name) for name in sorted({name for _, name, _ in sums})},
        by_hour=[_of(found.hours.get(hour, MessageSum())) for hour in range(24)],
        by_tag=_named(found.tickets, TAG),
        by_group=_named(found.tickets, GROUP),
        first_and_latest=FirstAndLatest(
            tickets.compared,
            _mean(tickets.first_total, tickets.compared),
            _mean(tickets.latest_total, tickets.compared),
        ),
        recovery=_recovery(escalated),
        unknown_share=_share(unknown, whole.messages),
        offline_share=_share(whole.offline, whole.messages),
        cost_usd=whole.cost / 1_000_000,
    )


Sums = Mapping[tuple[int, str, str], MessageSum]


def _sum(sums: Iterable[MessageSum]) -> MessageSum:
    return sum(sums, MessageSum())


def _mean(total: int, count: int) -> Score | None:
    # As scores are rounded: exactly, halves to the even neighbour.
    return Score(round(Fraction(total, count))) if count else None


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _by_label(sums: Sums, labels: Sequence[str]) -> dict[str, int]:
    counted = dict.fromkeys(labels, 0)
    for (_, _, label), one in sums.items():
        counted[label] = counted.get(label, 0) + one.messages
    return counted


def _by_day(sums: Sums, labels: Sequence[str], since: float, now: float) -> list[Day]:
    days: dict[int, dict[tuple[int, str, str], MessageSum]] = {}
    for key, one in sums.items():
        days.setdefault(key[0], {})[key] = one
    found: list[Day] = []
    for number in range(int(since // DAY), max([int(now // DAY), *days]) + 1):
        of_day = days.get(number, {})
        whole = _sum(of_day.values())
        day = datetime.fromtimestamp(0, UTC).date() + timedelta(days=number)
        found.append(Day(day, whole.messages, _mean(whole.total, whole.scored), _by_label(of_day, labels)))
    return found


def _part(sums: Sums, connection_id: str) -> Part:
    return _of(_sum(one for (_, name, _), one in sums.items() if name == connection_id))


def _of(one: MessageSum) -> Part:
    return Part(one.messages, _mean(one.total, one.scored), one.negative, one.messages - one.scored)


def _named(tickets: Mapping[tuple[str, str], TicketSum], kind: str) -> list[TicketPart]:
    found = [
        TicketPart(name, one.tickets, _mean(one.total, one.scored), one.below, one.declining)
        for (of, name), one in tickets.items()
        if of == kind
    ]
    return sorted(found, key=lambda one: (-one.tickets, one.name))[:MOST_NAMES]


def _recovery(escalated: Sequence[Escalation]) -> Recovery:
    answers = [one.replied_at - one.at for one in escalated if one.replied_at is not None]
    recoveries = [
        one.recovered_at - one.replied_at
        for one in escalated
        if one.recovered_at is not None and one.replied_at is not None and one.recovered_at >= one.replied_at
    ]
    return Recovery(
        escalated=len(escalated),
        answered=len(answers),
        recovered=sum(one.recovered_at is not None for one in escalated),
        seconds_to_answer=statistics.median(answers) if answers else None,
        seconds_from_answer_to_recovery=statistics.median(recoveries) if recoveries else None,
    )
