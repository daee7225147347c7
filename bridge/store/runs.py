"""Runs over old tickets: begun, fed page by page, counted by what they brought, ended.

A run holds no work of its own: its pages and tickets are read requests, its messages and writes carry its name.
"""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from bridge.connector import NEWEST, Backlog, Target, TargetKind
from bridge.model import Author, Message, Origin
from bridge.store import positions, tickets_known
from bridge.store.inbox import Arrival, store_arrivals
from bridge.store.run_tables import runs
from bridge.store.tables import State, connections, messages, read_requests, workspaces, writes

SCORED = "scored"
"""Why a listed ticket is passed over: it has a score already."""


class Kind(StrEnum):
    DAILY = "daily"
    CATCH_UP = "catch-up"


class RunState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    """The workspace was switched off meanwhile."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as it is stored."""

    id: str
    workspace_id: int
    kind: Kind
    state: RunState
    most: int
    found: int
    skipped: dict[str, int]
    started_at: float
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run brought so far."""

    messages: int
    """Customer messages, those that wait too."""
    scored: int
    """Tickets with a scored message of the run."""
    written: int
    """Tickets whose helpdesk was written."""
    cached: int
    pending: int
    """Pages, tickets and messages that wait."""
    cost: int
    """Micro-dollars."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What of a page becomes messages and read requests."""

    messages: tuple[Message, ...] = ()
    targets: tuple[Target, ...] = ()


def start(
    connection: sa.Connection,
    run_id: str,
    workspace_id: int,
    kind: Kind,
    most: int,
    kinds: Collection[str],
    now: float,
) -> bool:
    """Begins a run on the workspace's connections of these kinds; False when there is none, or the run has been."""
    c = connections.c
    mine = sa.select(c.id, c.revision).where(
        c.workspace_id == workspace_id, c.status != "disconnected", c.kind.in_(kinds)
    )
    active = connection.execute(mine.order_by(c.id)).all()
    if not active:
        return False
    values = {
        "id": run_id,
        "workspace_id": workspace_id,
        "kind": str(kind),
        "state": str(RunState.RUNNING),
        "most": most,
        "found": 0,
        "skipped": "{}",
        "started_at": now,
    }
    made = connection.execute(
        sa.text(
            "INSERT INTO runs (id, workspace_id, kind, state, most, found, skipped, started_at)"
            " VALUES (:id, :workspace_id, :kind, :state, :most, :found, :skipped, :started_at)"
            " ON CONFLICT (id) DO NOTHING"
        ),
        values,
    )
    if made.rowcount != 1:
        return False
    arrivals = []
    for row in active:
        begin = positions.of(connection, row.id).position or NEWEST.name
        target = Target(TargetKind.BACKLOG, begin)
        arrivals.append(Arrival(row.id, row.revision, now, Origin.BACKFILL, targets=(target,), run=run_id))
    store_arrivals(connection, arrivals)
    return True


def take(
    connection: sa.Connection, run_id: str, connection_id: str, page: Target, listed: Backlog, now: float
) -> Taken:
    """Counts a page of the backlog and moves the connection's position behind it; what of it is to be done."""
    run = _locked(connection, run_id)
    if run is None or run.state is not RunState.RUNNING:
        return Taken()
    enabled = connection.execute(
        sa.select(workspaces.c.enabled).where(workspaces.c.id == run.workspace_id)
    ).scalar_one_or_none()
    if not enabled:
        _end(connection, run_id, RunState.STOPPED, now)
        return Taken()
    done = _done(connection, run_id, connection_id, [one.ticket_id for one in listed.tickets])
    skipped: Counter[str] = Counter(run.skipped)
    fresh = []
    for one in listed.tickets:
        reason = one.skip or done.get(one.ticket_id)
        if reason is None:
            fresh.append(one)
        elif reason != run_id:  # the same page again counts nothing twice
            skipped[reason] += 1
    taken = fresh[: max(0, run.most - run.found)]
    found = run.found + len(taken)
    connection.execute(
        sa.update(runs).where(runs.c.id == run_id).values(found=found, skipped=json.dumps(dict(skipped)))
    )
    whole = len(taken) == len(fresh)
    before = positions.of(connection, connection_id)
    complete = before.complete or (whole and listed.following is None)
    following = listed.following if whole and not complete else page.name
    positions.move(connection, connection_id, None if complete else following, complete, listed.remaining, now)
    targets = [Target(TargetKind.TICKET, one.ticket_id) for one in taken if one.messages is None]
    # Once the oldest was passed, only what is new on top is looked for.
    goes_on = whole and found < run.most and (not before.complete or bool(taken))
    if listed.following is not None and goes_on:
        targets.append(Target(TargetKind.BACKLOG, listed.following))
    return Taken(tuple(message for one in taken for message in one.messages or ()), tuple(targets))


def _done(connection: sa.Connection, run_id: str, connection_id: str, ticket_ids: Sequence[str]) -> dict[str, str]:
    """Why tickets need nothing: they have a score, or the run has taken them (its own id)."""
    m, r = messages.c, read_requests.c
    found = dict.fromkeys(tickets_known.scored(connection, connection_id, ticket_ids), SCORED)
    taken = sa.union(
        sa.select(m.ticket_id).where(m.run == run_id, m.connection_id == connection_id, m.ticket_id.in_(ticket_ids)),
        sa.select(r.name).where(
            r.run == run_id, r.connection_id == connection_id, r.kind == str(TargetKind.TICKET), r.name.in_(ticket_ids)
        ),
    )
    return found | dict.fromkeys(connection.execute(taken).scalars(), run_id)


def by_id(connection: sa.Connection, run_id: str) -> RunRow | None:
    """The run; None when there is none of that name."""
    row = connection.execute(sa.select(runs).where(runs.c.id == run_id)).one_or_none()
    return None if row is None else _row(row)


def of_workspace(connection: sa.Connection, workspace_id: int, most: int) -> list[RunRow]:
    """The workspace's runs, the newest first."""
    found = sa.select(runs).where(runs.c.workspace_id == workspace_id)
    rows = connection.execute(found.order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(most))
    return [_row(row) for row in rows]


def counts(connection: sa.Connection, run_id: str) -> Counts:
    """What the run brought, counted from its messages and writes."""
    m, r, w = messages.c, read_requests.c, writes.c
    customer = m.author == str(Author.CUSTOMER)
    scored = sa.and_(customer, m.state == int(State.SETTLED), m.label.is_not(None))
    ticket = m.connection_id + sa.literal(" ") + m.ticket_id
    row = connection.execute(
        sa.select(
            sa.func.count().filter(customer).label("messages"),
            sa.func.count(sa.distinct(ticket)).filter(scored).label("scored"),
            sa.func.coalesce(sa.func.sum(m.cached).filter(scored), 0).label("cached"),
            sa.func.coalesce(sa.func.sum(m.cost), 0).label("cost"),
            sa.func.count().filter(m.state == int(State.PENDING)).label("pending"),
        ).where(m.run == run_id)
    ).one()
    reads = connection.execute(sa.select(sa.func.count()).where(r.run == run_id)).scalar_one()
    done = sa.select(sa.func.count(sa.distinct(w.connection_id + sa.literal(" ") + w.ticket_id)))
    written = connection.execute(done.where(w.run == run_id, w.state == "done")).scalar_one()
    return Counts(row.messages, row.scored, written, row.cached, row.pending + reads, row.cost)


def end_finished(connection: sa.Connection, now: float) -> int:
    """Ends the runs that have nothing left to do; how many."""
    still = sa.or_(
        sa.exists().where(read_requests.c.run == runs.c.id),
        sa.exists().where(messages.c.run == runs.c.id, messages.c.state == int(State.PENDING)),
    )
    done = sa.update(runs).where(runs.c.state == str(RunState.RUNNING), sa.not_(still))
    return connection.execute(done.values(state=str(RunState.DONE), ended_at=now)).rowcount


def cancel(connection: sa.Connection, run_id: str, now: float) -> bool:
    """Takes back what the run has not begun; False when it has ended. What is under way is finished."""
    run = _locked(connection, run_id)
    if run is None or run.state is not RunState.RUNNING:
        return False
    for table in (read_requests, messages):
        waits = (table.c.run == run_id) & (table.c.state == int(State.PENDING)) & table.c.worker_id.is_(None)
        connection.execute(sa.delete(table).where(waits))
    _end(connection, run_id, RunState.CANCELLED, now)
    return True


def _end(connection: sa.Connection, run_id: str, state: RunState, now: float) -> None:
    connection.execute(sa.update(runs).where(runs.c.id == run_id).values(state=str(state), ended_at=now))


def _locked(connection: sa.Connection, run_id: str) -> RunRow | None:
    # FOR UPDATE: two pages of one run, settled by two processes on PostgreSQL, count one after the other.
    row = connection.execute(sa.select(runs).where(runs.c.id == run_id).with_for_update()).one_or_none()
    return None if row is None else _row(row)


def _row(row: sa.Row[*tuple[object, ...]]) -> RunRow:
    return RunRow(
        id=row.id,
        workspace_id=row.workspace_id,
        kind=Kind(row.kind),
        state=RunState(row.state),
        most=row.most,
        found=row.found,
        skipped=json.loads(row.skipped),
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
