"""What webhooks and alerts share: members of a body, and how receivers and tests are shown."""

import dataclasses
from typing import Any

from bridge.alert_channels import Channel
from bridge.channels.outcome import Outcome
from bridge.errors import Invalid
from bridge.web.api.arguments import body_object
from bridge.web.api.shapes import moment
from bridge.webhook_log import Delivery
from bridge.webhooks import Endpoint


def members(*known: str) -> dict[str, Any]:
    """The body's object. Raises Invalid for a member that is unknown."""
    body = body_object()
    for name in body:
        if name not in known:
            raise Invalid(name[:50], "there is no such member; there are " + ", ".join(known))
    return body


def text(body: dict[str, Any], name: str) -> str:
    """A text that must be there. Raises Invalid."""
    value = body.get(name)
    if not isinstance(value, str):
        raise Invalid(name, "give text")
    return value


def texts(body: dict[str, Any], name: str) -> list[str] | None:
    """A list of texts; None when it is left out or null. Raises Invalid."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Invalid(name, "give a list of text")
    return value


def number(body: dict[str, Any], name: str, usual: int | None = None) -> int:
    """A whole number, or the usual one when it is left out. Raises Invalid."""
    value = body.get(name, usual)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 2**53:
        raise Invalid(name, "give a whole number")
    return value


def receiver(one: Endpoint | Channel) -> dict[str, object]:
    """An endpoint or a channel."""
    times = ("failing_since", "last_sent_at", "created_at")
    return dataclasses.asdict(one) | {name: moment(getattr(one, name)) for name in times}


def delivery(one: Delivery) -> dict[str, object]:
    """A line of the log."""
    times = ("created_at", "next_try_at", "tried_at", "delivered_at")
    return dataclasses.asdict(one) | {name: moment(getattr(one, name)) for name in times}


def outcome(one: Outcome) -> dict[str, object]:
    """What a test became."""
    return {"ok": one.taken, "status": one.status, "error": one.error, "answer": one.answer}
