"""Alert channels: Slack, Microsoft Teams, e-mail and PagerDuty. For admins alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from bridge import alert_channels
from bridge.alert_channels import MOST_PER_DAY, PER_DAY, Channel
from bridge.tokens import Role
from bridge.web.api.endpoint import Call, endpoint
from bridge.web.api.paging import page_of
from bridge.web.api.receivers import Status, Tested, tested
from bridge.web.api.types import Moment, Paging, Text, says

_Kind = Literal["slack", "teams", "email", "pagerduty"]
_Type = Literal[
    "ticket.escalated", "ticket.recovered", "workspace.mood_shifted", "workspace.budget_reached", "connection.failing"
]
_PerDay = Annotated[int, says(minimum=1, maximum=MOST_PER_DAY)]


@dataclass(frozen=True, slots=True)
class Alert:
    """A channel; `goes_to` is the host alone. Beyond `per_day` alerts about tickets come in one digest."""

    id: str
    kind: _Kind
    goes_to: str
    types: Sequence[_Type] | None
    per_day: int
    status: Status
    error: str | None
    failing_since: Moment | None
    last_sent_at: Moment | None
    created_at: Moment


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Channels, the oldest first."""

    items: Sequence[Alert]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class NewAlert:
    """A channel to add; what `target` is depends on the kind, and it is never shown."""

    kind: _Kind
    target: Annotated[Text, says(writeOnly=True, maxLength=2000)]
    types: Annotated[Sequence[_Type], says(minItems=1, maxItems=20)] | None = None
    per_day: _PerDay = PER_DAY


@endpoint("GET", "/alerts", Role.ADMIN, AlertPage)
def list_alerts(call: Call, query: Paging) -> AlertPage:
    """List alert channels."""
    found = alert_channels.listed(call.runtime, call.slug)
    return AlertPage(*page_of(found, query, lambda one: one.id))  # type: ignore[arg-type]


@endpoint("POST", "/alerts", Role.ADMIN, Alert, status=201)
def add_alert(call: Call, body: NewAlert) -> Channel:
    """Add an alert channel."""
    return alert_channels.add(call.runtime, call.slug, body.kind, body.target, body.types, body.per_day)


@endpoint("GET", "/alerts/<alert>", Role.ADMIN, Alert)
def show_alert(call: Call, alert: str) -> Channel:
    """Show an alert channel."""
    return alert_channels.show(call.runtime, call.slug, alert)


@endpoint("DELETE", "/alerts/<alert>", Role.ADMIN, None, status=204)
def remove_alert(call: Call, alert: str) -> None:
    """Remove an alert channel."""
    alert_channels.remove(call.runtime, call.slug, alert)


@endpoint("POST", "/alerts/<alert>/enable", Role.ADMIN, Alert, at_least_once=True)
def enable_alert(call: Call, alert: str) -> Channel:
    """Enable an alert channel that was disabled."""
    return alert_channels.enable(call.runtime, call.slug, alert)


@endpoint("POST", "/alerts/<alert>/test", Role.ADMIN, Tested, cost=50)
def test_alert(call: Call, alert: str) -> Tested:
    """Send a test message now, once."""
    return tested(alert_channels.test(call.runtime, call.slug, alert))
