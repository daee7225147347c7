"""Load on a hook: requests signed beforehand, each with an id of its own.

Closed loop: so many connections, each sends its next request when it has its answer (wrk where it is installed,
else asyncio). Open loop: a request is due every so often, whatever became of those before; its time counts from
the moment it was due.
"""

import asyncio
import contextlib
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.events import TICKETS, event, item
from benchmarks.machine import quantile
from benchmarks.rig import Hook
from bridge import signing

CONNECTIONS = 16
BODY_BYTES = 1500
PATIENCE = 15.0


@dataclass
class Outcome:
    """What became of a load: seconds of each answer (wrk tells quantiles only), and how many were not 202."""

    seconds: float
    accepted: int
    bad: int
    p50_ms: float
    p99_ms: float
    times: list[float] = field(default_factory=list, repr=False)

    @property
    def rate(self) -> float:
        """Accepted requests a second."""
        return self.accepted / self.seconds


def request(hook: Hook, number: int, pre: str = "") -> bytes:
    """A whole signed HTTP request."""
    name = f"{pre}{number}"
    ticket = f"T{number % TICKETS}"
    empty = len(event(item(name, ticket, "")))
    payload = event(item(name, ticket, characters=len(name) + 1 + BODY_BYTES - empty))
    signed = signing.headers(hook.secret, f"msg_{name}", int(time.time()), payload)
    lines = [f"POST {hook.path} HTTP/1.1", "Host: bridge", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(payload)}", *(f"{key}: {value}" for key, value in signed.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + payload


def closed_loop(port: int, hook: Hook, seconds: float, most: int, pre: str = "") -> Outcome:
    """16 connections for so many seconds; stops early when `most` requests were sent."""
    requests = [request(hook, number, pre) for number in range(most)]
    if shutil.which("wrk") is None:
        return asyncio.run(_closed(port, requests, seconds))
    return _wrk(port, requests, seconds)


def open_loop(port: int, requests: Sequence[bytes], rate: float) -> Outcome:
    """Sends the requests at so many a second over 16 connections."""
    return asyncio.run(_open(port, requests, rate))


_SCRIPT = """
local requests, at = {}, 0
local file = io.open("%s", "rb")
while true do
  local size = file:read(8)
  if size == nil then break end
  requests[#requests + 1] = file:read(tonumber(size))
end
function request()
  at = at + 1
  return requests[at] or requests[#requests]
end
"""


def _wrk(port: int, requests: Sequence[bytes], seconds: float) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "requests").write_bytes(b"".join(b"%08d" % len(one) + one for one in requests))
        (folder / "script.lua").write_text(_SCRIPT % (folder / "requests"))
        command = [
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{seconds:.0f}",
            "--latency",
            "--timeout",
            "30s",
            "-s",
            str(folder / "script.lua"),
        ]
        command.append(f"http://127.0.0.1:{port}/")
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def found(pattern: str) -> str:
        match = re.search(pattern, told)
        return match[1] if match else "0"

    bad, errors = int(found(r"Non-2xx or 3xx responses: (\d+)")), found(r"Socket errors: (.*)")
    if errors != "0":
        raise RuntimeError(f"wrk: {errors}")
    total, took = int(found(r"(\d+) requests in")), _unit(found(r"requests in ([\d.]+\w+)"))
    if total > len(requests):
        raise RuntimeError(f"{total} requests were sent, only {len(requests)} were prepared")
    p50, p99 = _unit(found(r"\n +50% +(\S+)")), _unit(found(r"\n +99% +(\S+)"))
    return Outcome(took, total - bad, bad, p50 * 1000, p99 * 1000)


def _unit(text: str) -> float:
    """wrk's `1.5ms`, `3.2s` or `120us` in seconds; nan where nothing was answered, which wrk tells as `-nanus`."""
    match = re.fullmatch(r"([\d.]+)(us|ms|s|m)?", text)
    if match is None:
        return float("nan")
    number, unit = match.groups()
    return float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, None: 1}[unit]


class _Line:
    """One kept connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> "_Line":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, request: bytes) -> int:
        """The status of the answer."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        await self._reader.readexactly(int(length[1]) if length else 0)
        return int(head[9:12])

    def close(self) -> None:
        self._writer.close()


@contextlib.contextmanager
def _collecting(clock: float) -> Iterator[tuple[list[float], list[int], Outcome]]:
    times: list[float] = []
    statuses: list[int] = []
    outcome = Outcome(0, 0, 0, 0, 0, times)
    yield times, statuses, outcome
    outcome.seconds = time.perf_counter() - clock
    outcome.accepted = statuses.count(202)
    outcome.bad = len(statuses) - outcome.accepted
    outcome.p50_ms, outcome.p99_ms = quantile(times, 0.5) * 1000, quantile(times, 0.99) * 1000


async def _closed(port: int, requests: Sequence[bytes], seconds: float) -> Outcome:
    lines = [await _Line.open(port) for _ in range(CONNECTIONS)]
    left = iter(requests)
    began = time.perf_counter()
    with _collecting(began) as (times, statuses, outcome):

        async def work(line: _Line) -> None:
            for one in left:
                sent = time.perf_counter()
                if sent > began + seconds:
                    return
                statuses.append(await line.ask(one))
                times.append(time.perf_counter() - sent)

        await asyncio.gather(*map(work, lines))
    for line in lines:
        line.close()
    return outcome


async def _open(port: int, requests: Sequence[bytes], rate: float) -> Outcome:
    free: asyncio.Queue[_Line] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await _Line.open(port))
    began = time.perf_counter() + 0.1
    with _collecting(began) as (times, statuses, outcome):

        async def send(due: float, one: bytes) -> None:
            line = await free.get()
            try:
                async with asyncio.timeout(PATIENCE):
                    statuses.append(await line.ask(one))
                times.append(time.perf_counter() - due)
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                statuses.append(0)
                line.close()
                line = await _Line.open(port)
            free.put_nowait(line)

        async with asyncio.TaskGroup() as tasks:
            for number, one in enumerate(requests):
                due = began + number / rate
                if (wait := due - time.perf_counter()) > 0:
                    await asyncio.sleep(wait)
                tasks.create_task(send(due, one))
    while not free.empty():
        free.get_nowait().close()
    return outcome
