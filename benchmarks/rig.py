"""A bridge to measure: a folder, a database and a Redis of its own, and the product's processes one by one."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from benchmarks.events import TEXT, TICKETS, event, item
from bridge import connections, signing, workspaces
from bridge.processes.parent_death import die_with
from bridge.processes.ready import http_ready
from bridge.receive import Receiver
from bridge.runtime import Runtime, open_runtime, upgrade_schema
from bridge.settings import load
from bridge.store.tables import messages
from bridge.vault import new_key
from tests.databases import running_postgres
from tests.redis_server import running_redis

DATABASES = ("SQLite", "PostgreSQL")
SAFE = ("max_connections=200",)
"""PostgreSQL's settings: its own defaults, which flush each commit."""

STOPS_WITHIN = 25.0
STARTS_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Hook:
    """A connection of the `api` kind: where to post and what to sign with."""

    workspace: str
    connection: str
    path: str
    secret: str


class Rig:
    """Its processes run from `start` to `stop`, or to the end of the block; `runtime` is for looking and filling."""

    def __init__(self, folder: Path, database_url: str, redis_url: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("MOODBRIDGE_", "BENCH_"))},
            "MOODBRIDGE_DATA_DIR": str(folder),
            "MOODBRIDGE_SECRET_KEY": new_key().reveal(),
            "MOODBRIDGE_LOG_FORMAT": "json",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "MOODBRIDGE_ALLOW_HOSTS": "127.0.0.1",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
        }
        settings = load(self.environ)
        upgrade_schema(settings)
        self.runtime: Runtime = open_runtime(settings)
        self._receiver = Receiver(self.runtime)
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str, **environ: str) -> "subprocess.Popen[bytes]":
        """Starts `moodbridge COMMAND`; its lines go to a file."""
        return self.run(["-m", "benchmarks.bridge_process", *command], **environ)

    def run(self, arguments: Sequence[str], **environ: str) -> "subprocess.Popen[bytes]":
        """Starts Python with these arguments and the bridge's settings."""
        with open(self.folder / "lines.log", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                env={**self.environ, **environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=partial(die_with, os.getpid()),
            )
        self._running.append(process)
        return process

    def web(self) -> "subprocess.Popen[bytes]":
        """Starts the web server; it answers once this returns."""
        return self.serve(["-m", "benchmarks.bridge_process", "web"])

    def serve(self, arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
        """Starts a web server in the place of the bridge's own; it answers once this returns."""
        process = self.run(arguments)
        until(lambda: http_ready(f"{self.url}/healthz"), STARTS_WITHIN, self.folder / "lines.log", process)
        return process

    def stop(self, *processes: "subprocess.Popen[bytes]") -> None:
        """Asks them to end, and waits."""
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                process.wait(STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._running.remove(process)

    def close(self) -> None:
        """Ends what still runs."""
        for process in self._running:
            process.kill()
            process.wait()
        self.runtime.close()

    def hook(self, workspace: str) -> Hook:
        """A new workspace with a connection of the `api` kind."""
        workspaces.add(self.runtime, workspace)
        made = connections.connect(self.runtime, workspace, "api", {})
        assert made.secret is not None
        return Hook(workspace, made.connection, made.hook_url.removeprefix(self.url), made.secret)

    def fill(self, hook: Hook, count: int, text: str = TEXT) -> None:
        """Lets pending messages of 1,000 characters come in, 500 in a webhook."""
        for start in range(0, count, 500):
            data = [item(f"f{n}", f"T{n % TICKETS}", text, 1000) for n in range(start, min(count, start + 500))]
            body = event(data)
            headers = signing.headers(hook.secret, f"fill-{start}", int(time.time()), body)
            headers["content-type"] = "application/json"
            self._receiver.receive(hook.path.removeprefix("/hooks/"), body, headers)

    def settled(self, since: float = 0.0, until: float = 1e12) -> int:
        """How many messages were scored in this time."""
        with self.runtime.database.read() as connection:
            where = messages.c.scored_at.between(since, until)
            return connection.execute(sa.select(sa.func.count()).where(where)).scalar_one()

    def waits(self, hooks: Sequence[Hook], since: float = 0.0) -> list[float]:
        """Seconds from a message's receipt (of these connections, since then) to its stored score; inf: none yet."""
        c = messages.c
        names = [hook.connection for hook in hooks]
        with self.runtime.database.read() as connection:
            query = sa.select(c.received_at, c.scored_at).where(c.connection_id.in_(names), c.received_at >= since)
            rows = connection.execute(query).all()
        return [float("inf") if row.scored_at is None else row.scored_at - row.received_at for row in rows]


@contextlib.contextmanager
def rig(database: str = "SQLite") -> Iterator[Rig]:
    """A fresh bridge on `database` (one of DATABASES); all of it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="moodbridge-bench-", dir=os.environ.get("BENCH_DIR")))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        redis_url = stack.enter_context(running_redis())
        url = f"sqlite:///{folder / 'moodbridge.db'}"
        if database == "PostgreSQL":
            url = stack.enter_context(stack.enter_context(running_postgres(SAFE)).fresh())
        bridge = Rig(folder, url, redis_url)
        stack.callback(bridge.close)
        yield bridge


@contextlib.contextmanager
def provider(seconds: float) -> Iterator[str]:
    """The URL of a provider that answers after so many seconds."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.stub", str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=partial(die_with, os.getpid()),
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
    finally:
        process.kill()
        process.wait()


def until(
    true: Callable[[], bool], seconds: float, log: Path | None = None, process: "subprocess.Popen[bytes] | None" = None
) -> None:
    """Waits for a condition. Raises TimeoutError with the end of `log` when it does not come in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline or (process is not None and process.poll() is not None):
            raise TimeoutError("not ready: " + (log.read_text()[-2000:] if log else ""))
        time.sleep(0.02)


def free_port() -> int:
    """A port that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
