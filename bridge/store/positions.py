"""How far down its tickets each connection was backfilled."""

from dataclasses import dataclass

import sqlalchemy as sa

from bridge.store.run_tables import backfill_positions
from bridge.store.tables import connections


@dataclass(frozen=True, slots=True)
class Position:
    """`position`: the page that comes next, None for the newest. `complete`: the oldest ticket was passed."""

    position: str | None = None
    complete: bool = False
    remaining: int | None = None


def of(connection: sa.Connection, connection_id: str) -> Position:
    """Where the connection's next backfill begins."""
    p = backfill_positions.c
    row = connection.execute(
        sa.select(p.position, p.complete, p.remaining).where(p.connection_id == connection_id)
    ).one_or_none()
    return Position() if row is None else Position(row.position, bool(row.complete), row.remaining)


def move(
    connection: sa.Connection,
    connection_id: str,
    position: str | None,
    complete: bool,
    remaining: int | None,
    now: float,
) -> None:
    """The next backfill begins there."""
    connection.execute(
        sa.text(
            "INSERT INTO backfill_positions (connection_id, position, complete, remaining, updated_at)"
            " VALUES (:connection_id, :position, :complete, :remaining, :now)"
            " ON CONFLICT (connection_id) DO UPDATE SET position = excluded.position,"
            " complete = excluded.complete, remaining = excluded.remaining, updated_at = excluded.updated_at"
        ),
        {
            "connection_id": connection_id,
            "position": position,
            "complete": int(complete),
            "remaining": 0 if complete else remaining,
            "now": now,
        },
    )


def begin_again(connection: sa.Connection, workspace_id: int) -> None:
    """The workspace was off: what came meanwhile lies above where its backfill stands."""
    mine = sa.select(connections.c.id).where(connections.c.workspace_id == workspace_id)
    connection.execute(sa.delete(backfill_positions).where(backfill_positions.c.connection_id.in_(mine)))


def remaining(connection: sa.Connection, workspace_id: int) -> int | None:
    """Tickets that wait for the backfill, over all connections; None when no helpdesk has counted."""
    found = connection.execute(
        sa.select(sa.func.sum(backfill_positions.c.remaining))
        .join(connections, connections.c.id == backfill_positions.c.connection_id)
        .where(connections.c.workspace_id == workspace_id, connections.c.status != "disconnected")
    ).scalar_one()
    return None if found is None else int(found)
