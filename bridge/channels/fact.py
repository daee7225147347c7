"""A fact on its way out, as every kind of receiver is told of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.model import Origin, Score
from bridge.store.events import EventType


@dataclass(frozen=True, slots=True)
class Fact:
    """An event with what may be told about it. Links and scores are for people; a webhook leaves them out."""

    webhook_id: str
    type: EventType
    at: float
    workspace: str
    """Its slug."""
    origin: Origin
    data: Mapping[str, object] = field(repr=False)
    """As `bridge.store.events.Event` has it."""
    connection: str | None = None
    ticket_id: str | None = None
    message_id: str | None = None
    indicators: tuple[str, ...] = field(default=(), repr=False)
    """A customer's words; empty where they may not be told."""
    scores: tuple[Score, ...] = ()
    """The ticket's last scores, the oldest first."""
    ticket_url: str | None = field(default=None, repr=False)
    """The ticket in its helpdesk."""
    page_url: str | None = None
    """Its history here."""
