"""The numbers of a workspace's last days."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from bridge.errors import Invalid
from bridge.model import UNKNOWN, Score
from bridge.runtime import Runtime
from bridge.store import dashboard_numbers as numbers
from bridge.store import workspaces
from bridge.store.dashboard_numbers import DAY, Sum

MOST_DAYS = 366
USUAL_DAYS = 7
NEGATIVE_BELOW = -50
"""Hundredths: a ticket with a message under this counts as negative."""
CLOCKS_DIFFER = 300.0
"""Seconds by which a helpdesk's clock may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Day:
    """One UTC day: its customer messages, and the mean of those that have a score."""

    day: date
    messages: int
    avg_sentiment: Score | None


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


def show(runtime: Runtime, slug: str, days: int = USUAL_DAYS, now: float | None = None) -> Dashboard:
    """The numbers of the last `days` times 24 hours. Raises NotFound and Invalid."""
    if not 1 <= days <= MOST_DAYS:
        raise Invalid("days", f"give a number from 1 to {MOST_DAYS}")
    now = time.time() if now is None else now
    since, until = now - days * DAY, now + CLOCKS_DIFFER
    with runtime.database.read() as connection:
        workspace = workspaces.by_slug(connection, slug)
        window = (connection, workspace.id, since, until)
        sums = numbers.sums(*window)
        negative = numbers.tickets_with_a_score_under(*window, NEGATIVE_BELOW)
        declining = numbers.declining_conversations(*window)
    return Dashboard(
        days=days,
        messages=sum(one.messages for one in sums),
        avg_sentiment=_mean(sums),
        negative_tickets=negative,
        declining_conversations=declining,
        by_label=_by_label(sums, (*workspace.settings.buckets.labels, UNKNOWN)),
        by_day=_by_day(sums, since, now),
    )


def _mean(sums: Sequence[Sum]) -> Score | None:
    scored = sum(one.scored for one in sums)
    # As scores are rounded: exactly, halves to the even neighbour.
    return Score(round(Fraction(sum(one.total for one in sums), scored))) if scored else None


def _by_label(sums: Sequence[Sum], labels: Sequence[str]) -> dict[str, int]:
    counted = Counter[str]()
    for one in sums:
        counted[one.label] += one.messages
    return {label: counted[label] for label in dict.fromkeys((*labels, *counted))}


def _by_day(sums: Sequence[Sum], since: float, now: float) -> list[Day]:
    first = int(since // DAY)
    last = max([int(now // DAY), *(one.day for one in sums)])
    found: list[Day] = []
    for number in range(first, last + 1):
        of_day = [one for one in sums if one.day == number]
        day = datetime.fromtimestamp(0, UTC).date() + timedelta(days=number)
        found.append(Day(day, sum(one.messages for one in of_day), _mean(of_day)))
    return found
