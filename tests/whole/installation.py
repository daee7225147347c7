"""A whole installation in real processes: `moodbridge up` on a fresh data directory, used from outside."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bridge import signing
from tests.waiting import eventually

MOODBRIDGE = Path(sys.executable).with_name("moodbridge")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Installation:
    """What somebody who runs Moodbridge has: commands, an address, and a log."""

    data_dir: Path
    port: int
    log: Path
    environ: dict[str, str]
    up: tuple[str, ...] = (str(MOODBRIDGE), "up")
    process: "subprocess.Popen[bytes] | None" = None
    told: int = 0
    """Bytes of the log from before the last start."""

    def start(self) -> None:
        """`moodbridge up`, until it takes messages."""
        self.told = self.log.stat().st_size
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.up, env=self.environ, stdout=log, stderr=log, start_new_session=True)
        eventually(self._started, "everything to start")

    def _started(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        return b"all started" in self.log.read_bytes()[self.told :]

    def stop(self) -> int:
        """SIGTERM, as an operating system stops it; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self) -> None:
        """The plug is pulled."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    def run(self, *words: str) -> Any:
        """What a command prints as JSON."""
        done = subprocess.run(
            [MOODBRIDGE, *words, "--json"], env=self.environ, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body of an answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def processes(self) -> dict[str, int]:
        """The processes that it runs: title (of Redis the program) to process id."""
        assert self.process is not None
        found = subprocess.run(["ps", "-ww", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
        rows = [line.split(None, 2) for line in found.splitlines()[1:]]
        mine = [row for row in rows if len(row) == 3 and int(row[1]) == self.process.pid]
        return {("redis" if "-server " in args else args.strip()): int(pid) for pid, _, args in mine}


@dataclass(frozen=True)
class Sender:
    """A program that posts messages through the `api` connector."""

    at: Installation
    path: str
    secret: str

    def send(self, *items: dict[str, Any]) -> tuple[int, Any]:
        """Status and answer of one signed webhook."""
        body = event(*items)
        headers = signing.headers(self.secret, f"msg_{time.time_ns()}", int(time.time()), body)
        status, answer = self.at.request("POST", self.path, body, {**headers, "content-type": "application/json"})
        return status, json.loads(answer)


def event(*items: dict[str, Any]) -> bytes:
    """The body of a webhook with these messages."""
    value = {"type": "message.created", "timestamp": "2026-11-22T10:00:00Z", "data": list(items)}
    return json.dumps(value).encode()


def message(ticket: str, name: str, text: str, at: str = "2026-11-22T10:00:00Z") -> dict[str, Any]:
    """A customer's message as the `api` connector takes it."""
    return {
        "ticket_id": ticket,
        "message_id": name,
        "author": "customer",
        "author_id": "c-9",
        "text": text,
        "created_at": at,
    }


def connected(at: Installation, slug: str = "acme") -> Sender:
    """A new workspace with an `api` connection."""
    at.run("workspace", "add", slug)
    made = at.run("connect", "api", "--workspace", slug)
    return Sender(at, urlsplit(made["hook_url"]).path, made["secret"])


@contextlib.contextmanager
def installed(folder: Path, *up: str, **settings: str) -> Iterator[Installation]:
    """An installation in a folder of its own, ended with all its processes. `up`: another way to start it."""
    port = free_port()
    own = ("MOODBRIDGE_", "DATABASE_URL", "REDIS_URL", "HOST", "PORT", "METRICS_PORT")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    environ |= {"MOODBRIDGE_DATA_DIR": str(folder / "data"), "HOST": "127.0.0.1", "PORT": str(port), **settings}
    made = Installation(folder / "data", port, folder / "up.log", environ)
    if up:
        made.up = up
    made.log.touch()
    try:
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.kill()
