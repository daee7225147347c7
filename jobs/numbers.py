"""Counts anew the hours whose messages or tickets changed. Counting only reads; storing what came of it is short."""

import time

from bridge.runtime import Runtime
from bridge.store import mood_hours
from jobs.process import runtime

NOTES_AT_ONCE = 2000
HOURS_AT_ONCE = 24
SECONDS = 8.0
"""The rest waits for the next run: whoever looks meanwhile counts those hours from their messages."""


def run() -> None:
    """What RQ runs, once a minute."""
    count_stale(runtime(), time.time())


def count_stale(here: Runtime, now: float, seconds: float = SECONDS) -> int:
    """Counts the stale hours that are over, for so many seconds at most; how many."""
    until, current, counted = time.monotonic() + seconds, mood_hours.hour_of(now), 0
    here.database.write(lambda connection: mood_hours.thin_out(connection, current))
    while time.monotonic() < until:
        with here.database.read() as connection:
            stale = mood_hours.stale(connection, current, NOTES_AT_ONCE)
            found = [mood_hours.count(connection, one) for one in stale[:HOURS_AT_ONCE]]
        if not found:
            break
        here.database.write(lambda connection, found=found: mood_hours.store(connection, found))  # type: ignore[misc]
        counted += len(found)
    return counted
