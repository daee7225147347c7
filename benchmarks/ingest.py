"""How many signed webhooks are taken in, and how fast the answer comes: `python -m benchmarks.ingest`."""

from collections.abc import Iterator, Sequence

from benchmarks.load import closed_loop, open_loop, request
from benchmarks.machine import cpu_seconds, family, heading, memory_mb, table
from benchmarks.rig import DATABASES, Rig, provider, rig

SECONDS = 6.0
MOST = 100_000
STEADY = 300
"""Requests a second of the open loop."""
STEADY_SECONDS = 15.0


def main() -> None:
    """Prints both tables."""
    heading("Ingest: 1.5 KB bodies, signed, 16 connections, answered after the commit, wake included")
    columns = ("database", "what", "accepted/s", "p50 ms", "p99 ms", "not accepted", "CPU ms each", "PSS MB")
    table(columns, _ceilings())
    heading(f"Ingest: {STEADY} requests a second (open loop) while as many are scored, by a provider of 500 ms")
    table(("database", "workers", "p50 ms", "p99 ms", "max ms", "not accepted", "settled/s"), _steady())


def _ceilings() -> Iterator[Sequence[object]]:
    for database in DATABASES:
        for name, arguments in (
            ("the bridge", ["-m", "benchmarks.bridge_process", "web"]),
            ("nothing stored", ["-m", "benchmarks.bare_web", "nothing"]),
            ("naive: insert, then enqueue", ["-m", "benchmarks.bare_web", "naive"]),
        ):
            if name != "nothing stored" or database == DATABASES[0]:
                with rig(database) as bridge:
                    yield (database, name, *_ceiling(bridge, arguments))


def _ceiling(bridge: Rig, arguments: Sequence[str]) -> Sequence[object]:
    hook = bridge.hook("bench")
    server = bridge.serve(arguments)
    closed_loop(bridge.port, hook, 1, 15_000, "w")
    used = cpu_seconds(family(server.pid))
    outcome = closed_loop(bridge.port, hook, SECONDS, MOST)
    used = cpu_seconds(family(server.pid)) - used
    memory = memory_mb(family(server.pid))
    each = used / max(1, outcome.accepted) * 1000
    return outcome.rate, outcome.p50_ms, outcome.p99_ms, outcome.bad, each, memory


def _steady() -> Iterator[Sequence[object]]:
    for database in DATABASES:
        with provider(0.5) as scorer, rig(database) as bridge:
            bridge.web()
            bridge.start("worker", "--queue", "score", BENCH_SCORER=scorer)
            bridge.start("scheduler")
            hook = bridge.hook("bench")
            open_loop(bridge.port, [request(hook, n, "w") for n in range(STEADY * 2)], STEADY)
            before = bridge.settled()
            outcome = open_loop(bridge.port, [request(hook, n) for n in range(int(STEADY * STEADY_SECONDS))], STEADY)
            settled = (bridge.settled() - before) / outcome.seconds
            yield database, 1, outcome.p50_ms, outcome.p99_ms, max(outcome.times) * 1000, outcome.bad, settled


if __name__ == "__main__":
    main()
