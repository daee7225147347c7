"""The rate buckets of an account, metered as Zendesk does: fixed windows, one count for everybody.

Rules: developer.zendesk.com "Rate limits" and "Tickets" (Update Ticket), read 2026-08.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

MINUTE = 60.0


@dataclass
class Bucket:
    limit: int
    window: float = MINUTE
    opened_at: float = 0.0
    used: int = 0

    def roll(self, now: float) -> None:
        if now - self.opened_at >= self.window:
            self.opened_at, self.used = now, 0

    def reset_in(self, now: float) -> float:
        return max(0.0, self.opened_at + self.window - now)


@dataclass
class Limits:
    """Every bucket of one account. `taken` keeps when each call was let through, `refused` what was not."""

    clock: Callable[[], float]
    plan: int = 700
    updates: int = 100
    incremental: int = 10
    per_ticket: int = 30
    buckets: dict[str, Bucket] = field(default_factory=dict)
    taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def bucket(self, name: str) -> Bucket:
        """The named bucket (`account`, `updates`, `incremental`, or `ticket/<id>`)."""
        with self.lock:
            if name not in self.buckets:
                limit = {"account": self.plan, "updates": self.updates, "incremental": self.incremental}
                window = MINUTE if name in limit else 10 * MINUTE
                self.buckets[name] = Bucket(limit.get(name, self.per_ticket), window)
            return self.buckets[name]

    def take(self, *names: str, count: int = 1) -> float | None:
        """None when every named bucket had room; else the seconds until the fullest one opens again."""
        with self.lock:
            now = self.clock()
            full = []
            for name in names:
                bucket = self.bucket(name)
                bucket.roll(now)
                if bucket.used + count > bucket.limit:
                    full.append((bucket.reset_in(now), name))
            if full:
                wait, name = max(full)
                self.refused.append(name)
                return wait
            for name in names:
                self.bucket(name).used += count
                self.taken[name].extend([now] * count)
            return None

    def others_use(self, name: str, count: int) -> None:
        """Another app, or agents in their browsers, use up part of a bucket."""
        with self.lock:
            bucket = self.bucket(name)
            bucket.roll(self.clock())
            bucket.used += count

    def busiest_minute(self, name: str) -> int:
        """The most calls of ours that any 60 seconds held."""
        times = sorted(self.taken[name])
        most = start = 0
        for end, at in enumerate(times):
            while at - times[start] >= MINUTE:
                start += 1
            most = max(most, end - start + 1)
        return most
