"""How many messages a second are scored and stored, at a provider of 500 ms: `python -m benchmarks.score_drain`."""

import subprocess
import time
from collections.abc import Iterator, Sequence

import redis

from benchmarks import plain_rq
from benchmarks.events import TEXT
from benchmarks.machine import cpu_seconds, family, heading, memory_mb, table
from benchmarks.rig import Rig, provider, rig, until

LATENCY = 0.5
WARM_UP = 3.0
SECONDS = 10.0
WORKSPACES = 10

CASES = (
    ("SQLite", 50, 1),
    ("SQLite", 200, 1),
    ("SQLite", 500, 1),
    ("SQLite", 1000, 1),
    ("SQLite", 1000, 2),
    ("PostgreSQL", 500, 1),
    ("PostgreSQL", 1000, 2),
)
"""Database, calls in flight, score worker processes."""

FORKING_WORKERS = 16


def main() -> None:
    """Prints the table."""
    heading(f"Score drain: settled messages a second, provider {LATENCY * 1000:.0f} ms")
    columns = ("runner", "in flight", "processes", "settled/s", "ideal", "cores", "CPU ms each", "PSS MB")
    table(columns, _rows())


def _rows() -> Iterator[Sequence[object]]:
    for database, in_flight, processes in CASES:
        with provider(LATENCY) as scorer, rig(database) as bridge:
            yield f"the bridge, {database}", in_flight, processes, *drained(bridge, scorer, in_flight, processes)
    with provider(LATENCY) as scorer, rig() as bridge:
        yield "plain RQ, a job a message, forking", FORKING_WORKERS, FORKING_WORKERS, *_plain(bridge, scorer)


def drained(bridge: Rig, scorer: str, in_flight: int, processes: int) -> Sequence[object]:
    """Settled a second, the ideal, cores, CPU ms a message and PSS of the score workers."""
    ideal = in_flight / LATENCY
    for number in range(WORKSPACES):
        bridge.fill(bridge.hook(f"team-{number}"), int(ideal * (WARM_UP + SECONDS + 2) / WORKSPACES))
    threads = {"BENCH_SCORER": scorer, "BENCH_THREADS": str(in_flight // processes)}
    workers = [bridge.start("worker", "--queue", "score", **threads) for _ in range(processes)]
    until(lambda: bridge.settled() > 0, 30, bridge.folder / "lines.log")
    time.sleep(WARM_UP)
    used, began = _cpu(workers), time.time()
    time.sleep(SECONDS)
    used, ended = _cpu(workers) - used, time.time()
    memory = sum(memory_mb(family(worker.pid)) for worker in workers)
    settled = bridge.settled(began, ended)
    seconds = ended - began
    return settled / seconds, ideal, used / seconds, used / max(settled, 1) * 1000, memory


def _cpu(workers: Sequence["subprocess.Popen[bytes]"]) -> float:
    return sum(cpu_seconds(family(worker.pid)) for worker in workers)


def _plain(bridge: Rig, scorer: str) -> Sequence[object]:
    connection = redis.Redis.from_url(bridge.environ["REDIS_URL"])
    plain_rq.enqueue(connection, scorer, (TEXT * 100)[:1000], 3000)
    pool = bridge.run(["-m", "benchmarks.plain_rq", str(FORKING_WORKERS)])
    until(lambda: int(connection.get(plain_rq.DONE) or 0) > 0, 30, bridge.folder / "lines.log", pool)
    time.sleep(WARM_UP)
    before, began = int(connection.get(plain_rq.DONE) or 0), time.time()
    time.sleep(SECONDS)
    seconds = time.time() - began
    rate = (int(connection.get(plain_rq.DONE) or 0) - before) / seconds
    memory = memory_mb(family(pool.pid))
    bridge.stop(pool)
    return rate, FORKING_WORKERS / LATENCY, None, None, memory


if __name__ == "__main__":
    main()
