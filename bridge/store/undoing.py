"""What a run wrote into helpdesks, and the putting back of it. Both are `writes` rows: the audit log tells both."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.connector import WriteResult, WriteStatus
from bridge.model import Origin, Sentiment
from bridge.store.tables import State, tickets, writes
from bridge.store.taking_back import is_empty
from bridge.store.ticket_state import NOTHING, as_json, from_json


@dataclass(frozen=True, slots=True)
class Undo:
    """One ticket: what the run wrote last, and what stood there before it."""

    workspace_id: int
    connection_id: str
    ticket_id: str
    wrote: Sentiment
    before: Sentiment | None
    reason: str | None
    """Why it must stay as it is; None: it is to be put back."""


def name_of(run_id: str) -> str:
    """Under which run the putting back is logged."""
    return f"undo:{run_id}"


def batch(connection: sa.Connection, run_id: str, after: int, most: int) -> tuple[list[Undo], int]:
    """The next tickets that the run wrote, without those that were put back already, and the id of the last write."""
    w = writes.c
    ours = (w.run == run_id) & (w.state == "done")
    span = sa.func.max(w.id)
    found = connection.execute(
        sa.select(w.workspace_id, w.connection_id, w.ticket_id, sa.func.min(w.id).label("first"), span.label("last"))
        .where(ours)
        .group_by(w.workspace_id, w.connection_id, w.ticket_id)
        .having(span > after)
        .order_by(span)
        .limit(most)
    ).all()
    undos = [one for row in found if (one := _undo(connection, run_id, row)) is not None]
    return undos, found[-1].last if found else last_of(connection, run_id)


def last_of(connection: sa.Connection, run_id: str) -> int:
    """The id of the newest write of the run; 0: it wrote nothing."""
    newest = sa.select(sa.func.max(writes.c.id)).where(writes.c.run == run_id, writes.c.state == "done")
    return connection.execute(newest).scalar() or 0


def begin(connection: sa.Connection, run_id: str, undos: Collection[Undo], now: float) -> None:
    """Opens a `writes` row for each ticket and holds it, before the helpdesk is called: no drain writes over it."""
    for one in undos:
        connection.execute(sa.delete(writes).where(_open(one)))
        connection.execute(
            sa.insert(writes).values(
                workspace_id=one.workspace_id,
                connection_id=one.connection_id,
                ticket_id=one.ticket_id,
                state="sending",
                before=as_json(one.wrote),
                after=as_json(one.before) or NOTHING,
                origin=str(Origin.BACKFILL),
                run=name_of(run_id),
                created_at=now,
            )
        )
        held = sa.case((tickets.c.shown_written_at > now, tickets.c.shown_written_at), else_=now)  # clocks differ
        connection.execute(sa.update(tickets).where(_ticket(one)).values(held_at=held))


def settle(connection: sa.Connection, one: Undo, result: WriteResult, now: float) -> None:
    """Stores what became of it. What was put back, and a person's label, are held until the customer writes again."""
    if result.status is WriteStatus.UNSURE:
        return  # its row stays open: the next `undo` tries it again
    state = {WriteStatus.DONE: "done", WriteStatus.PERSON: "skipped", WriteStatus.GONE: "skipped"}
    log = state.get(result.status, "failed")
    reason = result.reason or result.label
    connection.execute(sa.update(writes).where(_open(one)).values(state=log, reason=reason, done_at=now))
    if result.status is WriteStatus.DONE:
        shown = one.before
        values: dict[str, object] = {
            "written_label": shown.label if shown else None,
            "written_score": shown.score if shown else None,
            "written_trend": str(shown.trend) if shown else None,
            "seen_label": None,
            "seen_stamp": None,
            "state": int(State.SETTLED),
        }
    elif result.status is WriteStatus.PERSON:
        values = {"written_label": result.label}
    else:
        values = {"held_at": None}
    connection.execute(sa.update(tickets).where(_ticket(one)).values(**values))


def _undo(connection: sa.Connection, run_id: str, row: sa.Row[*tuple[object, ...]]) -> Undo | None:
    w = writes.c
    mine = (w.connection_id == row.connection_id) & (w.ticket_id == row.ticket_id)
    of_ticket = connection.execute(sa.select(writes).where(mine, w.id >= row.first).order_by(w.id)).all()
    by_id = {one.id: one for one in of_ticket}
    wrote, before = from_json(by_id[row.last].after), from_json(by_id[row.first].before)
    if wrote is None:
        return None
    later = [one for one in of_ticket if one.id > row.last]
    undone = [one for one in later if one.run == name_of(run_id)]
    if any(one.state == "done" for one in undone):
        return None
    t = tickets.c
    ticket = connection.execute(
        sa.select(t.held_at, t.written_label, t.worker_id, t.messages_scored).where(
            t.connection_id == row.connection_id, t.ticket_id == row.ticket_id
        )
    ).one_or_none()
    begun = any(one.state == "sending" for one in undone)
    reason = None
    if ticket is None or is_empty(ticket):
        reason = "forgotten"
    elif any(one.state == "done" for one in later):
        reason = "changed_since"
    elif not begun and (ticket.held_at is not None or ticket.written_label != wrote.label):
        reason = "person"
    elif ticket.worker_id is not None or any(one.state == "sending" for one in later if one not in undone):
        reason = "busy"
    return Undo(row.workspace_id, row.connection_id, row.ticket_id, wrote, before, reason)


def _open(one: Undo) -> sa.ColumnElement[bool]:
    w = writes.c
    state = w.state == sa.literal_column("'sending'")
    return state & (w.connection_id == one.connection_id) & (w.ticket_id == one.ticket_id)


def _ticket(one: Undo) -> sa.ColumnElement[bool]:
    return (tickets.c.connection_id == one.connection_id) & (tickets.c.ticket_id == one.ticket_id)
