"""The write-back drain's statements. A `writes` row is committed before the helpdesk is called.

After a crash an open one says that the helpdesk may already show the value: it is read back first, so
that no value is written twice.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bridge.connector import LabelChange, WriteResult, WriteStatus
from bridge.model import Sentiment
from bridge.scale import Scale
from bridge.store.corrections import apply_label_change
from bridge.store.tables import State, tickets, workspaces, writes
from bridge.store.ticket_state import as_json, desired, from_json, needs_write, written


@dataclass(frozen=True, slots=True)
class PendingTicket:
    """A claimed ticket: what its helpdesk should show, and what we wrote last."""

    row_id: int
    workspace_id: int
    connection_id: str
    ticket_id: str
    bulk: int
    attempts: int
    before: Sentiment | None
    after: Sentiment
    open_write: Sentiment | None
    """A write of which the outcome is not known: its worker died. Read back before writing."""
    cause: str | None
    """The message whose label is shown."""
    settings: str


@dataclass(frozen=True, slots=True)
class TicketWritten:
    """What became of one ticket's write."""

    ticket: PendingTicket
    after: Sentiment
    result: WriteResult


def begin_writes(connection: sa.Connection, ids: Sequence[int]) -> list[PendingTicket]:
    """The claimed tickets, each with an open `writes` row from now on."""
    now = time.time()
    t, w = tickets.c, workspaces.c
    rows = connection.execute(
        sa.select(tickets, w.settings.label("workspace_settings"))
        .join(workspaces, w.id == t.workspace_id)
        .where(t.id.in_(ids))
        .order_by(t.connection_id, t.ticket_id)
    ).all()
    open_rows = _open_writes(connection, rows)
    pending = [
        PendingTicket(
            row_id=row.id,
            workspace_id=row.workspace_id,
            connection_id=row.connection_id,
            ticket_id=row.ticket_id,
            bulk=row.bulk,
            attempts=row.attempts,
            before=written(row),
            after=desired(row),
            open_write=open_rows.get((row.connection_id, row.ticket_id)),
            cause=row.shown_message_id,
            settings=row.workspace_settings,
        )
        for row in rows
    ]
    opened = [
        {
            "workspace_id": one.workspace_id,
            "connection_id": one.connection_id,
            "ticket_id": one.ticket_id,
            "state": "sending",
            "before": as_json(one.before),
            "after": as_json(one.after),
            "cause": one.cause,
            "origin": row.origin,
            "created_at": now,
        }
        for one, row in zip(pending, rows, strict=True)
        if one.open_write is None
    ]
    if opened:
        connection.execute(sa.insert(writes), opened)
    return pending


def _open_writes(
    connection: sa.Connection, rows: Sequence[sa.Row[*tuple[Any, ...]]]
) -> dict[tuple[str, str], Sentiment]:
    found: dict[tuple[str, str], Sentiment] = {}
    for connection_id in {row.connection_id for row in rows}:
        ids = [row.ticket_id for row in rows if row.connection_id == connection_id]
        query = sa.select(writes.c.ticket_id, writes.c.after).where(
            writes.c.state == sa.literal_column("'sending'"),
            writes.c.connection_id == connection_id,
            writes.c.ticket_id.in_(ids),
        )
        for row in connection.execute(query):
            after = from_json(row.after)
            if after is not None:
                found[(connection_id, row.ticket_id)] = after
    return found


_LOG_STATE = {
    WriteStatus.DONE: "done",
    WriteStatus.PERSON: "skipped",
    WriteStatus.GONE: "skipped",
    WriteStatus.LATER: "failed",
    WriteStatus.FAILED: "failed",
}


def settle_write(connection: sa.Connection, one: TicketWritten, scale: Scale, now: float) -> None:
    """Closes the `writes` row and, where the write is decided, lets the ticket rest or makes it due again.

    Write results that ask for another try (later, failed) leave the ticket's row to the queue's rules.
    """
    ticket, result = one.ticket, one.result
    where = (tickets.c.connection_id == ticket.connection_id) & (tickets.c.ticket_id == ticket.ticket_id)
    connection.execute(
        sa.update(writes)
        .where(
            writes.c.state == sa.literal_column("'sending'"),
            writes.c.connection_id == ticket.connection_id,
            writes.c.ticket_id == ticket.ticket_id,
        )
        .values(
            state=_LOG_STATE[result.status], after=as_json(one.after), reason=result.reason or result.label, done_at=now
        )
    )
    if result.status in (WriteStatus.LATER, WriteStatus.FAILED):
        return
    values: dict[str, object] = {"worker_id": None, "attempts": 0, "deaths": 0, "last_error": result.reason}
    if result.status is WriteStatus.DONE:
        values |= {
            "written_label": one.after.label,
            "written_score": one.after.score,
            "written_trend": str(one.after.trend),
        }
    elif result.status is WriteStatus.PERSON:
        values |= {"written_label": result.label}
    connection.execute(sa.update(tickets).where(where).values(**values))
    if result.status is WriteStatus.PERSON and result.label is not None:
        change = LabelChange(ticket.ticket_id, result.label, None, now if result.label_at is None else result.label_at)
        apply_label_change(connection, ticket.workspace_id, ticket.connection_id, change, scale, now)
    row = connection.execute(sa.select(tickets).where(where)).one()
    again = result.status is not WriteStatus.GONE and needs_write(
        desired(row), written(row), row.held_at, row.shown_written_at
    )
    state = State.PENDING if again else State.SETTLED
    connection.execute(sa.update(tickets).where(where).values(state=int(state), due_at=now))
