"""Facts to tell people of."""

from typing import Any

from bridge.channels.fact import Fact
from bridge.model import Origin, Score
from bridge.store.events import EventType

DATA = {
    "before": {"label": "neutral", "score": 0.1},
    "after": {"label": "urgent", "score": -0.82},
    "trend": {"trend": "declining", "direction": -0.61, "current_avg": -0.55},
    "reason": "the conversation gets worse",
}


def fact(type: EventType = EventType.ESCALATED, **values: Any) -> Fact:
    """An escalated ticket with everything that may be told."""
    given: dict[str, Any] = {
        "webhook_id": "msg_1",
        "type": type,
        "at": 1_764_000_000.0,
        "workspace": "acme",
        "origin": Origin.LIVE,
        "data": DATA,
        "connection": "zendesk-abc",
        "ticket_id": "T-1",
        "message_id": "m-3",
        "indicators": ("third time I ask",),
        "scores": tuple(Score(one) for one in (60, 10, -30, -82)),
        "ticket_url": "https://acme.zendesk.com/agent/tickets/1",
        "page_url": "https://bridge.example/w/acme/tickets/zendesk-abc/T-1",
    }
    return Fact(**(given | values))
