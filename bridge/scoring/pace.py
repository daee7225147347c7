"""Keeps calls within the requests per minute that a provider allows, over all processes of all machines, in Redis.

The window moves (library `limits`): in no 60 seconds are more calls made than allowed. If Redis is away, each process
keeps the limit for itself: scoring never stops for it.
"""

import logging
import threading
import time

import limits
import redis
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from bridge.wake import connect

log = logging.getLogger("moodbridge.pace")

AWAY = 5.0
"""Seconds until a Redis that did not answer is asked again: each try may take a second."""


class Pace:
    """One for a process, used by all its threads. It connects when it is first needed."""

    def __init__(self, redis_url: str) -> None:
        self._shared = MovingWindowRateLimiter(
            RedisStorage("redis://", connection_pool=connect(redis_url).connection_pool, key_prefix="moodbridge:pace")
        )
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._away_until = 0.0
        self._slots: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, account: str, per_minute: int) -> float:
        """0 when a call may be made now, and it is counted; else the seconds after which to ask again.

        Those who must wait are given one place after the other, at the pace of the limit.
        """
        item = limits.RateLimitItemPerMinute(per_minute)
        free_at = self._free_at(item, account)
        if free_at is None:
            return 0.0
        with self._lock:
            place = max(free_at, self._slots.get(account, 0.0) + 60 / per_minute)
            self._slots[account] = place
        return max(0.1, place - time.time())

    def _free_at(self, item: limits.RateLimitItem, account: str) -> float | None:
        """None: taken; else the time when the next place is free."""
        if time.monotonic() >= self._away_until:
            try:
                return _take(self._shared, item, account)
            except redis.RedisError as error:
                self._away_until = time.monotonic() + AWAY
                log.warning("Redis cannot be reached: this process keeps the pace alone", extra=_of(error))
        return _take(self._own, item, account)


def _take(limiter: MovingWindowRateLimiter, item: limits.RateLimitItem, account: str) -> float | None:
    if limiter.hit(item, account):
        return None
    return limiter.get_window_stats(item, account).reset_time


def _of(error: BaseException) -> dict[str, str]:
    return {"error": type(error).__name__}
