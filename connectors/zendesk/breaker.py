"""Holds a ticket that we write too often, whatever the reason, far below Zendesk's own limit.

developer.zendesk.com "Tickets" (Update Ticket): 30 updates of one ticket by one user in 10 minutes. The one write-back
process of a bridge counts in memory; even two of them stay under the limit.
"""

import threading
import time
from collections import OrderedDict, deque

MOST = 12
WINDOW = 600.0
REMEMBERED = 20_000


class Breaker:
    """Counts updates for each (connection, ticket). All threads share one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._updates: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def wait(self, ticket: tuple[str, str]) -> float | None:
        """Seconds until the ticket may be updated again; None: now."""
        with self._lock:
            updates = self._updates.get(ticket)
            if updates is None or len(updates) < MOST:
                return None
            left = updates[0] + WINDOW - time.time()
            return left if left > 0 else None

    def count(self, ticket: tuple[str, str]) -> None:
        """An update reached Zendesk, whatever it answered."""
        with self._lock:
            self._updates.setdefault(ticket, deque(maxlen=MOST)).append(time.time())
            self._updates.move_to_end(ticket)
            while len(self._updates) > REMEMBERED:
                self._updates.popitem(last=False)
