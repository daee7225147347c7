"""Outgoing webhooks: endpoints. For admins alone, since addresses may be secrets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from bridge import webhooks
from bridge.model import Origin
from bridge.tokens import Role
from bridge.web.api.endpoint import Call, endpoint
from bridge.web.api.paging import page_of
from bridge.web.api.receivers import Status, Tested, tested
from bridge.web.api.types import Moment, Paging, says
from bridge.webhooks import Endpoint, NewEndpoint

EventName = Literal[
    "ticket.sentiment_changed",
    "ticket.escalated",
    "ticket.recovered",
    "workspace.mood_shifted",
    "workspace.budget_reached",
    "connection.failing",
]
_SOME = says(minItems=1, maxItems=20)


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint that is told of events; `url` shows no more than where it goes. No types: it is told of all."""

    id: str
    url: str
    types: Sequence[EventName] | None
    origins: Sequence[Origin]
    status: Status
    error: str | None
    failing_since: Moment | None
    last_sent_at: Moment | None
    created_at: Moment


@dataclass(frozen=True, slots=True)
class WebhookMade(Webhook):
    """The same with its secret, which is shown this once."""

    secret: str


@dataclass(frozen=True, slots=True)
class WebhookPage:
    """Endpoints, the oldest first."""

    items: Sequence[Webhook]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """An endpoint to tell of events: of all types and of what is live or corrected, unless others are given."""

    url: Annotated[str, says(pattern="^https?://[!-~]{1,1990}$", writeOnly=True)]
    types: Annotated[Sequence[EventName], _SOME] | None = None
    origins: Annotated[Sequence[Origin], _SOME] | None = None


@endpoint("GET", "/webhooks", Role.ADMIN, WebhookPage)
def list_webhooks(call: Call, query: Paging) -> WebhookPage:
    """List outgoing webhooks."""
    found = webhooks.listed(call.runtime, call.slug)
    return WebhookPage(*page_of(found, query, lambda one: one.id))  # type: ignore[arg-type]


@endpoint("POST", "/webhooks", Role.ADMIN, WebhookMade, status=201)
def add_webhook(call: Call, body: NewWebhook) -> WebhookMade:
    """Add an outgoing webhook."""
    return _made(webhooks.add(call.runtime, call.slug, body.url, body.types, body.origins))


@endpoint("GET", "/webhooks/<webhook>", Role.ADMIN, Webhook)
def show_webhook(call: Call, webhook: str) -> Endpoint:
    """Show an outgoing webhook."""
    return webhooks.show(call.runtime, call.slug, webhook)


@endpoint("DELETE", "/webhooks/<webhook>", Role.ADMIN, None, status=204)
def remove_webhook(call: Call, webhook: str) -> None:
    """Remove an outgoing webhook; what waits for it is not sent."""
    webhooks.remove(call.runtime, call.slug, webhook)


@endpoint("POST", "/webhooks/<webhook>/enable", Role.ADMIN, Webhook, at_least_once=True)
def enable_webhook(call: Call, webhook: str) -> Endpoint:
    """Enable an outgoing webhook that was disabled. A resend brings what it missed."""
    return webhooks.enable(call.runtime, call.slug, webhook)


@endpoint("POST", "/webhooks/<webhook>/rotate", Role.ADMIN, WebhookMade)
def rotate_webhook(call: Call, webhook: str) -> WebhookMade:
    """Give an outgoing webhook a new secret. For a day the former one signs too."""
    return _made(webhooks.rotate(call.runtime, call.slug, webhook))


@endpoint("POST", "/webhooks/<webhook>/test", Role.ADMIN, Tested, cost=50)
def test_webhook(call: Call, webhook: str) -> Tested:
    """Send a test event now, once."""
    return tested(webhooks.test(call.runtime, call.slug, webhook))


def _made(made: NewEndpoint) -> WebhookMade:
    values = {name: getattr(made.endpoint, name) for name in Webhook.__slots__}
    return WebhookMade(**values, secret=made.secret.reveal())
