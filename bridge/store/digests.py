"""The digest: one a day and alert channel, of the tickets that its budget held back, the worst first."""

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from bridge.model import Origin, Score
from bridge.scale import shown
from bridge.store.alert_budget import DAY
from bridge.store.events import WEBHOOK, Event, EventType, insert_events, send_to

MOST_TICKETS = 100
"""A digest names so many; its summary counts them all."""


def send_digests(connection: sa.Connection, now: float) -> int:
    """Makes yesterday's digests, once however often it is called; how many."""
    today = int(now // DAY)
    if not _first_today(connection, today):
        return 0
    sent = 0
    for receiver_id, workspace_id in _channels(connection):
        tickets = _held_back(connection, workspace_id, receiver_id, (today - 1) * DAY, today * DAY)
        if tickets:
            event = _digest(workspace_id, tickets, (today - 1) * DAY, now)
            inserted = insert_events(connection, [event])
            send_to(connection, event, inserted.ids[0], [receiver_id])
            sent += 1
    return sent


def _first_today(connection: sa.Connection, today: int) -> bool:
    name = f"digest:{today}"
    connection.execute(sa.text("DELETE FROM schedule WHERE name LIKE 'digest:%' AND name <> :name"), {"name": name})
    made = connection.execute(
        sa.text("INSERT INTO schedule (name, next_at) VALUES (:name, 0) ON CONFLICT (name) DO NOTHING"),
        {"name": name},
    )
    return made.rowcount == 1


def _channels(connection: sa.Connection) -> Sequence[tuple[int, int]]:
    rows = connection.execute(
        sa.text(
            "SELECT id, workspace_id FROM receivers WHERE kind <> :webhook AND disabled_at IS NULL"
            " AND removed_at IS NULL ORDER BY id"
        ),
        {"webhook": WEBHOOK},
    )
    return [(receiver_id, workspace_id) for receiver_id, workspace_id in rows]


Held = tuple[str, str, str, Score | None, str]
"""Connection, ticket, and the label, score and trend that it shows now."""


def _held_back(
    connection: sa.Connection, workspace_id: int, receiver_id: int, since: float, until: float
) -> Sequence[Held]:
    """Tickets that escalated then while the channel was there, without telling it, and have not recovered."""
    rows = connection.execute(
        sa.text(
            "SELECT DISTINCT t.connection_id, t.ticket_id, t.label, t.score, t.trend FROM events e"
            " JOIN tickets t ON t.connection_id = e.connection_id AND t.ticket_id = e.ticket_id"
            " JOIN receivers r ON r.id = :receiver"
            " WHERE e.workspace_id = :workspace AND e.created_at >= :since AND e.created_at < :until"
            " AND e.created_at >= r.created_at AND e.type = :type AND t.escalated_by IS NOT NULL AND NOT EXISTS"
            " (SELECT 1 FROM deliveries d WHERE d.event_id = e.id AND d.receiver_id = r.id)"
        ),
        {
            "receiver": receiver_id,
            "workspace": workspace_id,
            "since": since,
            "until": until,
            "type": str(EventType.ESCALATED),
        },
    )
    found = [(row[0], row[1], row[2], row[3], row[4]) for row in rows]
    return sorted(found, key=lambda one: (101 if one[3] is None else one[3], one[0], one[1]))


def _digest(workspace_id: int, tickets: Sequence[Held], since: float, now: float) -> Event:
    day = datetime.fromtimestamp(since, UTC).date().isoformat()
    return Event(
        workspace_id=workspace_id,
        type=EventType.DIGEST,
        origin=Origin.LIVE,
        data={
            "summary": f"{len(tickets)} more tickets needed a person on {day}, beyond the alerts of that day",
            "tickets": [
                {
                    "connection": connection_id,
                    "ticket_id": ticket_id,
                    "label": label,
                    "score": shown(score),
                    "trend": trend,
                }
                for connection_id, ticket_id, label, score, trend in tickets[:MOST_TICKETS]
            ],
        },
        created_at=now,
    )
