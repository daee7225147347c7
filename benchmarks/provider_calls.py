"""What a call to an AI provider costs us: its tokens, CPU of our code, calls a second, memory, at 1 to 500 in flight.

`python -m benchmarks provider_calls`. The fake provider of the tests runs in a process of its own.
"""

import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from benchmarks.machine import heading, table
from bridge.http import Http, Policy
from bridge.scoring.providers import prompt
from bridge.scoring.providers.ask import ask
from bridge.scoring.providers.route import Route, route
from bridge.vault import Secret

KEY = "sk-the-right-key-4f9c"
EMAIL = "I have been waiting for an answer since Monday and my shop cannot take orders. Please look into it. " * 5
CASES = ((0.0, 1, 500), (0.5, 50, 1000), (0.5, 200, 3000), (0.5, 500, 6000))  # latency, in flight, calls


def main() -> None:
    """Prints the table."""
    heading("A call to a provider, without the drain around it")
    print(
        f"Beside the message: {prompt.INSTRUCTION_TOKENS} tokens of instructions and markers,"
        f" {prompt.SCHEMA_TOKENS} of schema, {prompt.REPLY_TOKENS} of a usual reply"
        " (o200k, counted by tests/bridge/scoring/test_provider_prompt.py).\n"
    )
    table(("dialect", "latency s", "in flight", "calls", "calls/s", "CPU ms a call", "RSS MB"), _rows())


def _rows() -> Iterator[Sequence[object]]:
    for latency, in_flight, calls in CASES:
        with _fake_provider(latency) as urls:
            for dialect in ("openai", "anthropic"):
                way = route(dialect, Secret(KEY), base_url=urls[dialect])
                yield dialect, latency, in_flight, calls, *_measured(way, in_flight, calls)


@contextmanager
def _fake_provider(latency: float) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "tests.hosts.provider", "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


def _measured(way: Route, in_flight: int, calls: int) -> Sequence[object]:
    http = Http(Policy(allow_private=True))
    threading.stack_size(256 * 1024)
    with ThreadPoolExecutor(in_flight) as threads:
        list(threads.map(lambda _: ask(http, way, EMAIL), range(in_flight)))  # connections and threads are there
        cpu, clock = time.process_time(), time.perf_counter()
        list(threads.map(lambda number: ask(http, way, f"{number} {EMAIL}"), range(calls)))
        cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    http.close()
    return calls / clock, cpu / calls * 1000, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
