"""What the fake provider knows, counts, and is told to do wrong."""

import random
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

KEY = "sk-the-right-key-4f9c"


@dataclass
class State:
    """Changed by tests at any time, from any thread."""

    latency: float = 0.0
    """Seconds from a whole request to its answer."""
    held: bool = False
    """While set, no call is answered."""
    keys: set[str] = field(default_factory=lambda: {KEY})
    retired: set[str] = field(default_factory=set)
    """Models that are known no more."""
    scores: dict[str, int] = field(default_factory=dict)
    """The score of a text that holds this phrase; the first that fits."""
    replies: dict[str, str] = field(default_factory=dict)
    """What the model writes, word for word, about a text that holds this phrase."""
    requests_per_minute: int | None = None
    concurrency: int | None = None
    retry_after: str = "7"
    longest: int = 100_000
    """Characters of a message that the model can read."""
    fault_share: float = 0.0
    """Share of calls that fail, each by any of `fault_names`, drawn by a fixed seed."""
    fault_names: tuple[str, ...] = ()

    calls: int = 0
    scored: Counter[str] = field(default_factory=Counter)
    """How often each text was scored readably: what a customer pays for, whether the answer arrives or not."""
    answers: Counter[str] = field(default_factory=Counter)
    """Statuses and faults, counted."""
    in_flight: int = 0
    most_in_flight: int = 0
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=50))
    """The newest requests: method, path, headers, raw body."""

    _next: deque[str] = field(default_factory=deque)
    _random: random.Random = field(default_factory=lambda: random.Random(7))
    _minute: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail_next(self, *faults: str) -> None:
        """The next calls fail in these ways, one each."""
        with self._lock:
            self._next.extend(faults)

    def fault(self) -> str | None:
        """The way the present call fails, if it does."""
        with self._lock:
            if self._next:
                return self._next.popleft()
            if self.fault_names and self._random.random() < self.fault_share:
                return self._random.choice(self.fault_names)
            return None

    def over_limit(self) -> bool:
        """Whether the account's rate or concurrency is used up; counts this call."""
        now = time.monotonic()
        with self._lock:
            if self.concurrency is not None and self.in_flight > self.concurrency:
                return True
            if self.requests_per_minute is None:
                return False
            while self._minute and self._minute[0] <= now - 60:
                self._minute.popleft()
            if len(self._minute) >= self.requests_per_minute:
                return True
            self._minute.append(now)
            return False

    def score_of(self, text: str) -> int:
        """A made-up judgement: the scripted one, or by a few words."""
        for phrase, score in self.scores.items():
            if phrase in text:
                return score
        words = text.lower()
        return next((score for word, score in _WORDS if word in words), 0)


_WORDS = (
    ("unacceptable", -9),
    ("cancel", -8),
    ("waiting", -5),
    ("broken", -4),
    ("love", 9),
    ("thank", 7),
    ("please", 2),
)
