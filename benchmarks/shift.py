"""How often a sudden shift is told that is none, and how soon one that is: `python -m benchmarks shift`.

A simulation of the rule alone. Every quarter of an hour the last six hours are compared, as the job does.
"""

import random
from collections.abc import Callable, Iterator, Sequence

from benchmarks.machine import heading, quantile, table
from bridge.shift import WEEK, WEEKS, WINDOW, Share, has_shifted

QUARTER = 900
A_DAY = 86_400 // QUARTER
A_WEEK = int(WEEK) // QUARTER
RECENT = int(WINDOW) // QUARTER
MONTH = 30 * A_DAY
MONTHS = 100
TRIALS = 400
PER_DAY = 500
SHARES = (0.1, 0.2, 0.3)

Rate = Callable[[int], float]
"""Messages in a quarter of the day."""


def main() -> None:
    """Prints both tables."""
    heading(
        f"Sudden shifts, simulated: {PER_DAY} messages a day; false alarms of {MONTHS} months, a day apart at least"
    )
    table(("messages come", "a customer writes", "usual share of negative", "false alarms a month"), _false_alarms())
    heading(f"Sudden shifts, simulated: the share doubles at a random time; {TRIALS} trials each")
    table(("messages come", "usual share", "found within 6 h", "median hours", "95 % within hours"), _delays())


def _evenly(_quarter: int) -> float:
    return PER_DAY / A_DAY


def _by_day(quarter: int) -> float:
    """Nine tenths of them between 8 and 20 o'clock."""
    return PER_DAY * (0.9 if 8 * 4 <= quarter % A_DAY < 20 * 4 else 0.1) / (A_DAY / 2)


def _false_alarms() -> Iterator[Sequence[object]]:
    for come, rate in (("evenly", _evenly), ("90 % in twelve hours", _by_day)):
        for most in (1, 3):
            for share in SHARES:
                history = _History(random.Random(f"{come}{most}{share}"), rate, most)
                history.go_on(WEEKS * A_WEEK + RECENT, share)
                begin, alarms, quiet_until = len(history), 0, 0
                history.go_on(MONTHS * MONTH, share)
                for end in range(begin, len(history)):
                    if end >= quiet_until and history.shifted(end):
                        alarms += 1
                        quiet_until = end + A_DAY
                writes = "once" if most == 1 else "one to three times, in one mood"
                yield come, writes, share, alarms / MONTHS


def _delays() -> Iterator[Sequence[object]]:
    for come, rate in (("evenly", _evenly), ("90 % in twelve hours, from 9 o'clock", _by_day)):
        for share in SHARES:
            luck = random.Random(f"{come}{share}")
            found: list[float] = []
            for _ in range(TRIALS):
                history = _History(luck, rate, 1)
                history.go_on(WEEKS * A_WEEK + RECENT, share)
                at = 9 * 4 if rate is _by_day else luck.randrange(A_DAY)
                history.go_on((at - len(history)) % A_DAY, share)
                begin = len(history)
                history.go_on(A_DAY, 2 * share)
                hits = (end - begin for end in range(begin + 1, begin + A_DAY) if history.shifted(end))
                found.append(next(hits, A_DAY) / 4)
            within = sum(hours <= 6 for hours in found) / TRIALS
            yield come, share, f"{within:.1%}", quantile(found, 0.5), quantile(found, 0.95)


class _History:
    """Messages and negative ones, counted up to each quarter of an hour."""

    def __init__(self, luck: random.Random, rate: Rate, most: int) -> None:
        self._luck, self._rate, self._most = luck, rate, most
        self._scored, self._negative, self._squares = [0], [0], [0]

    def __len__(self) -> int:
        return len(self._scored) - 1

    def go_on(self, quarters: int, share: float) -> None:
        """So many more quarters with this share of negative messages."""
        for _ in range(quarters):
            scored = negative = squares = 0
            mean = (1 + self._most) / 2
            for _customer in range(self._poisson(self._rate(len(self)) / mean)):
                count = self._luck.randint(1, self._most)
                scored += count
                squares += count * count
                negative += count if self._luck.random() < share else 0
            self._scored.append(self._scored[-1] + scored)
            self._negative.append(self._negative[-1] + negative)
            self._squares.append(self._squares[-1] + squares)

    def _poisson(self, mean: float) -> int:
        count, gone = 0, self._luck.expovariate(1.0)
        while gone < mean:
            count, gone = count + 1, gone + self._luck.expovariate(1.0)
        return count

    def shifted(self, end: int) -> bool:
        """What the rule says at the end of this quarter."""
        weeks = [self._share(end - week * A_WEEK) for week in range(1, WEEKS + 1)]
        usual = Share(sum(one.negative for one in weeks), sum(one.scored for one in weeks))
        now = self._share(end)
        alike = (self._squares[end] - self._squares[end - RECENT]) / max(1, now.scored)
        return has_shifted(now, usual, alike)

    def _share(self, end: int) -> Share:
        begin = max(0, end - RECENT)
        return Share(self._negative[end] - self._negative[begin], self._scored[end] - self._scored[begin])


if __name__ == "__main__":
    main()
