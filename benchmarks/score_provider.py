"""The score drain through a workspace's own provider of 500 ms, real codec, cache, books and languages:
`python -m benchmarks score_provider`.

Every tenth message is German, so that the language model is loaded, as it will be in life.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.events import TEXT
from benchmarks.machine import cpu_seconds, family, heading, memory_mb, table
from benchmarks.rig import Rig, rig, until
from bridge import providers
from bridge.vault import Secret

KEY = "sk-the-right-key-4f9c"
LATENCY = 0.5
WARM_UP = 4.0
SECONDS = 10.0
WORKSPACES = 10
GERMAN = "Meine Bestellung ist schon wieder zu spät und niemand antwortet mir " * 15
CASES = (("SQLite", 500), ("PostgreSQL", 500))  # database, calls in flight


def main() -> None:
    """Prints the table."""
    heading(f"Score drain through a provider: settled messages a second, provider {LATENCY * 1000:.0f} ms")
    columns = ("database", "in flight", "settled/s", "ideal", "cores", "CPU ms each", "PSS MB")
    table(columns, _rows())


def _rows() -> Iterator[Sequence[object]]:
    for database, in_flight in CASES:
        with _fake_provider() as address, rig(database) as bridge:
            yield database, in_flight, *_drained(bridge, address, in_flight)


def _drained(bridge: Rig, address: str, in_flight: int) -> Sequence[object]:
    ideal = in_flight / LATENCY
    for number in range(WORKSPACES):
        hook = bridge.hook(f"team-{number}")
        providers.set(bridge.runtime, hook.workspace, "openai", Secret(KEY), base_url=address)
        bridge.fill(hook, int(ideal * (WARM_UP + SECONDS + 2) / WORKSPACES), TEXT if number else GERMAN)
    worker = bridge.start("worker", "--queue", "score", BENCH_THREADS=str(in_flight))
    until(lambda: bridge.settled() > 0, 60, bridge.folder / "lines.log")
    time.sleep(WARM_UP)
    used, began = cpu_seconds(family(worker.pid)), time.time()
    time.sleep(SECONDS)
    used, ended = cpu_seconds(family(worker.pid)) - used, time.time()
    memory = memory_mb(family(worker.pid))
    settled = bridge.settled(began, ended)
    return settled / (ended - began), ideal, used / (ended - began), used / max(settled, 1) * 1000, memory


@contextmanager
def _fake_provider() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.hosts.provider", "--latency", str(LATENCY)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["openai"]
        finally:
            process.kill()


if __name__ == "__main__":
    main()
