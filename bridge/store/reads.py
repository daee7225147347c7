"""The read drain's statements."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from bridge.connector import Seen, Target, TargetKind
from bridge.model import Origin
from bridge.store import seen
from bridge.store.tables import connections, read_requests, workspaces


@dataclass(frozen=True, slots=True)
class PendingRead:
    """A claimed read request, with its connection's revision."""

    row_id: int
    connection_id: str
    revision: int
    connected: bool
    target: Target
    origin: Origin
    bulk: int
    attempts: int
    settings: str
    seen: Seen | None
    run: str | None
    """The run over old tickets that asks."""
    secret: str = field(repr=False)
    """The workspace's, encrypted."""


def pending_reads(connection: sa.Connection, ids: Sequence[int]) -> list[PendingRead]:
    """The claimed read requests with what reading them needs."""
    r, c, w = read_requests.c, connections.c, workspaces.c
    query = (
        sa.select(
            r.id,
            r.connection_id,
            c.revision,
            c.status,
            r.kind,
            r.name,
            r.origin,
            r.bulk,
            r.attempts,
            w.settings,
            r.seen,
            r.run,
            w.secret,
        )
        .join(connections, c.id == r.connection_id)
        .join(workspaces, w.id == r.workspace_id)
        .where(r.id.in_(ids))
    )
    return [
        PendingRead(
            row_id=row.id,
            connection_id=row.connection_id,
            revision=row.revision,
            connected=row.status != "disconnected",
            target=Target(TargetKind(row.kind), row.name),
            origin=Origin(row.origin),
            bulk=row.bulk,
            attempts=row.attempts,
            settings=row.settings,
            seen=seen.from_text(row.name, row.seen),
            run=row.run,
            secret=row.secret,
        )
        for row in connection.execute(query)
    ]


def finish_reads(connection: sa.Connection, ids: Sequence[int]) -> None:
    """The requests are answered: nothing of them is kept."""
    connection.execute(sa.delete(read_requests).where(read_requests.c.id.in_(ids)))
