"""How often a hook may be called with a request that does not verify, before the answer is: slow down.

Requests that verify are never counted, so that nobody can shut a helpdesk out by sending rubbish.
"""

import threading
import time
from collections.abc import Callable

BURST = 60.0
PER_SECOND = 1.0


class Failures:
    """A bucket of failures for each known hook; it fills up again by one a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def allowed(self, hook: str) -> bool:
        """Counts a failure; False when there were too many lately."""
        now = self._clock()
        with self._lock:
            left, at = self._left.get(hook, (BURST, now))
            left = min(BURST, left + (now - at) * PER_SECOND)
            self._left[hook] = (max(left - 1, 0.0), now)
        return left >= 1
