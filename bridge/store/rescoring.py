"""Asking for messages to be scored anew: their text was forgotten when they were scored, so it must be read again."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.connector import Target, TargetKind
from bridge.model import Origin
from bridge.store.inbox import Arrival, store_arrivals
from bridge.store.tables import State, connections, messages

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch found. `last`: the newest row looked at; None: there was none left."""

    last: int | None
    messages: int = 0
    tickets: frozenset[tuple[str, str]] = frozenset()
    no_source: int = 0


def want_again(
    connection: sa.Connection,
    workspace_id: int,
    readable: Collection[str],
    caveat: str,
    since: float,
    after: int,
    now: float,
) -> Batch:
    """Marks the next scored messages with this caveat, written since then, and asks for their tickets.

    `readable`: kinds of helpdesks that can be read again. What a person corrected is left alone.
    """
    m, c = messages.c, connections.c
    found = connection.execute(
        sa.select(m.id, m.connection_id, m.ticket_id, c.kind, c.status, c.revision)
        .join(connections, c.id == m.connection_id)
        .where(
            m.workspace_id == workspace_id,
            m.id > after,
            m.label.is_not(None),
            m.state == sa.literal_column(str(int(State.SETTLED))),
            m.corrected_at.is_(None),
            m.written_at >= since,
            m.caveats.contains(f'"{caveat}"', autoescape=True),
        )
        .order_by(m.id)
        .limit(BATCH)
    ).all()
    if not found:
        return Batch(None)
    good = [row for row in found if row.kind in readable and row.status != "disconnected"]
    connection.execute(sa.update(messages).where(m.id.in_([row.id for row in good])).values(wanted=1))
    revisions = {row.connection_id: row.revision for row in good}
    tickets = frozenset((row.connection_id, row.ticket_id) for row in good)
    store_arrivals(
        connection,
        [
            Arrival(
                connection_id=one,
                revision=revision,
                received_at=now,
                origin=Origin.RESCORE,
                targets=[Target(TargetKind.TICKET, ticket) for home, ticket in sorted(tickets) if home == one],
            )
            for one, revision in sorted(revisions.items())
        ],
    )
    return Batch(found[-1].id, len(good), tickets, len(found) - len(good))
