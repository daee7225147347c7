"""Taking a run back: helpdesks show again what they showed before it."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from bridge import runs
from bridge.connections import access_to, connector_of
from bridge.connector import Shown, TicketWrite, WriteResult, WriteStatus
from bridge.errors import Invalid, NotFound
from bridge.runtime import Runtime
from bridge.store import connections, undoing, workspaces
from bridge.store import runs as rows
from bridge.store.undoing import Undo

BATCH = 100


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of the tickets that the run wrote."""

    run: str
    put_back: int
    skipped: Mapping[str, int]
    """Tickets left as they are, by reason: `person` or `changed_since` for good; the others can be tried again."""


def undo(runtime: Runtime, run_id: str) -> Undone:
    """Puts back what helpdesks showed before the run; what a person or a later write changed since is left alone.

    A ticket that was put back is held like one that a person labelled. Called again, it goes on where it ended.
    Raises NotFound, Invalid while the run is under way, and ConnectorErrors when no helpdesk answers.
    """
    with runtime.database.read() as connection:
        run = rows.by_id(connection, run_id)
        if run is None:
            raise NotFound(f"There is no run {run_id}; see `moodbridge runs`")
        slug = workspaces.by_id(connection, run.workspace_id).slug
        last = undoing.last_of(connection, run_id)
    if runs.show(runtime, slug, run_id).state == "running":
        raise Invalid("run", f"{run_id} is under way: wait for its end, or cancel it first")
    put_back, skipped, after = 0, Counter[str](), 0
    while after < last:
        with runtime.database.read() as connection:
            found, after = undoing.batch(connection, run_id, after, BATCH)
        skipped.update(one.reason for one in found if one.reason is not None)
        for connection_id in sorted({one.connection_id for one in found}):
            part = [one for one in found if one.connection_id == connection_id and one.reason is None]
            results = _put_back(runtime, run_id, connection_id, part)
            put_back += sum(one.status is WriteStatus.DONE for one in results)
            skipped.update(str(one.status) for one in results if one.status is not WriteStatus.DONE)
    return Undone(run_id, put_back, dict(skipped))


def _put_back(runtime: Runtime, run_id: str, connection_id: str, part: Sequence[Undo]) -> list[WriteResult]:
    with runtime.database.read() as connection:
        row = connections.by_id(connection, connection_id)
    connector, access = connector_of(runtime, row.kind), access_to(runtime, row)
    done: list[WriteResult] = []
    size = max(1, connector.capabilities.bulk_size)
    for cleared in (True, False):
        which = [one for one in part if (one.before is None) is cleared]
        for start in range(0, len(which), size):
            some = which[start : start + size]
            if row.status == "disconnected" or connector.write is None or (cleared and connector.clear is None):
                done += [WriteResult(one.ticket_id, WriteStatus.FAILED) for one in some]
                continue
            now = time.time()
            runtime.database.write(partial(undoing.begin, run_id=run_id, undos=some, now=now))
            # When it raises, the rows stay open: what it took is not known, and the next `undo` tries them again.
            if cleared and connector.clear is not None:
                results = connector.clear(access, [Shown(one.ticket_id, one.wrote) for one in some])
            else:
                wanted = [TicketWrite(one.ticket_id, one.wrote, one.before or one.wrote) for one in some]
                results = connector.write(access, wanted)
            runtime.database.write(partial(_settle, some=some, results=results))
            done += results
    return done


def _settle(connection: sa.Connection, some: Sequence[Undo], results: Sequence[WriteResult]) -> None:
    now = time.time()
    for one, result in zip(some, results, strict=True):
        undoing.settle(connection, one, result, now)
