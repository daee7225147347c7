"""Looks at unhappy customers whose time to be answered is over: those that nobody answered escalate."""

import time
from functools import partial

import sqlalchemy as sa

from bridge.runtime import Runtime
from bridge.store import silences
from bridge.store.ticket_events import tell
from bridge.store.ticket_state import recompute
from jobs.process import runtime

AT_ONCE = 100


def run() -> None:
    """What RQ runs, once a minute."""
    look(runtime(), time.time())


def look(here: Runtime, now: float) -> int:
    """Looks at the tickets whose time has come; how many."""
    looked, told = 0, False

    def step(connection: sa.Connection) -> tuple[int, bool]:
        waiting = silences.due(connection, now, AT_ONCE)
        touched = silences.touched([one for one in waiting if not one.answered], partial(_writes, here))
        moved = recompute(connection, touched, now)  # locks the tickets, before the rows that settles change after them
        silences.forget(connection, [one.key for one in waiting])
        return len(waiting), tell(connection, moved, now)

    while True:
        count, some = here.database.write(step)
        looked, told = looked + count, told or some
        if count < AT_ONCE:
            break
    if looked:
        here.waker.soon(("notify", "writeback") if told else ("writeback",))
    return looked


def _writes(here: Runtime, kind: str) -> bool:
    connector = here.connectors.get(kind)
    return connector is not None and connector.capabilities.writes
