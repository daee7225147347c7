"""Who waits for whom: many workspaces share the score drain: `python -m benchmarks.fairness`."""

import time
from collections import deque
from collections.abc import Iterator, Sequence

from benchmarks.load import open_loop, request
from benchmarks.machine import heading, quantile, table
from benchmarks.rig import Hook, Rig, provider, rig, until
from benchmarks.stub import HANG, HANGS

LATENCY = 0.5
OTHERS = 49
PENDING = 20_000
HUNG = 2_000
RATE = 20.0
SECONDS = 15.0

THREADS = 500
BUDGET = 10.0
"""Seconds for which a simulated drain works on one workspace."""


def main() -> None:
    """Prints the table."""
    heading(
        f"Fairness: {OTHERS} workspaces get {RATE:.0f} messages a second together, provider {LATENCY * 1000:.0f} ms;"
        " seconds from a message's receipt to its stored score"
    )
    table(("what the 50th workspace does", "messages of the others", "p50 s", "p95 s", "max s"), _rows())


def _rows() -> Iterator[Sequence[object]]:
    yield "nothing", *_told(_waits(0))
    yield f"has {PENDING:,} pending", *_told(_waits(PENDING))
    arrivals = [(number / RATE, number % OTHERS) for number in range(int(RATE * SECONDS))]
    yield f"has {PENDING:,} pending; one drain a workspace (simulated)", *_told(one_drain_each(arrivals, PENDING))
    yield f"its provider hangs for {HANG:.0f} s, {HUNG:,} pending", *_told(_waits(HUNG, HANGS.decode()))


def _told(waits: Sequence[float]) -> Sequence[object]:
    return len(waits), quantile(waits, 0.5), quantile(waits, 0.95), max(waits)


def _waits(pending: int, text: str = "again") -> list[float]:
    """What the others' messages wait while one workspace has so many pending."""
    with provider(LATENCY) as scorer, rig() as bridge:
        bridge.fill(bridge.hook("busy"), pending, text)
        others = [bridge.hook(f"team-{number}") for number in range(OTHERS)]
        bridge.web()
        bridge.start("scheduler")
        bridge.start("worker", "--queue", "score", BENCH_SCORER=scorer)
        # A first message each: connections are known, threads are there.
        open_loop(bridge.port, [request(hook, number, "w") for number, hook in enumerate(others)], OTHERS)
        _until_scored(bridge, others, 0.0)
        began = time.time()
        requests = [request(others[number % OTHERS], number) for number in range(int(RATE * SECONDS))]
        open_loop(bridge.port, requests, RATE)
        return _until_scored(bridge, others, began)


def _until_scored(bridge: Rig, others: Sequence[Hook], since: float) -> list[float]:
    """What their messages waited, once all are scored."""
    until(lambda: max(bridge.waits(others, since)) < float("inf"), HANG + 30, bridge.folder / "lines.log")
    return bridge.waits(others, since)


def one_drain_each(arrivals: Sequence[tuple[float, int]], pending: int) -> list[float]:
    """What messages (time, workspace) wait when a worker serves one workspace at a time, in the order of the wakes.

    Another workspace has `pending` messages at the beginning. Nothing but the provider takes time.
    """
    busy = -1
    coming = deque(sorted(arrivals))
    waiting: dict[int, list[float]] = {}
    wakes = deque([busy])
    waits: list[float] = []
    now = 0.0
    while wakes or coming:
        if not wakes:
            now = max(now, coming[0][0])
        while coming and coming[0][0] <= now:
            at, workspace = coming.popleft()
            if workspace not in waiting:
                waiting[workspace] = []
                wakes.append(workspace)
            waiting[workspace].append(at)
        workspace = wakes.popleft()
        if workspace == busy:
            rounds = min(-(-pending // THREADS), int(BUDGET / LATENCY))
            now += rounds * LATENCY
            pending -= rounds * THREADS
            if pending > 0:
                wakes.append(busy)
        else:
            now += LATENCY
            waits += [now - at for at in waiting.pop(workspace)]
    return waits


if __name__ == "__main__":
    main()
