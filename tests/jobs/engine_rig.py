"""An engine on things that tests decide about: what both files of its tests begin with."""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bridge.runtime import Runtime
from bridge.store.queue import PutOff
from bridge.store.tables import State, messages
from jobs.drain import Done, Drain
from jobs.engine import Engine
from tests.scene import Scene, message


@dataclass(frozen=True, slots=True)
class Thing:
    """A claimed row of these tests: a message, by its id in its helpdesk."""

    row_id: int
    bulk: int
    attempts: int
    name: str


def load(connection: sa.Connection, ids: Sequence[int]) -> list[Thing]:
    m = messages.c
    found = connection.execute(sa.select(m.id, m.bulk, m.attempts, m.message_id).where(m.id.in_(ids)))
    return [Thing(*row) for row in found]


@dataclass
class Work:
    """What the threads do. A name with a gate waits for it; one with an error fails."""

    calls: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    gates: dict[str, threading.Event] = field(default_factory=dict)
    errors: dict[str, Exception] = field(default_factory=dict)
    settles: list[int] = field(default_factory=list)
    unsettled: dict[str, Exception] = field(default_factory=dict)

    def hang(self, name: str) -> threading.Event:
        gate = self.gates[name] = threading.Event()
        return gate

    def work(self, _runtime: Runtime, unit: Sequence[Thing]) -> Iterable[Done[Thing, str]]:
        for thing in unit:
            self.calls.append(thing.name)
            if thing.name in self.gates:
                assert self.gates[thing.name].wait(60)
            self.ended.append(thing.name)
            if thing.name in self.errors:
                raise self.errors[thing.name]
            if thing.name != "forgotten":
                yield Done(thing, thing.name.upper())

    def settle(
        self, _runtime: Runtime, connection: sa.Connection, done: Sequence[Done[Thing, str]]
    ) -> Sequence[PutOff]:
        self.settles.append(len(done))
        for one in done:
            if one.row.name in self.unsettled:
                raise self.unsettled[one.row.name]
        for one in done:
            connection.execute(
                sa.update(messages)
                .where(messages.c.id == one.row.row_id)
                .values(state=int(State.SETTLED), worker_id=None, label=one.result)
            )
        return ()


class Rig:
    """A database with one connection, and engines that are closed in the end."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.scene = Scene(runtime.database)
        self.work = Work()
        self.workspace = self.scene.workspace()
        self.connection = self.scene.connection(self.workspace)
        self._engines: list[Engine[Thing, str]] = []

    def drain(self, threads: int = 4, capacity: int = 8, **more: Any) -> Drain[Thing, str]:
        given: dict[str, Any] = {"queue": "score", "table": messages, "load": load}
        given |= {"work": self.work.work, "settle": self.work.settle}
        return Drain(threads=threads, capacity=capacity, **(given | more))

    def engine(self, runtime: Runtime | None = None, **more: Any) -> Engine[Thing, str]:
        made = Engine(runtime or self.runtime, self.drain(**more))
        self._engines.append(made)
        return made

    def arrive(self, *names: str, **more: Any) -> None:
        items = [message(name, name) for name in names]
        self.scene.arrive(self.connection, *items, received_at=time.time(), **more)

    def row(self, name: str) -> Any:
        return self.scene.row(messages, messages.c.message_id == name)

    def is_settled(self, *names: str) -> bool:
        return all(self.row(name).state == State.SETTLED for name in names)

    def close(self) -> None:
        for gate in self.work.gates.values():
            gate.set()
        for one in self._engines:
            one.close(5)


NAMES = [f"m{number}" for number in range(30)]
