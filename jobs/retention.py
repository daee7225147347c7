"""Retention: customer text of dead letters and finished audit rows go when their time is over."""

import time

from bridge.store.retention import forget_old
from jobs.process import runtime


def run() -> None:
    """What RQ runs, once an hour."""
    here = runtime()
    here.database.write(lambda connection: forget_old(connection, time.time()))
