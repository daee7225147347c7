"""Tickets without a scored message left, since what they showed was forgotten.

Where the helpdesk shows our label still, the ticket's row stays, empty, until the write-back drain has taken it away.
"""

import sqlalchemy as sa

from bridge.model import UNKNOWN, Origin, Trend
from bridge.store.tables import State, messages, tickets, writes

_EMPTY: dict[str, object] = {
    "label": UNKNOWN,
    "trend": str(Trend.STABLE),
    "direction": 0,
    "messages_scored": 0,
    "messages_unknown": 0,
    "origin": str(Origin.LIVE),
    "bulk": 0,
} | dict.fromkeys(
    (
        "score",
        "current_avg",
        "shown_message_id",
        "known_label",
        "known_score",
        "escalated_by",
        "escalated_at",
        "first_score",
        "lowest_score",
        "slope",
        "newest_at",
        "negative_at",
        "earlier",
    )
)


def is_empty(row: sa.Row[*tuple[object, ...]]) -> bool:
    """Whether the ticket has no scored message: its helpdesk should show nothing of ours."""
    return bool(row.messages_scored == 0)


def take_back(connection: sa.Connection, connection_id: str, ticket_id: str, now: float) -> None:
    """Empties the ticket's row and makes it due; or removes it where the helpdesk shows nothing of ours, or a person's
    label."""
    t, mine = tickets.c, _of_ticket(tickets, connection_id, ticket_id)
    being_written = sa.exists().where(
        _of_ticket(writes, connection_id, ticket_id), writes.c.state == sa.literal_column("'sending'")
    )
    held = t.held_at.is_not(None) & (t.shown_written_at <= t.held_at)
    shown = t.written_label.is_not(None) | t.worker_id.is_not(None) | being_written
    claimed = t.worker_id.is_not(None)
    emptied = connection.execute(
        sa.update(tickets)
        .where(mine, ~held, shown)
        .values(
            **_EMPTY,
            updated_at=now,
            state=sa.case((claimed, t.state), else_=int(State.PENDING)),
            due_at=sa.case((claimed, t.due_at), else_=now),
            attempts=0,
            deaths=0,
            last_error=None,
        )
    )
    if emptied.rowcount == 0:
        remove(connection, connection_id, ticket_id)


def remove(connection: sa.Connection, connection_id: str, ticket_id: str) -> None:
    """Nothing is left to take back. Of a ticket that was forgotten whole, what was written goes too."""
    connection.execute(sa.delete(tickets).where(_of_ticket(tickets, connection_id, ticket_id)))
    known = sa.exists().where(_of_ticket(messages, connection_id, ticket_id))
    connection.execute(sa.delete(writes).where(_of_ticket(writes, connection_id, ticket_id), ~known))


def _of_ticket(table: sa.Table, connection_id: str, ticket_id: str) -> sa.ColumnElement[bool]:
    return (table.c.connection_id == connection_id) & (table.c.ticket_id == ticket_id)
