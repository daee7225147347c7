"""Tickets that wait a moment for others, so that they are written to their helpdesk in one call."""

import sqlalchemy as sa

from bridge.store.tables import tickets


def gather(connection: sa.Connection, connection_id: str, until: float, size: int, now: float) -> None:
    """The connection's live tickets are due at `until`, or at once where they fill a call that takes `size`."""
    t = tickets.c
    # By workspace, as the queue's index is.
    home = sa.text("workspace_id = (SELECT workspace_id FROM connections WHERE id = :home)").bindparams(
        home=connection_id
    )
    pending = sa.and_(home, t.connection_id == connection_id, t.state == sa.literal_column("0"), t.worker_id.is_(None))
    fresh = sa.and_(pending, t.due_at <= until, t.last_error.is_(None), t.bulk == sa.literal_column("0"))
    waiting = connection.execute(sa.select(sa.func.count()).where(fresh)).scalar_one()
    full = waiting >= size
    moved = t.due_at > now if full else t.due_at <= now
    # Those that another transaction changes just now are left to the next look: no two wait for each other.
    some = sa.select(t.id).where(fresh, moved).with_for_update(skip_locked=True)
    ids = connection.execute(some).scalars().all()
    if ids:
        connection.execute(sa.update(tickets).where(t.id.in_(ids)).values(due_at=now if full else until))
