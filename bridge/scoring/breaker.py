"""The circuit breaker of a provider: after some failures in a row nobody calls for a while, then one tries for all."""

from dataclasses import dataclass

FAILURES = 5
"""Calls that failed with none answered between."""

SHORTEST_PAUSE = 5.0
LONGEST_PAUSE = 60.0

PROBE_WITHIN = 35.0
"""Seconds that the one who tries has; its call ends in 30. If its process dies, another tries then."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """Failures since the last answer, when the first of them was, and until when nobody calls (None: calls go on)."""

    failures: int = 0
    failing_since: float | None = None
    paused_until: float | None = None


def after(before: Breaker, answered: int, failed: int, asked_to_wait: float, now: float) -> Breaker:
    """The breaker after so many calls. It pauses as long as it has been failing, and as the provider asks."""
    if answered:
        return Breaker()
    if not failed:
        return before
    failures = before.failures + failed
    since = before.failing_since if before.failing_since is not None else now
    if failures < FAILURES:
        return Breaker(failures, since, before.paused_until)
    pause = max(asked_to_wait, min(max(now - since, SHORTEST_PAUSE), LONGEST_PAUSE))
    return Breaker(failures, since, now + pause)
