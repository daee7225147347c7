"""How many alerts a channel gets a day: the rest waits for one digest, the worst first."""

import json
from collections.abc import Sequence

import sqlalchemy as sa

from bridge.store.events import WEBHOOK, Event, EventType

DAY = 86_400
ALERTS_A_DAY = 20
"""Where a channel says nothing else: one that tells more is switched off by people."""


def within_budget(connection: sa.Connection, event: Event, now: float) -> Sequence[int]:
    """The alert channels of the event's workspace that are told of it now.

    A recovery is told to those that were told of the ticket's escalation, whatever the budget.
    """
    if event.type is EventType.RECOVERED:
        return _told_of_escalation(connection, event)
    began = now - now % DAY
    sent = _sent_since(connection, event.workspace_id, began)
    return [receiver_id for receiver_id, settings, count in sent if count < _budget(settings)]


def _budget(settings: str) -> int:
    return int(json.loads(settings).get("per_day", ALERTS_A_DAY))


def _sent_since(connection: sa.Connection, workspace_id: int, since: float) -> Sequence[tuple[int, str, int]]:
    """The workspace's alert channels with their settings, and how many escalations each was told of since then."""
    found = connection.execute(
        sa.text(
            "SELECT r.id, r.settings, (SELECT count(*) FROM deliveries d JOIN events e ON e.id = d.event_id"
            " WHERE e.workspace_id = r.workspace_id AND e.created_at >= :since AND e.type = :type"
            " AND d.receiver_id = r.id)"
            " FROM receivers r WHERE r.workspace_id = :workspace AND r.kind <> :webhook"
            " AND r.disabled_at IS NULL AND r.removed_at IS NULL"
        ),
        {"workspace": workspace_id, "since": since, "type": str(EventType.ESCALATED), "webhook": WEBHOOK},
    )
    return [(receiver_id, settings, sent) for receiver_id, settings, sent in found]


def _told_of_escalation(connection: sa.Connection, event: Event) -> Sequence[int]:
    found = connection.execute(
        sa.text(
            "SELECT DISTINCT d.receiver_id FROM deliveries d JOIN receivers r ON r.id = d.receiver_id"
            " WHERE r.kind <> :webhook AND r.disabled_at IS NULL AND r.removed_at IS NULL AND d.event_id ="
            " (SELECT max(e.id) FROM events e WHERE e.connection_id = :connection AND e.ticket_id = :ticket"
            " AND e.type = :type AND e.ticket_id IS NOT NULL)"
        ),
        {
            "webhook": WEBHOOK,
            "connection": event.connection_id,
            "ticket": event.ticket_id,
            "type": str(EventType.ESCALATED),
        },
    )
    return list(found.scalars())
