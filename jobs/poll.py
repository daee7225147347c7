"""The poll: for helpdesks whose events may be lost, a read request for what changed, at the pace each declares."""

import time

from bridge.connector import CHANGES
from bridge.model import Origin
from bridge.runtime import Runtime
from bridge.store import connections, schedule
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
    every = {row.id: here.connectors[row.kind].capabilities.poll_every for row in active if row.kind in here.connectors}
    paced = {f"poll:{name}": seconds for name, seconds in every.items() if seconds is not None}
    if not paced:
        return 0
    due = here.database.write(lambda connection: schedule.take_due(connection, paced, now))
    arrivals = [
        Arrival(row.id, row.revision, now, Origin.LIVE, targets=(CHANGES,)) for row in active if f"poll:{row.id}" in due
    ]
    if arrivals:
        here.database.write(lambda connection: store_arrivals(connection, arrivals))
    return len(arrivals)
