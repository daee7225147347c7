"""The dashboard's numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from bridge import dashboard
from bridge.tokens import Role
from bridge.web.api.endpoint import Call, endpoint
from bridge.web.api.types import Number, says

_Share = Annotated[float, says(minimum=0, maximum=1)]


@dataclass(frozen=True, slots=True)
class Day:
    """A UTC day's customer messages."""

    day: date
    messages: int
    avg_sentiment: Number | None
    by_label: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Part:
    """The messages of one connection, or of one hour of the day; `negative` are those under -0.2."""

    messages: int
    avg_sentiment: Number | None
    negative: int
    unknown: int


@dataclass(frozen=True, slots=True)
class TicketPart:
    """The conversations with one tag, or of one group; `negative` are those whose latest score is under -0.5."""

    name: str
    tickets: int
    avg_sentiment: Number | None
    negative: int
    declining: int


@dataclass(frozen=True, slots=True)
class FirstAndLatest:
    """The means of first and latest scores of conversations with two or more."""

    conversations: int
    first: Number | None
    latest: Number | None


@dataclass(frozen=True, slots=True)
class Recovery:
    """Escalations of the window; times are medians in seconds."""

    escalated: int
    answered: int
    recovered: int
    seconds_to_answer: float | None
    seconds_from_answer_to_recovery: float | None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The numbers of the last days, of 24 hours each. A message counts by when the customer wrote it."""

    days: int
    messages: int
    avg_sentiment: Number | None
    negative_tickets: int
    declining_conversations: int
    by_label: Mapping[str, int]
    by_day: Sequence[Day]
    conversations: int
    by_connection: Mapping[str, Part]
    by_hour: Sequence[Part]
    by_tag: Sequence[TicketPart]
    by_group: Sequence[TicketPart]
    first_and_latest: FirstAndLatest
    recovery: Recovery
    unknown_share: _Share | None
    offline_share: _Share | None
    cost_usd: float


@dataclass(frozen=True, slots=True)
class DashboardQuery:
    """How many days."""

    days: Annotated[int, says(minimum=1, maximum=dashboard.MOST_DAYS)] = dashboard.USUAL_DAYS


@endpoint("GET", "/dashboard", Role.AGENT, Dashboard)
def show_dashboard(call: Call, query: DashboardQuery) -> dashboard.Dashboard:
    """Show the numbers of the last days."""
    return dashboard.show(call.runtime, call.slug, query.days)
