"""What a webhook of Zendesk tells beside messages and read requests."""

from dataclasses import dataclass

from bridge.connector import Received


@dataclass(frozen=True, slots=True)
class Seen:
    """What an event says its ticket showed then: our label among its tags, and the stamp that a guarded write names."""

    ticket_id: str
    label: str | None
    stamp: str


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Words to forget: of one message, or (None) of a whole ticket."""

    ticket_id: str
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """All that one webhook says."""

    received: Received
    seen: Seen | None = None
    forgotten: Forgotten | None = None
