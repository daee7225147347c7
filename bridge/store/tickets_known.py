"""Which tickets have a score already."""

from collections.abc import Sequence

import sqlalchemy as sa

from bridge.store.tables import tickets


def scored(connection: sa.Connection, connection_id: str, ticket_ids: Sequence[str]) -> set[str]:
    """Those of the tickets of which a message is scored."""
    t = tickets.c
    here = (t.connection_id == connection_id) & t.ticket_id.in_(ticket_ids) & (t.messages_scored > 0)
    return set(connection.execute(sa.select(t.ticket_id).where(here)).scalars())
