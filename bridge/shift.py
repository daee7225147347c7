"""Whether customers are suddenly unhappier than usual, and how sure a difference is. Pure rules."""

import math
from dataclasses import dataclass

WINDOW = 6 * 3600.0
"""Seconds of the recent past that are compared."""

WEEK = 7 * 86_400.0
WEEKS = 8
"""The same hours of so many weeks before are what is usual."""

LEAST_NOW = 40
LEAST_BEFORE = 80
"""Messages with a score below which nothing is said."""

SURE = 3.0
"""Standard errors by which the share must be over the usual one: `python -m benchmarks shift` counts false alarms, and
how soon a doubling is found."""

FACTOR = 1.4
"""And it must be so many times the usual share: with many messages a small difference is sure, and no news."""

_SURE_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Share:
    """Messages with a score, and how many of them are negative (under -0.2)."""

    negative: int
    scored: int

    @property
    def value(self) -> float:
        return self.negative / self.scored if self.scored else 0.0


def has_shifted(now: Share, usual: Share, alike: float = 1.0) -> bool:
    """Whether far more of the recent messages are negative than usual.

    Shares are compared by their arcsine roots, whose spread does not depend on the share: as sure at 10 % as at 30 %
    (J. Cohen, "Statistical Power Analysis", 1988, chapter 6). `alike`: for how many messages one counts, since a
    customer who writes three times is one angry customer: the sum of the squares of the tickets' counts by their sum
    (L. Kish, "Survey Sampling", 1965).
    """
    if now.scored < LEAST_NOW or usual.scored < LEAST_BEFORE or now.value < FACTOR * usual.value:
        return False
    apart = 2 * (math.asin(math.sqrt(now.value)) - math.asin(math.sqrt(usual.value)))
    return apart > SURE * math.sqrt(alike * (1 / now.scored + 1 / usual.scored))


def difference(before: Share, after: Share) -> tuple[float, float] | None:
    """The 95 % interval of the share after minus the share before; None when one of them has no message.

    R. G. Newcombe, "Interval estimation for the difference between independent proportions", 1998, method 10.
    """
    if not before.scored or not after.scored:
        return None
    low_before, high_before = _wilson(before)
    low_after, high_after = _wilson(after)
    found = after.value - before.value
    low = found - math.hypot(after.value - low_after, high_before - before.value)
    high = found + math.hypot(high_after - after.value, before.value - low_before)
    return low, high


def _wilson(share: Share) -> tuple[float, float]:
    """The score interval of one share."""
    n, p, z = share.scored, share.value, _SURE_95
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return middle - half, middle + half
