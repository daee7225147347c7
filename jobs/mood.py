"""Looks whether the customers of a workspace are suddenly unhappier than usual, and tells of it once a day."""

import time
from functools import partial

from bridge.runtime import Runtime
from bridge.store import mood_shares
from jobs.process import runtime


def run() -> None:
    """What RQ runs, every quarter of an hour."""
    look(runtime(), time.time())


def look(here: Runtime, now: float) -> int:
    """Looks at every workspace that is on; how many were told."""
    told = 0
    with here.database.read() as connection:
        homes = mood_shares.on(connection)
    for workspace_id in homes:
        with here.database.read() as connection:
            shift = mood_shares.shift_of(connection, workspace_id, now)
        if shift is not None:
            tell = partial(mood_shares.tell_shift, workspace_id=workspace_id, shift=shift, now=now)
            told += here.database.write(tell)
    if told:
        here.waker.soon(("notify",))
    return told
