"""A workspace with the fake provider as its own, and the real score drain beside it."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from bridge import providers
from bridge.receive import Receiver
from bridge.runtime import Runtime
from bridge.store.tables import State, messages
from bridge.vault import Secret
from jobs.engine import Engine
from jobs.score import DRAIN
from tests.fakes import Home, message
from tests.hosts.provider import KEY, FakeProvider
from tests.waiting import eventually

Found = TypeVar("Found")


def use(runtime: Runtime, home: Home, provider: FakeProvider, dialect: str = "openai", key: str = KEY) -> None:
    """Sets the fake provider as the workspace's own."""
    providers.set(runtime, home.slug, dialect, Secret(key), base_url=provider.base_url(dialect))


def receive(runtime: Runtime, home: Home, texts: Sequence[str], receiver: Receiver | None = None) -> None:
    """Live messages with these texts, each on a ticket of its own."""
    for start in range(0, len(texts), 200):
        part = texts[start : start + 200]
        body, headers = home.event([message(f"T-{start + n}", text=text) for n, text in enumerate(part)])
        (receiver or Receiver(runtime)).receive(home.hook, body, headers)


def rows(runtime: Runtime, home: Home) -> Sequence[sa.Row[Any]]:
    """The workspace's messages in the order of their arrival."""
    with runtime.database.read() as connection:
        query = sa.select(messages).where(messages.c.workspace_id == home.workspace_id).order_by(messages.c.id)
        return connection.execute(query).all()


def caveats(row: sa.Row[Any]) -> list[str]:
    return json.loads(row.caveats) if row.caveats else []


def scorer(row: sa.Row[Any]) -> str:
    name: str = json.loads(row.scorer)[0]
    return name


class Draining:
    """The score drain of one or more worker processes."""

    def __init__(self, *runtimes: Runtime) -> None:
        self._runtime = runtimes[0]
        self._engines = [Engine(one, DRAIN) for one in runtimes]

    def until(self, look: Callable[[], Found | None], what: str, within: float = 30.0) -> Found:
        """Drains until `look` finds something."""

        def found() -> Found | None:
            for engine in self._engines:
                engine.look()
            return look()

        return eventually(found, what, within, every=0.05)

    def all(self, home: Home, within: float = 30.0) -> Sequence[sa.Row[Any]]:
        """Drains until every message of the workspace is settled or set aside; its rows then."""

        def done() -> Sequence[sa.Row[Any]] | None:
            found = rows(self._runtime, home)
            return found if all(row.state != State.PENDING for row in found) else None

        return self.until(done, "every message to be settled", within)

    def put_off(self, home: Home) -> sa.Row[Any]:
        """Drains until a message was put off; the first such row."""
        return self.until(lambda: next((one for one in rows(self._runtime, home) if _waits(one)), None), "a put-off")

    def close(self) -> None:
        for engine in self._engines:
            engine.close(5)


def _waits(row: sa.Row[Any]) -> bool:
    return row.state == State.PENDING and row.worker_id is None and row.last_error is not None


def age(runtime: Runtime, home: Home, seconds: float) -> None:
    """Makes the workspace's messages so much older, and due."""
    older = {"received_at": messages.c.received_at - seconds, "due_at": time.time() - 1}
    runtime.database.write(
        lambda connection: connection.execute(
            sa.update(messages).where(messages.c.workspace_id == home.workspace_id).values(**older)
        )
    )
