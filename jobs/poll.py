"""The poll: for helpdesks whose events may be lost, a read request for what changed, at the pace each declares."""

import time

import sqlalchemy as sa

from bridge.connections import access_to
from bridge.connector import CHANGES
from bridge.model import Origin
from bridge.runtime import Runtime
from bridge.store import connections, schedule
from bridge.store.connections import ConnectionRow
from bridge.store.inbox import Arrival, store_arrivals
from jobs.process import runtime


def run() -> None:
    """What RQ runs: one look over all connections."""
    if poll(runtime(), time.time()):
        runtime().waker.now("read")


def poll(here: Runtime, now: float) -> int:
    """Inserts a read request for each connection whose turn it is; returns how many."""
    with here.database.read() as connection:
        active = connections.all_active(connection)
        polled = {f"{schedule.POLL}{row.id}": row for row in active if _most(here, row)}
        waiting = schedule.due(connection, {name: _most(here, row) for name, row in polled.items()}, now)
    paced = {name: _every(here, polled[name]) for name in waiting}
    if not paced:
        return 0

    def store(connection: sa.Connection) -> int:
        taken = [polled[name] for name in schedule.take_due(connection, paced, now)]
        arrivals = [Arrival(row.id, row.revision, now, Origin.LIVE, targets=(CHANGES,)) for row in taken]
        store_arrivals(connection, arrivals)
        return len(arrivals)

    return here.database.write(store)


def _most(here: Runtime, row: ConnectionRow) -> float:
    """0: no poll."""
    connector = here.connectors.get(row.kind)
    return (connector.capabilities.poll_every or 0.0) if connector else 0.0


def _every(here: Runtime, row: ConnectionRow) -> float:
    decide = here.connectors[row.kind].poll_every
    return _most(here, row) if decide is None else decide(access_to(here, row))
