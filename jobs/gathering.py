"""Which connections are written so many tickets just now that the next ones gather for a moment.

Each call draws on a rate that the helpdesk's agents share with us. A lone ticket goes at once.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

BUSY_TICKETS, BUSY_SECONDS = 10, 5.0
"""So many tickets written in so few seconds: going on one by one would take more of a helpdesk's rate than is ours
(Zendesk: 50 single updates a minute)."""

PATIENCE = 2.0
"""Seconds from one call to the next, while a connection is written much."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The next call is made at `until`, or as soon as `size` tickets fill it."""

    until: float
    size: int


@dataclass
class Gathering:
    """Counts the tickets written, by connection, in this process."""

    _written: dict[str, deque[float]] = field(default_factory=dict)
    _paces: dict[str, Pace] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wrote(self, connection_id: str, count: int, size: int) -> bool:
        """So many tickets were written in one call that takes up to `size`. True when the next ones gather."""
        if count == 0 or size == 1:
            return False
        now = time.time()
        with self._lock:
            times = self._written.setdefault(connection_id, deque(maxlen=BUSY_TICKETS))
            times.extend([now] * count)
            busy = len(times) == BUSY_TICKETS and 0 <= now - times[0] <= BUSY_SECONDS
            if busy:
                self._paces[connection_id] = Pace(now + PATIENCE, size)
            return busy

    def paced(self, now: float) -> dict[str, Pace]:
        """The connections whose next call waits."""
        with self._lock:
            self._paces = {one: pace for one, pace in self._paces.items() if now < pace.until <= now + PATIENCE}
            return dict(self._paces)
