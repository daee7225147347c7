"""The write-back drain's statements. A `writes` row is committed before the helpdesk is called.

After a crash an open one says that the helpdesk may already show the value: it is read back first, so
that no value is written twice.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bridge.connector import LabelChange, Seen, WriteResult, WriteStatus
from bridge.model import UNKNOWN, Origin, Sentiment
from bridge.scale import Scale
from bridge.store.corrections import apply_label_change
from bridge.store.tables import State, connections, messages, tickets, workspaces, writes
from bridge.store.taking_back import is_empty, remove
from bridge.store.ticket_state import (
    NOTHING,
    as_json,
    desired,
    from_json,
    is_doubtful,
    is_held,
    needs_write,
    seen,
    written,
)
from bridge.workspace_settings import WorkspaceSettings
from bridge.workspace_settings import from_json as settings_from

BULK_WORK = frozenset((Origin.BACKFILL, Origin.RESCORE, Origin.SCALE))
"""What `backfill_write` decides about. Live messages and people's corrections are written in any case."""


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
    after: Sentiment | None
    """None: nothing; what we wrote is taken away."""
    unsure: tuple[Sentiment, ...]
    """Values that the helpdesk may show, written by a worker that died or by a call whose outcome nobody saw: it is
    read back before it is written."""
    seen: Seen | None
    held_at: float | None
    cause: str | None
    """The message whose label is shown."""
    unsolved_only: bool
    settings: str


@dataclass(frozen=True, slots=True)
class TicketWritten:
    """What became of one ticket's write."""

    ticket: PendingTicket
    after: Sentiment | None
    result: WriteResult


LOST = "its answer was lost"
"""Why an earlier write of an unsure ticket counts as failed."""


def begin_writes(connection: sa.Connection, ids: Sequence[int]) -> list[PendingTicket]:
    """The claimed tickets, each with an open `writes` row from now on.

    Those that need no write any more (labelled by a person meanwhile, disconnected) are let rest and left out; of one
    without a scored message, nothing is kept then.
    """
    now = time.time()
    t, w, c = tickets.c, workspaces.c, connections.c
    rows = connection.execute(
        sa.select(tickets, w.settings.label("workspace_settings"), c.status.label("connection_status"))
        .join(workspaces, w.id == t.workspace_id)
        .join(connections, c.id == t.connection_id)
        .where(t.id.in_(ids))
        .order_by(t.connection_id, t.ticket_id)
    ).all()
    unsure = _unsure(connection, rows)
    wanted = [row for row in rows if _is_wanted(row, bool(unsure.get((row.connection_id, row.ticket_id))))]
    unwanted = {row.id for row in rows} - {row.id for row in wanted}
    _let_rest(connection, unwanted)
    for left in rows:
        if left.id in unwanted and is_empty(left):
            remove(connection, left.connection_id, left.ticket_id)
    pending = [_pending(row, unsure.get((row.connection_id, row.ticket_id), ())) for row in wanted]
    of_runs = _runs(connection, [row for row in wanted if _is_bulk_work(row)])
    opened = [
        {
            "workspace_id": one.workspace_id,
            "connection_id": one.connection_id,
            "ticket_id": one.ticket_id,
            "state": "sending",
            "before": as_json(one.before),
            "after": as_json(one.after) or NOTHING,
            "cause": one.cause,
            "origin": row.origin,
            "run": of_runs.get(row.id),
            "created_at": now,
        }
        for one, row in zip(pending, wanted, strict=True)
        if one.unsure[-1:] != (one.after,)
    ]
    for row in opened:
        connection.execute(
            sa.update(writes).where(_open(row["connection_id"], row["ticket_id"])).values(state="failed", reason=LOST)
        )
    if opened:
        connection.execute(sa.insert(writes), opened)
    return pending


def _runs(connection: sa.Connection, rows: Sequence[sa.Row[*tuple[Any, ...]]]) -> dict[int, str]:
    """The runs that brought the messages which these tickets show, by the tickets' rows."""
    m, t = messages.c, tickets.c
    shown = sa.and_(m.connection_id == t.connection_id, m.ticket_id == t.ticket_id, m.message_id == t.shown_message_id)
    found = sa.select(t.id, m.run).join(messages, shown).where(t.id.in_([row.id for row in rows]), m.run.is_not(None))
    return {row.id: row.run for row in connection.execute(found)} if rows else {}


def _open(connection_id: object, ticket_id: object) -> sa.ColumnElement[bool]:
    return sa.and_(
        writes.c.state == sa.literal_column("'sending'"),
        writes.c.connection_id == connection_id,
        writes.c.ticket_id == ticket_id,
    )


def _is_wanted(row: sa.Row[*tuple[Any, ...]], unsure: bool) -> bool:
    if row.connection_status == "disconnected":
        return False
    if unsure:
        return not is_held(row.held_at, row.shown_written_at)
    if _is_bulk_work(row) and _settings(row).backfill_write == "none":
        return False
    return _is_due(row)


def _is_due(row: sa.Row[*tuple[Any, ...]]) -> bool:
    if is_empty(row):
        return written(row) is not None and not is_held(row.held_at, row.shown_written_at)
    if is_doubtful(seen(row), written(row)) and not is_held(row.held_at, row.shown_written_at):
        return True
    return needs_write(desired(row), written(row), row.held_at, row.shown_written_at)


def _is_bulk_work(row: sa.Row[*tuple[Any, ...]]) -> bool:
    return Origin(row.origin) in BULK_WORK


def _settings(row: sa.Row[*tuple[Any, ...]]) -> WorkspaceSettings:
    return settings_from(row.workspace_settings)


def _let_rest(connection: sa.Connection, ids: set[int]) -> None:
    if ids:
        connection.execute(
            sa.update(tickets)
            .where(tickets.c.id.in_(ids))
            .values(state=int(State.SETTLED), worker_id=None, attempts=0, deaths=0, last_error=None)
        )


def _pending(row: sa.Row[*tuple[Any, ...]], unsure: tuple[Sentiment, ...]) -> PendingTicket:
    before = written(row)
    after = None if is_empty(row) else desired(row)
    if after is not None and after.label == UNKNOWN and before is not None:
        after = before  # to be looked at only: unknown never replaces a real label
    return PendingTicket(
        row_id=row.id,
        workspace_id=row.workspace_id,
        connection_id=row.connection_id,
        ticket_id=row.ticket_id,
        bulk=row.bulk,
        attempts=row.attempts,
        before=before,
        after=after,
        unsure=unsure,
        seen=seen(row),
        held_at=row.held_at,
        cause=row.shown_message_id,
        unsolved_only=_is_bulk_work(row) and _settings(row).backfill_write == "open",
        settings=row.workspace_settings,
    )


def _unsure(
    connection: sa.Connection, rows: Sequence[sa.Row[*tuple[Any, ...]]]
) -> dict[tuple[str, str], tuple[Sentiment, ...]]:
    """What was being written, the last one at the end, of tickets with an open write."""
    found: dict[tuple[str, str], tuple[Sentiment, ...]] = {}
    for connection_id in {row.connection_id for row in rows}:
        ids = [row.ticket_id for row in rows if row.connection_id == connection_id]
        still_open = sa.select(writes.c.ticket_id).where(
            writes.c.state == sa.literal_column("'sending'"),
            writes.c.connection_id == connection_id,
            writes.c.ticket_id.in_(ids),
        )
        history = (
            sa.select(writes.c.ticket_id, writes.c.state, writes.c.reason, writes.c.after)
            .where(writes.c.connection_id == connection_id, writes.c.ticket_id.in_(still_open))
            .order_by(writes.c.id)
        )
        for row in connection.execute(history):
            key = (connection_id, row.ticket_id)
            after = from_json(row.after)
            if row.state in ("done", "skipped"):
                found[key] = ()
            elif after is not None and (row.state == "sending" or row.reason == LOST):
                found[key] = (*found.get(key, ()), after)
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

    Write results that ask for another try (later, unsure, failed) leave the ticket's row to the queue's rules, and an
    unsure one leaves its `writes` row open.
    """
    ticket, result = one.ticket, one.result
    if result.status is WriteStatus.UNSURE:
        return
    where = (tickets.c.connection_id == ticket.connection_id) & (tickets.c.ticket_id == ticket.ticket_id)
    if result.status is WriteStatus.LATER and not ticket.unsure:
        # Nothing was sent: there is nothing to tell of, however often it is put off.
        connection.execute(sa.delete(writes).where(_open(ticket.connection_id, ticket.ticket_id)))
        return
    connection.execute(
        sa.update(writes)
        .where(_open(ticket.connection_id, ticket.ticket_id))
        .values(
            state=_LOG_STATE[result.status],
            after=as_json(one.after) or NOTHING,
            reason=result.reason or result.label,
            done_at=now,
        )
    )
    if result.status in (WriteStatus.LATER, WriteStatus.FAILED):
        return
    before = connection.execute(sa.select(tickets).where(where)).one()
    # A person's label that we were told of since the claim is newer than what this call found or wrote.
    overtaken = before.held_at != ticket.held_at
    values: dict[str, object] = {"worker_id": None, "attempts": 0, "deaths": 0, "last_error": result.reason}
    if ticket.seen is not None and before.seen_stamp == ticket.seen.stamp:
        values |= {"seen_label": None, "seen_stamp": None}  # a newer one may be of before or after this write
    if result.status is WriteStatus.DONE and not overtaken:
        values |= {
            "written_label": one.after.label if one.after else None,
            "written_score": one.after.score if one.after else None,
            "written_trend": str(one.after.trend) if one.after else None,
        }
    elif result.status is WriteStatus.PERSON and not overtaken:
        values |= {"written_label": result.label}
    connection.execute(sa.update(tickets).where(where).values(**values))
    if result.status is WriteStatus.PERSON and result.label is not None and not overtaken:
        # Set at an unknown time, it stands over every message we know: clocks differ.
        at = max(now, before.shown_written_at) if result.label_at is None else result.label_at
        change = LabelChange(ticket.ticket_id, result.label, None, at)
        apply_label_change(connection, ticket.workspace_id, ticket.connection_id, change, scale, now)
    row = connection.execute(sa.select(tickets).where(where)).one()
    again = result.status is not WriteStatus.GONE and _is_due(row)
    if is_empty(row) and (not again or result.status is WriteStatus.PERSON):
        remove(connection, ticket.connection_id, ticket.ticket_id)
        return
    state = State.PENDING if again else State.SETTLED
    connection.execute(sa.update(tickets).where(where).values(state=int(state), due_at=now))
