"""How often signing in may fail: for an address of the network and for an e-mail, before it is: wait.

Counted in this process: with several web processes each counts for itself.
"""

import threading
import time
from collections.abc import Callable

SECONDS = 900.0
MOST = {"email": 10, "address": 100}
MOST_KEYS = 20_000
"""Counted at once; beyond, counting begins anew."""


class Attempts:
    """Failures in windows of a quarter of an hour, which begin with the first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: dict[tuple[str, str], tuple[float, int]] = {}
        self._lock = threading.Lock()

    def begin(self, email: str, address: str) -> bool:
        """Counts an attempt before it is looked at, so that many at once count too; False: there were too many."""
        now = self._clock()
        with self._lock:
            if len(self._failed) > MOST_KEYS:
                self._failed.clear()
            allowed = True
            for kind, value in (("email", email.strip().lower()[:200]), ("address", address)):
                begun, count = self._failed.get((kind, value), (now, 0))
                if now - begun >= SECONDS:
                    begun, count = now, 0
                allowed = allowed and count < MOST[kind]
                self._failed[kind, value] = (begun, count + 1)
            return allowed

    def succeeded(self, email: str) -> None:
        """It was that person: their count begins anew."""
        with self._lock:
            self._failed.pop(("email", email.strip().lower()[:200]), None)
