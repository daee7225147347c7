"""How many alerts a channel gets a day: the rest waits for one digest, the worst first."""

import json
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from bridge.store.events import WEBHOOK, Event, EventType
from bridge.store.rows import rows_parameter, rows_sql, statement

DAY = 86_400
ALERTS_A_DAY = 20
"""Where a channel says nothing else: one that tells more is switched off by people."""

_TICKET = {"place": "int", "connection_id": "text", "ticket_id": "text"}


def within_budget(connection: sa.Connection, events: Sequence[Event], now: float) -> list[list[int]]:
    """For each of these escalations and recoveries: the alert channels of its workspace that are told of it now.

    Of escalations that come at once, the worst are told first. A recovery is told to those that were told of the
    ticket's escalation, whatever the budget.
    """
    found: list[list[int]] = [[] for _ in events]
    escalated = [place for place, event in enumerate(events) if event.type is EventType.ESCALATED]
    left = {
        home: _left(connection, home, now - now % DAY) for home in {events[place].workspace_id for place in escalated}
    }
    for place in sorted(escalated, key=lambda place: _score(events[place])):
        channels = left[events[place].workspace_id]
        found[place] = [receiver_id for receiver_id, count in channels.items() if count > 0]
        channels |= {receiver_id: channels[receiver_id] - 1 for receiver_id in found[place]}
    recovered = [place for place, event in enumerate(events) if event.type is EventType.RECOVERED]
    for place, receiver_id in _told_of_escalation(connection, {place: events[place] for place in recovered}):
        found[place].append(receiver_id)
    return found


def _score(event: Event) -> float:
    after = event.data.get("after")
    score = after.get("score") if isinstance(after, Mapping) else None
    return score if isinstance(score, int | float) else 1.01


def _left(connection: sa.Connection, workspace_id: int, since: float) -> dict[int, int]:
    """The workspace's alert channels, and of how many more escalations each may be told today."""
    channels = connection.execute(
        statement(
            "SELECT id, settings FROM receivers WHERE workspace_id = :workspace AND kind <> :webhook"
            " AND disabled_at IS NULL AND removed_at IS NULL ORDER BY id"
        ),
        {"workspace": workspace_id, "webhook": WEBHOOK},
    ).all()
    return {row.id: (most := _budget(row.settings)) - _sent_since(connection, row.id, since, most) for row in channels}


def _budget(settings: str) -> int:
    return int(json.loads(settings).get("per_day", ALERTS_A_DAY))


def _sent_since(connection: sa.Connection, receiver_id: int, since: float, budget: int) -> int:
    """Of how many escalations a channel was told since then: looked for among its last deliveries, which are few."""
    told: int = connection.execute(
        statement(
            "SELECT count(*) FROM (SELECT e.type, e.created_at FROM deliveries d JOIN events e ON e.id = d.event_id"
            " WHERE d.receiver_id = :receiver ORDER BY d.id DESC LIMIT :most) AS newest"
            " WHERE newest.type = :type AND newest.created_at >= :since"
        ),
        # A day has at most as many recoveries beside, and what happens to the workspace and its connections.
        {"receiver": receiver_id, "most": 2 * budget + 200, "type": str(EventType.ESCALATED), "since": since},
    ).scalar_one()
    return told


def _told_of_escalation(connection: sa.Connection, events: Mapping[int, Event]) -> list[tuple[int, int]]:
    """Places of recoveries, each with a channel that was told of the ticket's last escalation."""
    if not events:
        return []
    rows = [[place, event.connection_id, event.ticket_id] for place, event in events.items()]
    found = connection.execute(
        statement(
            f"SELECT DISTINCT given.place, d.receiver_id FROM {rows_sql(connection, _TICKET)} AS given"
            " JOIN deliveries d ON d.event_id = (SELECT max(e.id) FROM events e"
            " WHERE e.connection_id = given.connection_id AND e.ticket_id = given.ticket_id"
            " AND e.type = :type AND e.ticket_id IS NOT NULL)"
            " JOIN receivers r ON r.id = d.receiver_id"
            " WHERE r.kind <> :webhook AND r.disabled_at IS NULL AND r.removed_at IS NULL ORDER BY d.receiver_id"
        ),
        {"rows": rows_parameter(rows), "webhook": WEBHOOK, "type": str(EventType.ESCALATED)},
    )
    return [(place, receiver_id) for place, receiver_id in found]
