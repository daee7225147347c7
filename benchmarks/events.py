"""What the load consists of: events of the `api` connector, each message with an id and a text of its own."""

import json
from collections.abc import Mapping

TEXT = "my order is late again and nobody answers me "
TICKETS = 2000
"""Tickets that the messages of a connection belong to."""

WRITTEN_AT = "2026-11-22T10:00:00Z"


def item(name: str, ticket: str, text: str = TEXT, characters: int = 0) -> Mapping[str, str]:
    """A customer's message; its text begins with its name, so that no other has the same."""
    whole = f"{name} {text}"
    whole += (TEXT * (characters // len(TEXT) + 1))[: max(0, characters - len(whole))]
    return {
        "ticket_id": ticket,
        "message_id": name,
        "author": "customer",
        "author_id": "c-9",
        "text": whole,
        "created_at": WRITTEN_AT,
        "channel": "portal",
    }


def event(data: object) -> bytes:
    """The body of a webhook."""
    return json.dumps({"type": "message.created", "timestamp": WRITTEN_AT, "data": data}).encode()
