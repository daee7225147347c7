"""A helpdesk begins to fail, or a provider is stopped: noted, and told to those who want to know."""

import sqlalchemy as sa

from bridge.model import Origin
from bridge.store.connections import note_failure
from bridge.store.events import Event, EventType, insert_events
from bridge.store.providers import ProviderRow
from bridge.store.tables import connections, events

TOLD_EVERY = 6 * 3600.0
"""Seconds for which a connection that fails, answers and fails again is told of once."""


def note_outage(connection: sa.Connection, connection_id: str, doing: str, error: str, now: float) -> bool:
    """Notes why the helpdesk does not give or take anything. True when `notify` must be woken after the commit."""
    c = connections.c
    before = connection.execute(sa.select(c.workspace_id, c.kind, c.status).where(c.id == connection_id)).first()
    note_failure(connection, connection_id, doing, error)
    if before is None or before.status != "active" or _told(connection, before.workspace_id, connection_id, now):
        return False
    summary = f"{before.kind}: {doing} fails. {error}"
    data = {"kind": before.kind, "doing": doing, "error": error, "summary": summary}
    one = Event(before.workspace_id, EventType.CONNECTION_FAILING, Origin.LIVE, data, now, connection_id=connection_id)
    return insert_events(connection, [one]).told


def note_provider_stopped(connection: sa.Connection, row: ProviderRow, problem: str, now: float) -> bool:
    """Makes the event of a provider that only a person can mend. True when `notify` must be woken after the commit."""
    summary = f"{problem}. Messages are scored by the embedded scorer until then."
    data = {"kind": row.provider, "doing": "scoring", "error": problem, "summary": summary}
    one = Event(row.workspace_id, EventType.CONNECTION_FAILING, Origin.LIVE, data, now)
    return insert_events(connection, [one]).told


def _told(connection: sa.Connection, workspace_id: int, connection_id: str, now: float) -> bool:
    e = events.c
    lately = sa.and_(e.workspace_id == workspace_id, e.created_at > now - TOLD_EVERY)
    same = sa.and_(e.connection_id == connection_id, e.type == str(EventType.CONNECTION_FAILING))
    return connection.execute(sa.select(e.id).where(lately, same).limit(1)).first() is not None
