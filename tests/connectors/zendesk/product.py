"""Moodbridge whole, on a stand-in of Zendesk: web, drains and polls, on a clock that a test can turn.

Time runs as it does; where the product waits for a moment to come, `settle` turns the clock there. Leases are long, so
that a jump of the clock makes no worker a lost one.
"""

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.serving import make_server

from bridge import connections, workspaces
from bridge.runtime import Runtime
from bridge.store import schedule
from bridge.store.tables import connections as connection_rows
from bridge.store.tables import messages, read_requests, tickets, writes
from bridge.web.app import create_app
from jobs import poll, read, score, writeback
from jobs.engine import Engine
from tests.hosts.zendesk.account import Account, Ticket
from tests.hosts.zendesk.hooks import Sender
from tests.hosts.zendesk.server import Quiet, Running

SAYS = {
    "positive": "This works perfectly",
    "neutral": "How do I do X?",
    "negative": "This is broken",
    "urgent": "I need this fixed NOW",
}
"""What a customer writes so that the embedded scorer labels it so."""

LABELS = list(SAYS)
SLUG = "acme"

POSTGRES_IN_SOAK = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgres", marks=pytest.mark.soak)], indirect=True
)
"""For what takes half a minute on each database."""

STEP = 5.0


@dataclass
class RunningClock:
    """The machine's time, ahead by what was turned."""

    real: Callable[[], float]
    ahead: float = 0.0

    def __call__(self) -> float:
        return self.real() + self.ahead

    def advance(self, seconds: float) -> None:
        self.ahead += seconds


@dataclass
class Front:
    """The web process. `down`: nothing is taken; `moody`: the share of webhooks that meet an error all the same."""

    application: Any
    down: bool = False
    moody: float = 0.0
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        mood = self.dice.random()
        if self.down or mood < self.moody / 2:
            start_response("500 Internal Server Error", [("Content-Length", "0")])
            return [b""]
        if mood < self.moody:
            status, more = self.dice.choice([("409 Conflict", []), ("503 Unavailable", [("Retry-After", "20")])])
            start_response(status, [("Content-Length", "0"), *more])
            return [b""]
        return self.application(environ, start_response)  # type: ignore[no-any-return]


@dataclass
class Product:
    runtime: Runtime
    running: Running
    clock: RunningClock
    sender: Sender
    front: Front
    connection: str = ""
    engines: list[Engine[Any, Any]] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def account(self) -> Account:
        return self.running.account

    def connect(self, **more: Any) -> connections.Connected:
        """As the command does; what Zendesk calls is then our port of this machine."""
        made = connections.connect(self.runtime, SLUG, "zendesk", self.options(), **more)
        self.connection = made.connection
        return made

    def options(self) -> Mapping[str, str]:
        return {
            "subdomain": "acme",
            "client-id": "moodbridge",
            "client-secret": "s3cret-of-the-client",
            "base-url": self.running.url,
        }

    def start(self) -> None:
        """Workers and scheduler begin."""
        self.stopped = threading.Event()
        self.runtime.database.write(schedule.poll_again)
        self.engines = [Engine(self.runtime, module.DRAIN) for module in (read, score, writeback)]
        self.threads = [threading.Thread(target=self._drain, args=(engine, self.stopped)) for engine in self.engines]
        for thread in self.threads:
            thread.start()
        self.front.down = False

    def stop(self) -> None:
        """The whole bridge is down from now on."""
        self.front.down = True
        self.stopped.set()
        for engine in self.engines:
            engine.close(5)
        for thread in self.threads:
            thread.join(10)
        self.engines, self.threads = [], []

    def _drain(self, engine: Engine[Any, Any], stopped: threading.Event) -> None:
        while not stopped.wait(0.02):
            engine.run()

    def settle(self, within: float = 120.0) -> None:
        """Until nothing is left to do, the clock turned to whatever is waited for."""
        end = time.monotonic() + within
        while True:
            assert time.monotonic() < end, f"not done: {self._waiting()[:5]}"
            self.sender.settle(within)
            poll.poll(self.runtime, self.clock())
            waiting = self._waiting()
            if not waiting:
                return
            ahead = min(at for at, _ in waiting) - self.clock()
            if ahead > 0 and not any(worker for _, worker in waiting):
                self.clock.advance(min(ahead + 0.01, STEP))
            else:
                time.sleep(0.01)

    def _waiting(self) -> list[tuple[float, str | None]]:
        """When each pending row may be worked on, and who holds it."""
        found: list[tuple[float, str | None]] = []
        with self.runtime.database.read() as connection:
            pauses = {
                row.id: row.paused_until or 0.0
                for row in connection.execute(sa.select(connection_rows.c.id, connection_rows.c.paused_until))
            }
            for table in (read_requests, messages, tickets):
                rows = connection.execute(
                    sa.select(table.c.due_at, table.c.worker_id, table.c.connection_id).where(table.c.state == 0)
                )
                for row in rows:
                    paused = 0.0 if table is messages else pauses[row.connection_id]
                    found.append((max(row.due_at, paused), row.worker_id))
        return found

    def rows(self, table: sa.Table, *where: Any) -> list[Any]:
        with self.runtime.database.read() as connection:
            return list(connection.execute(sa.select(table).where(*where).order_by(table.c.id)))

    def calls_of(self, action: Callable[[], object]) -> list[tuple[str, str]]:
        """The API calls that an action makes until all is settled, sign-in left out."""
        self.settle()
        before = len(self.account.calls)
        action()
        self.settle()
        return [call for call in self.account.calls[before:] if call[1] != "/oauth/tokens"]

    def field(self, title: str = "Sentiment") -> int:
        return next(one.id for one in self.account.fields.values() if one.title == title)

    def label(self, ticket: Ticket) -> str | None:
        option = ticket.fields.get(self.field())
        return option.removeprefix("sentiment_") if option else None

    def labels(self, some: Iterable[Ticket]) -> set[str | None]:
        return {self.label(ticket) for ticket in some}

    def written_label(self, ticket: Ticket) -> str | None:
        """What the bridge believes that the ticket shows; None while nobody knows what a write of it came to."""
        rows = self.rows(tickets, tickets.c.ticket_id == str(ticket.id))
        is_open = self.rows(writes, writes.c.ticket_id == str(ticket.id), writes.c.state == "sending")
        return rows[0].written_label if rows and not is_open else None


@contextmanager
def product(runtime: Runtime, running: Running, clock: RunningClock) -> Iterator[Product]:
    """A connected, running product until the block ends."""
    workspaces.add(runtime, SLUG)
    front = Front(create_app(runtime))
    server = make_server("127.0.0.1", 0, front, threaded=True, request_handler=Quiet)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    serving.start()
    sender = Sender(running.account)
    sender.address = f"http://127.0.0.1:{server.port}"
    made = Product(runtime, running, clock, sender, front)
    made.connect()
    made.start()
    try:
        yield made
    finally:
        made.sender.stop()
        made.stop()
        server.shutdown()
        serving.join(5)
        server.server_close()
