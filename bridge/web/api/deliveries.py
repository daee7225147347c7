"""What was sent to an outgoing webhook, and sending it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from bridge import webhook_log
from bridge.errors import Invalid
from bridge.tokens import Role
from bridge.web.api.endpoint import Call, endpoint
from bridge.web.api.types import Moment, says

_Number = Annotated[int, says(minimum=0, maximum=2**53)]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event to one endpoint; `answer` is the beginning of what it last answered."""

    id: int
    webhook_id: str
    type: str
    connection: str | None
    ticket_id: str | None
    created_at: Moment
    state: Literal["pending", "delivered", "failed", "dropped"]
    attempts: int
    next_try_at: Moment | None
    error: str | None
    status: int | None
    answer: str | None
    ms: int | None
    tried_at: Moment | None
    delivered_at: Moment | None


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Deliveries, the newest first."""

    items: Sequence[Delivery]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class DeliveryQuery:
    """Which page."""

    cursor: _Number | None = None
    limit: Annotated[int, says(minimum=1, maximum=webhook_log.MOST)] = 50


@dataclass(frozen=True, slots=True)
class Resend:
    """What to send again: one delivery, or everything since a time."""

    delivery: _Number | None = None
    since: Moment | None = None


@dataclass(frozen=True, slots=True)
class Resent:
    """How many deliveries were made due again."""

    resent: int


@endpoint("GET", "/webhooks/<webhook>/deliveries", Role.ADMIN, DeliveryPage)
def list_deliveries(call: Call, webhook: str, query: DeliveryQuery) -> DeliveryPage:
    """List what was sent to an outgoing webhook."""
    found = webhook_log.listed(call.runtime, call.slug, webhook, query.cursor, query.limit)
    cursor = str(found[-1].id) if len(found) == query.limit else None
    return DeliveryPage(found, cursor)  # type: ignore[arg-type]


@endpoint("POST", "/webhooks/<webhook>/resend", Role.ADMIN, Resent)
def resend_deliveries(call: Call, webhook: str, body: Resend) -> Resent:
    """Send one delivery again, or all since a time; they keep their webhook-id."""
    if (body.delivery is None) == (body.since is None):
        raise Invalid("body", 'send {"delivery": number} or {"since": time}')
    if body.since is not None:
        return Resent(webhook_log.resend_since(call.runtime, call.slug, webhook, body.since))
    webhook_log.resend(call.runtime, call.slug, webhook, body.delivery or 0)
    return Resent(1)
