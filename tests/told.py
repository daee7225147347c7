"""Somebody who is told: a strict receiver of signed webhooks, and events to tell it of."""

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, TypeVar

import sqlalchemy as sa
from standardwebhooks import Webhook

from bridge import webhooks
from bridge.model import Origin
from bridge.runtime import Runtime
from bridge.store.events import Event, EventType, Inserted, insert_events
from bridge.store.tables import deliveries, receivers
from jobs.engine import Engine
from jobs.notify import DRAIN
from tests.bridge.loopback import answer, http_server
from tests.fakes import Home
from tests.waiting import eventually

Found = TypeVar("Found")
Row = sa.Row[Any]

_numbers = itertools.count(1)

CHANGED = {
    "before": {"label": "neutral", "score": 0.1},
    "after": {"label": "urgent", "score": -0.82},
    "trend": {"trend": "declining", "direction": -0.61, "current_avg": -0.55},
    "confidence": 0.86,
    "caveats": [],
    "scorer": {"provider": "openai", "model": "gpt-6-luna", "prompt": "3"},
    "scored_at": "2026-11-22T10:00:00Z",
}


@dataclass
class Call:
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]


Answer = tuple[int, bytes, dict[str, str]]
Reply = Callable[[int, Call], Answer]
"""Status, body and headers for the n-th call, counted from 1."""


def answers(status: int = 200, body: bytes = b"", headers: dict[str, str] | None = None, after: float = 0.0) -> Reply:
    """The same answer to every call, after so many seconds."""

    def reply(_number: int, _call: Call) -> Answer:
        time.sleep(after)
        return status, body, headers or {}

    return reply


@dataclass
class Listener:
    """What came in, and how it answers."""

    url: str
    calls: list[Call] = field(default_factory=list)
    reply: Reply = field(default_factory=answers)
    under_way: int = 0
    most_under_way: int = 0

    def verified(self, secret: str) -> list[Any]:
        """The events, each verified by the independent package. Raises its error for one that does not verify."""
        return [Webhook(secret).verify(call.body, call.headers) for call in self.calls]


@contextmanager
def listening() -> Iterator[Listener]:
    """A server on loopback that takes POSTs only."""
    lock = threading.Lock()
    listener = Listener("")

    def reply(handler: BaseHTTPRequestHandler) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        call = Call(handler.path, headers, handler.body, time.time())  # type: ignore[attr-defined]
        with lock:
            listener.calls.append(call)
            number = len(listener.calls)
            listener.under_way += 1
            listener.most_under_way = max(listener.most_under_way, listener.under_way)
        status, body, more = listener.reply(number, call) if handler.command == "POST" else answers(405)(number, call)
        with lock:
            listener.under_way -= 1
        answer(handler, status, body, more)

    with http_server(reply) as server:
        listener.url = f"http://127.0.0.1:{server.server_port}/told"
        yield listener


def event(home: Home, ticket_id: str | None = "T-1", **values: Any) -> Event:
    """A changed label of a ticket."""
    given: dict[str, Any] = {
        "workspace_id": home.workspace_id,
        "type": EventType.SENTIMENT_CHANGED,
        "origin": Origin.LIVE,
        "data": CHANGED,
        "created_at": time.time(),
        "connection_id": home.connection,
        "ticket_id": ticket_id,
        "message_id": f"m-{next(_numbers)}",
    }
    return Event(**(given | values))


def happen(runtime: Runtime, *events: Event) -> Inserted:
    """The events, committed."""
    return runtime.database.write(lambda connection: insert_events(connection, events))


def endpoint(runtime: Runtime, home: Home, url: str, **more: Any) -> tuple[str, str]:
    """Id and secret of a new endpoint."""
    made = webhooks.add(runtime, home.slug, url, **more)
    return made.endpoint.id, made.secret.reveal()


def sent(runtime: Runtime) -> Sequence[Row]:
    """Every delivery, in the order of ids."""
    with runtime.database.read() as connection:
        return connection.execute(sa.select(deliveries).order_by(deliveries.c.id)).all()


def receiver(runtime: Runtime, public_id: str) -> Row:
    with runtime.database.read() as connection:
        return connection.execute(sa.select(receivers).where(receivers.c.public_id == public_id)).one()


def make_due(runtime: Runtime) -> None:
    """As if every wait for another try were over."""
    runtime.database.write(
        lambda c: c.execute(sa.update(deliveries).where(deliveries.c.state == 0).values(due_at=time.time() - 1))
    )


class Notifying:
    """The notify drain of one or more worker processes."""

    def __init__(self, *runtimes: Runtime) -> None:
        self._engines = [Engine(one, DRAIN) for one in runtimes]
        self._runtime = runtimes[0]

    def until(self, look: Callable[[], Found | None], what: str, within: float = 30.0) -> Found:
        """Drains until `look` finds something."""

        def found() -> Found | None:
            for engine in self._engines:
                engine.look()
            return look()

        return eventually(found, what, within)

    def all(self, within: float = 30.0) -> Sequence[Row]:
        """Drains until nothing waits; the deliveries then."""

        def done() -> Sequence[Row] | None:
            rows = sent(self._runtime)
            return rows if all(row.state != 0 for row in rows) else None

        return self.until(done, "every delivery", within)

    def tried(self, count: int = 1) -> Sequence[Row]:
        """Drains until the first delivery was tried so often and let go; the deliveries then."""

        def done() -> Sequence[Row] | None:
            rows = sent(self._runtime)
            return rows if rows[0].attempts >= count and rows[0].worker_id is None else None

        return self.until(done, f"try {count}")

    def close(self) -> None:
        for engine in self._engines:
            engine.close(5)
