"""Ways in which Zendesk fails, thrown at random from a seed, or one by one from a list."""

import random
import threading
from collections import deque
from dataclasses import dataclass, field

KINDS = ("429-integer", "429-decimal", "429-absent", "503", "503-retry", "500", "409", "drop", "html")
"""What a call may meet: three forms of 429, outages, a conflict without cause, a cut connection, an error page."""


@dataclass
class Faults:
    """`rate` is the share of calls that fail; `next_up` holds failures that are thrown first, whatever the rate."""

    seed: int = 1
    rate: float = 0.0
    kinds: tuple[str, ...] = KINDS
    job_item_rate: float = 0.0
    """The share of items of an update_many job that fail although nothing is wrong with them."""
    next_up: deque[str] = field(default_factory=deque)
    thrown: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def draw(self) -> str | None:
        """The failure for this call, or None."""
        with self.lock:
            kind = None
            if self.next_up:
                kind = self.next_up.popleft()
            elif self.rate and self.dice.random() < self.rate:
                kind = self.dice.choice(self.kinds)
            if kind:
                self.thrown.append(kind)
            return kind

    def item_fails(self) -> bool:
        with self.lock:
            return bool(self.job_item_rate) and self.dice.random() < self.job_item_rate
