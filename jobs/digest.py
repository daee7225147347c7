"""The daily digest of alerts that the channels' budgets held back."""

import time

from bridge.store.digests import send_digests
from jobs.process import runtime


def run() -> None:
    """What RQ runs, once an hour; a day's digests are made once."""
    here = runtime()
    if here.database.write(lambda connection: send_digests(connection, time.time())):
        here.waker.soon(("notify",))
