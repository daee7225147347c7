"""Runs over old tickets: the daily backfill, and the catch-up that an admin starts. Begun, shown, cancelled."""

import datetime
import math
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.errors import Invalid, NotFound
from bridge.runtime import Runtime
from bridge.store import positions, workspaces
from bridge.store import runs as rows
from bridge.store.runs import Counts, Kind, RunRow, RunState

MOST = 1_000_000
"""Tickets that one catch-up may take."""
DAY = 86_400
LISTED = 50
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Run:
    """A run, and what it has brought so far. `found`, `scored` and `written` count tickets."""

    run: str
    kind: str
    state: str
    limit: int
    found: int
    scored: int
    written: int
    skipped: Mapping[str, int]
    cached: int
    messages: int
    pending: int
    """Pages, tickets and messages that wait."""
    remaining: int | None
    """Tickets behind where the workspace's backfill stands; None when its helpdesks do not count them."""
    days_left: int | None
    """Days until the daily backfill has seen all of them."""
    cost_usd: float
    started_at: float
    ended_at: float | None
    seconds_left: float | None
    """By the pace so far; None when it has ended or has no pace yet."""


def begin_daily(runtime: Runtime, slug: str, day: datetime.date) -> bool:
    """Begins the workspace's run of that day; False when it has been, or there is nothing to do. NotFound."""
    now = time.time()

    def store(connection: sa.Connection) -> bool:
        workspace = workspaces.by_slug(connection, slug)
        most = workspace.settings.backfill_daily
        if not workspace.settings.enabled or not most:
            return False
        return rows.start(connection, f"{slug}-{day}", workspace.id, Kind.DAILY, most, _kinds(runtime), now)

    begun = runtime.database.write(store)
    if begun:
        runtime.waker.soon(("read",))
    return begun


def begin(runtime: Runtime, slug: str, limit: int | None = None) -> Run:
    """Begins a catch-up over up to `limit` tickets without a score (all when None), the newest first.

    Raises NotFound; Invalid when the workspace is off, has no helpdesk that can be listed, or has a run under way.
    """
    most = MOST if limit is None else limit
    if not 1 <= most <= MOST:
        raise Invalid("limit", f"give 1 to {MOST} tickets")
    now = time.time()

    def store(connection: sa.Connection) -> str:
        workspace = workspaces.by_slug(connection, slug)
        if not workspace.settings.enabled:
            raise Invalid("workspace", f"{slug} is off: switch it on first (workspace set {slug} enabled=true)")
        rows.end_finished(connection, now)
        for run in rows.of_workspace(connection, workspace.id, LISTED):
            if run.state is RunState.RUNNING:
                raise Invalid("run", f"{run.id} is under way: wait for its end, or cancel it")
        stamp = datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%Y%m%d")
        run_id = f"{slug}-{stamp}-" + "".join(secrets.choice(_ALPHABET) for _ in range(6))
        if not rows.start(connection, run_id, workspace.id, Kind.CATCH_UP, most, _kinds(runtime), now):
            raise Invalid("connections", f"{slug} has no helpdesk whose tickets can be listed: connect one first")
        return run_id

    run_id = runtime.database.write(store)
    runtime.waker.soon(("read",))
    return show(runtime, slug, run_id)


def show(runtime: Runtime, slug: str, run_id: str) -> Run:
    """The run as it stands. Raises NotFound."""
    with runtime.database.read() as connection:
        return _shown(connection, _of(connection, slug, run_id))


def listed(runtime: Runtime, slug: str) -> list[Run]:
    """The workspace's last 50 runs, the newest first. Raises NotFound."""
    with runtime.database.read() as connection:
        workspace = workspaces.by_slug(connection, slug)
        return [_shown(connection, row) for row in rows.of_workspace(connection, workspace.id, LISTED)]


def cancel(runtime: Runtime, slug: str, run_id: str) -> Run:
    """Ends the run: what it has not begun is dropped, what it has scored stays. Raises NotFound."""
    now = time.time()

    def store(connection: sa.Connection) -> None:
        rows.cancel(connection, _of(connection, slug, run_id).id, now)

    runtime.database.write(store)
    return show(runtime, slug, run_id)


def end_finished(runtime: Runtime) -> None:
    """Ends the runs that have nothing left to do."""
    runtime.database.write(lambda connection: rows.end_finished(connection, time.time()))


def _kinds(runtime: Runtime) -> list[str]:
    return [kind for kind, one in runtime.connectors.items() if one.capabilities.backlog]


def _of(connection: sa.Connection, slug: str, run_id: str) -> RunRow:
    workspace = workspaces.by_slug(connection, slug)
    row = rows.by_id(connection, run_id)
    if row is None or row.workspace_id != workspace.id:
        raise NotFound(f"{slug} has no run {run_id}; see `moodbridge runs {slug}`")
    return row


def _shown(connection: sa.Connection, row: RunRow) -> Run:
    counts = rows.counts(connection, row.id)
    remaining = positions.remaining(connection, row.workspace_id)
    daily = workspaces.by_id(connection, row.workspace_id).settings.backfill_daily
    return Run(
        run=row.id,
        kind=str(row.kind),
        state=str(row.state),
        limit=row.most,
        found=row.found,
        scored=counts.scored,
        written=counts.written,
        skipped=row.skipped,
        cached=counts.cached,
        messages=counts.messages,
        pending=counts.pending,
        remaining=remaining,
        days_left=math.ceil(remaining / daily) if remaining is not None and daily else None,
        cost_usd=round(counts.cost / 1_000_000, 6),
        started_at=row.started_at,
        ended_at=row.ended_at,
        seconds_left=_seconds_left(row, counts, remaining),
    )


def _seconds_left(row: RunRow, counts: Counts, remaining: int | None) -> float | None:
    elapsed = time.time() - row.started_at
    if row.state is not RunState.RUNNING or not counts.scored or elapsed <= 0:
        return None
    most = row.most if remaining is None else min(row.most, row.found + remaining)
    return round(max(0, most - counts.scored) * elapsed / counts.scored, 1)
