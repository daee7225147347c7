"""A strict helpdesk in memory for the drains' tests, and the drains run on it as a worker does."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from bridge.connector import (
    Access,
    Capabilities,
    Connector,
    Gone,
    Received,
    Shown,
    Target,
    TicketWrite,
    WriteResult,
    WriteStatus,
)
from bridge.model import Sentiment, Trend
from bridge.receive import Receiver
from bridge.runtime import Runtime
from bridge.store.queue import free_lost
from bridge.store.tables import State, connections, messages, read_requests, tickets, workers, writes
from jobs import read, score, writeback
from jobs.drain import Drain
from jobs.engine import Engine
from tests import fakes
from tests.fakes import Home
from tests.waiting import eventually

DRAINS: tuple[Drain[Any, Any], ...] = (read.DRAIN, score.DRAIN, writeback.DRAIN)


def label(name: str, score: int | None = None) -> Sentiment:
    return Sentiment(name, score, Trend.STABLE)  # type: ignore[arg-type]


@dataclass
class Desk:
    """What the helpdesk holds, what it was asked, and the trouble it makes."""

    shows: dict[str, Sentiment | None] = field(default_factory=dict)
    """What each ticket shows; a ticket that is not in here is shown on its first write."""
    gone: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    pages: dict[str, Received] = field(default_factory=dict)
    """What reading a ticket or a page brings."""
    written: list[list[str]] = field(default_factory=list)
    """The tickets of each write call."""
    looked: list[list[str]] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    """Raised by the next calls, one each, before anything is done."""
    lost: list[Exception] = field(default_factory=list)
    """Raised by the next write calls, one each, although everything is done."""
    gate: threading.Event | None = None
    """Every call waits for it."""
    most_at_once: int = 0
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def _enter(self) -> None:
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        if self.gate is not None:
            assert self.gate.wait(60)
        with self._lock:
            self._now -= 1
            if self.errors:
                raise self.errors.pop(0)

    def on_write(self, _access: Access, wanted: Sequence[TicketWrite]) -> Sequence[WriteResult]:
        self.written.append([one.ticket_id for one in wanted])
        self._enter()
        results = [self._write(one) for one in wanted]
        if self.lost:
            raise self.lost.pop(0)
        return results

    def _write(self, wanted: TicketWrite) -> WriteResult:
        name = wanted.ticket_id
        if name in self.gone:
            return WriteResult(name, WriteStatus.GONE, reason="deleted")
        if name in self.refused:
            return WriteResult(name, WriteStatus.FAILED, reason="a required field is empty")
        shown = self.shows.get(name)
        expected = wanted.before.label if wanted.before else None
        if shown is not None and shown.label != expected:
            return WriteResult(name, WriteStatus.PERSON, label=shown.label)
        self.shows[name] = wanted.after
        return WriteResult(name, WriteStatus.DONE)

    def on_look(self, _access: Access, names: Sequence[str]) -> Sequence[Shown]:
        self.looked.append(list(names))
        self._enter()
        return [Shown(name, self.shows.get(name)) for name in names if name not in self.gone]

    def on_clear(self, _access: Access, shown: Sequence[Shown]) -> Sequence[WriteResult]:
        self._enter()
        return [self._clear(one) for one in shown]

    def _clear(self, one: Shown) -> WriteResult:
        stands = self.shows.get(one.ticket_id)
        if stands is not None and one.sentiment is not None and stands.label != one.sentiment.label:
            return WriteResult(one.ticket_id, WriteStatus.PERSON, label=stands.label)
        self.shows[one.ticket_id] = None
        return WriteResult(one.ticket_id, WriteStatus.DONE)

    def on_read(self, _access: Access, target: Target) -> Received:
        self.read.append(target.name)
        self._enter()
        if target.name in self.gone:
            raise Gone("deleted")
        return self.pages.get(target.name, Received())

    def connector(self, bulk_size: int = 100) -> Connector:
        return replace(
            fakes.FAKE,
            kind="desk",
            capabilities=Capabilities(
                events=True, readable=True, writes=True, bulk_size=bulk_size, corrections=True, poll_every=60
            ),
            read=self.on_read,
            write=self.on_write,
            look=self.on_look,
        )

    @property
    def writes_of(self) -> Callable[[str], int]:
        return lambda name: sum(name in call for call in self.written)


class Floor:
    """A workspace with the desk connected, and worker processes' engines for each queue."""

    def __init__(self, runtime: Runtime, desk: Desk, connector: Connector | None = None, **settings: str) -> None:
        made = connector or desk.connector()
        self.runtime = replace(runtime, connectors={"desk": made})
        self.desk = desk
        self.home: Home = fakes.home(self.runtime, kind="desk", **settings)
        self.receiver = Receiver(self.runtime)
        self.engines: list[Engine[Any, Any]] = []

    def engine(self, queue: str) -> Engine[Any, Any]:
        """A new worker process's engine."""
        made = Engine(self.runtime, next(one for one in DRAINS if one.queue == queue))
        self.engines.append(made)
        return made

    def drain(self, *queues: str) -> None:
        """Works each queue, one after another, until nothing of it is due or held."""
        for queue in queues:
            engine = self.engine(queue)
            assert not engine.run()
            engine.close(5)

    def says(self, text: str, ticket_id: str = "T-1", message_id: str | None = None, **values: Any) -> None:
        """A customer writes."""
        item = fakes.message(ticket_id, message_id, text=text, **values)
        self.receiver.receive(self.home.hook, *self.home.event([item]))

    def event(self, **parts: Any) -> None:
        self.receiver.receive(self.home.hook, *self.home.event(**parts))

    def rows(self, table: sa.Table) -> Sequence[sa.Row[Any]]:
        with self.runtime.database.read() as connection:
            return connection.execute(
                sa.select(table).where(table.c.workspace_id == self.home.workspace_id).order_by(table.c.id)
            ).all()

    def messages(self) -> Sequence[sa.Row[Any]]:
        return self.rows(messages)

    def reads(self) -> Sequence[sa.Row[Any]]:
        return self.rows(read_requests)

    def tickets(self) -> Sequence[sa.Row[Any]]:
        return self.rows(tickets)

    def writes(self) -> Sequence[sa.Row[Any]]:
        return self.rows(writes)

    def connection(self) -> sa.Row[Any]:
        return self.rows(connections)[0]

    def execute(self, statement: Any) -> None:
        self.runtime.database.write(lambda c: c.execute(statement))

    def all_due(self) -> None:
        """The time of whatever was put off has come."""
        for table in (read_requests, messages, tickets):
            self.execute(sa.update(table).where(table.c.state == int(State.PENDING)).values(due_at=0))
        self.execute(sa.update(connections).values(paused_until=None))

    def kill(self, engine: Engine[Any, Any]) -> None:
        """The worker dies here and now: nothing of what it does from now on reaches the database."""
        engine.stopping.set()
        self.execute(sa.update(workers).where(workers.c.id == engine._worker_id).values(lease_until=time.time() - 1))
        self.runtime.database.write(lambda c: free_lost(c, time.time()))

    def until_called(self, calls: Sequence[object], count: int = 1) -> None:
        eventually(lambda: len(calls) >= count, f"{count} calls of the helpdesk")

    def close(self) -> None:
        if self.desk.gate is not None:
            self.desk.gate.set()
        for one in self.engines:
            one.close(5)
