"""How often a token may call.

Source: IETF draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers-10, 2025): RateLimit-Policy
says what holds, RateLimit what is left and when it is whole again. Counted in this process: with several web processes
each counts for itself.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

CALLS = 3000
SECONDS = 60
MOST_TOKENS = 10_000
"""Counted at once; beyond, counting begins anew."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a token may still do. `allowed`: this call too. `reset`: seconds until all calls are there again."""

    allowed: bool
    calls: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        told = {
            "RateLimit-Policy": f'"calls";q={CALLS};w={SECONDS}',
            "RateLimit": f'"calls";r={self.calls};t={self.reset}',
        }
        return told if self.allowed else told | {"Retry-After": str(max(1, self.reset))}


class RateLimit:
    """Counts calls in windows of a minute, which begin with a token's first call."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._used: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def count(self, token_id: str, cost: int) -> Left:
        """Counts a call; one that is too many costs nothing."""
        now = self._clock()
        with self._lock:
            begun, used = self._used.get(token_id, (now, 0))
            if now - begun >= SECONDS:
                begun, used = now, 0
            allowed = used + cost <= CALLS
            used += cost if allowed else 0
            if len(self._used) >= MOST_TOKENS:
                self._used.clear()
            self._used[token_id] = begun, used
        return Left(allowed, CALLS - used, max(0, round(begun + SECONDS - now)))
