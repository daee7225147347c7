"""Waiting for conditions with a deadline: tests never sleep for a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

PATIENCE = 30.0
"""Seconds that anything is waited for unless a test names a bound of its own: far more than a busy machine needs."""


def eventually(look: Callable[[], Found | None], what: str, within: float = PATIENCE, every: float = 0.01) -> Found:
    """The first truthy answer of `look`. Raises AssertionError naming `what` when none comes within the time."""
    end = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {within:g} s in vain for {what}")
        time.sleep(every)
