"""Removing a workspace with everything of it, in batches that hold no lock long."""

import sqlalchemy as sa

from bridge.store import connections as connection_rows
from bridge.store.answered import answered
from bridge.store.mood_tables import (
    alert_rules,
    escalations,
    message_hours,
    releases,
    silences,
    stale_hours,
    ticket_facts,
    ticket_hours,
    ticket_tags,
)
from bridge.store.people_tables import audit, links, members
from bridge.store.run_tables import backfill_positions, runs
from bridge.store.tables import (
    budget_notes,
    connection_state,
    connections,
    deliveries,
    events,
    messages,
    providers,
    read_requests,
    receivers,
    score_cache,
    tickets,
    tokens,
    usage,
    workspaces,
    writes,
)

BATCH = 1000

LARGE = (deliveries, events, messages, tickets, writes, read_requests)
"""Tables with many rows of a connection, each before those that it points to."""

SMALL = (alert_rules, message_hours, ticket_hours, stale_hours, ticket_facts, silences, escalations, releases, runs)


def close(connection: sa.Connection, workspace_id: int) -> list[str]:
    """Lets nothing more in or be claimed; the ids of the workspace's connections."""
    connection.execute(sa.update(workspaces).where(workspaces.c.id == workspace_id).values(enabled=0))
    ids = list(
        connection.execute(sa.select(connections.c.id).where(connections.c.workspace_id == workspace_id)).scalars()
    )
    for connection_id in ids:
        connection_rows.disconnect(connection, connection_id)
    return ids


def remove_batch(connection: sa.Connection, table: sa.Table, connection_id: str) -> int:
    """Deletes some rows of the connection; how many. 0: none is left."""
    some = sa.select(table.c.id).where(table.c.connection_id == connection_id).limit(BATCH)
    return connection.execute(sa.delete(table).where(table.c.id.in_(some))).rowcount


def remove_rest(connection: sa.Connection, workspace_id: int) -> dict[str, int]:
    """Deletes what is left of the workspace, and itself; how many rows of each table."""
    mine = sa.select(connections.c.id).where(connections.c.workspace_id == workspace_id)
    counts = {
        table.name: connection.execute(sa.delete(table).where(table.c.workspace_id == workspace_id)).rowcount
        for table in LARGE
    }
    for table in (connection_state, ticket_tags, backfill_positions):
        connection.execute(sa.delete(table).where(table.c.connection_id.in_(mine)))
    for table in (*SMALL, answered, links, members, audit):
        connection.execute(sa.delete(table).where(table.c.workspace_id == workspace_id))
    for table in (receivers, connections, tokens, providers, score_cache, usage, budget_notes):
        counts[table.name] = connection.execute(sa.delete(table).where(table.c.workspace_id == workspace_id)).rowcount
    connection.execute(sa.delete(workspaces).where(workspaces.c.id == workspace_id))
    return counts
