"""Retention: customer text of dead letters, and what others were told, go when their time is over."""

import time

from bridge.store.retention import forget_old, forget_told
from jobs.process import runtime

MOST_STEPS = 200
"""Each holds the write lock for milliseconds; what is left over waits for the next hour."""


def run() -> None:
    """What RQ runs, once an hour."""
    here = runtime()
    here.database.write(lambda connection: forget_old(connection, time.time()))
    for _ in range(MOST_STEPS):
        if not here.database.write(lambda connection: forget_told(connection, time.time())):
            break
