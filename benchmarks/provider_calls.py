"""What a call to an AI provider costs us: CPU of our code, calls a second, memory, at 1 to 500 calls in flight.

`python -m benchmarks.provider_calls`. The fake provider of the tests runs in a process of its own.
"""

import json
import os
import resource
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from bridge.http import Http, Policy
from bridge.scoring.providers.ask import ask
from bridge.scoring.providers.route import Route, route
from bridge.vault import Secret

KEY = "sk-the-right-key-4f9c"
EMAIL = "I have been waiting for an answer since Monday and my shop cannot take orders. Please look into it. " * 5


def main() -> None:
    """Prints the table."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    print(
        f"{'dialect':<12}{'latency s':>10}{'in flight':>10}{'calls':>7}{'calls/s':>9}{'CPU ms/call':>12}{'RSS MB':>8}"
    )
    for latency, in_flight, calls in ((0.0, 1, 500), (0.5, 50, 1000), (0.5, 200, 3000), (0.5, 500, 6000)):
        with _fake_provider(latency) as fake:
            assert fake.stdout is not None
            urls = json.loads(fake.stdout.readline())
            for dialect in ("openai", "anthropic"):
                _measure(route(dialect, Secret(KEY), base_url=urls[dialect]), latency, in_flight, calls)
            fake.terminate()


def _fake_provider(latency: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.hosts.provider", "--latency", str(latency)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _measure(way: Route, latency: float, in_flight: int, calls: int) -> None:
    http = Http(Policy(allow_private=True))
    threading.stack_size(256 * 1024)
    with ThreadPoolExecutor(in_flight) as threads:
        list(threads.map(lambda _: ask(http, way, EMAIL), range(in_flight)))  # connections and threads are there
        cpu, clock = time.process_time(), time.perf_counter()
        list(threads.map(lambda number: ask(http, way, f"{number} {EMAIL}"), range(calls)))
        cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    http.close()
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    name = way.profile.name
    print(
        f"{name:<12}{latency:>10}{in_flight:>10}{calls:>7}{calls / clock:>9.0f}{cpu / calls * 1000:>12.2f}{rss:>8.0f}"
    )


if __name__ == "__main__":
    main()
