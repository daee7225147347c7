"""The product with one connector, worked by hand: hooks through the web application, drains when a test says so."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from werkzeug.test import TestResponse

from bridge import connections, workspaces
from bridge.connector import Shown, Target, TargetKind
from bridge.model import Origin
from bridge.runtime import Runtime
from bridge.store import connections as connection_rows
from bridge.store import schedule
from bridge.store.inbox import Arrival, store_arrivals
from bridge.store.tables import State, messages, read_requests, tickets, writes
from bridge.store.tables import connections as connection_table
from bridge.web.app import create_app
from jobs import poll, read, score, writeback
from jobs.engine import Engine
from tests.contract.helpdesk import Helpdesk, Wrote

SLUG = "acme"
DRAINS = {"read": read.DRAIN, "score": score.DRAIN, "writeback": writeback.DRAIN}

SAYS = {
    "positive": "This works perfectly",
    "neutral": "How do I do X?",
    "negative": "This is broken",
    "urgent": "I need this fixed NOW",
}
"""What a customer writes so that the embedded scorer labels it so."""


@dataclass
class Bridge:
    """A workspace with the helpdesk connected."""

    runtime: Runtime
    helpdesk: Helpdesk

    def __post_init__(self) -> None:
        settings = replace(self.runtime.settings, public_url=self.helpdesk.public_url)
        kinds = {self.helpdesk.connector.kind: self.helpdesk.connector}
        self.runtime = replace(self.runtime, settings=settings, connectors=kinds)
        workspaces.add(self.runtime, SLUG, None)
        self.connects_again()
        self._web = create_app(self.runtime).test_client()

    def connects_again(self) -> None:
        """A connection from now on, the first or one after a disconnect."""
        self.connected = self.connect()
        self.connection = self.connected.connection
        self.path = "/hooks/" + self.connected.hook_url.rpartition("/")[2]

    def connect(self, **more: Any) -> connections.Connected:
        """As the command does."""
        return connections.connect(
            self.runtime, SLUG, self.helpdesk.connector.kind, dict(self.helpdesk.options()), **more
        )

    def disconnect(self) -> None:
        connections.disconnect(self.runtime, self.connection)

    def switch(self, on: bool) -> None:
        """Sentiment is switched on or off for the workspace."""
        workspaces.set(self.runtime, SLUG, {"enabled": "true" if on else "false"})

    def secret(self) -> str:
        """The hook's newest secret."""
        return connections.access_to(self.runtime, self.health()).secrets[0]

    # What comes in

    def post(self, body: bytes, secret: str | None = None, at: float | None = None) -> TestResponse:
        """One webhook, as the helpdesk sends it."""
        stamp = time.time() if at is None else at
        return self.send(body, self.helpdesk.headers(body, self.secret() if secret is None else secret, stamp))

    def send(self, body: bytes, headers: Any) -> TestResponse:
        """One webhook with these headers."""
        return self._web.post(self.path, data=body, headers=dict(headers))

    def hears(self, *wrote: Wrote) -> None:
        """The webhooks of what was written arrive, or a poll looks; what they name is read."""
        if self.helpdesk.connector.capabilities.events:
            for body in (body for one in wrote for body in one.events):
                answer = self.post(body)
                assert 200 <= answer.status_code < 300, answer.text
        else:
            self.poll()
        self.drain("read")

    def poll(self) -> None:
        """A look at what changed."""
        self.runtime.database.write(schedule.poll_again)
        poll.poll(self.runtime, time.time())

    def reads(self, ticket_id: str) -> None:
        """A ticket is to be read."""
        target = Target(TargetKind.TICKET, ticket_id)
        arrival = Arrival(self.connection, self.health().revision, time.time(), Origin.LIVE, targets=(target,))
        self.runtime.database.write(lambda connection: store_arrivals(connection, [arrival]))

    # What is done

    def drain(self, *queues: str) -> None:
        """Works each queue until nothing of it is due."""
        for queue in queues:
            engine: Engine[Any, Any] = Engine(self.runtime, DRAINS[queue])
            assert not engine.run(), "it should come to rest"
            engine.close(10)

    def settles(self, *wrote: Wrote) -> None:
        """What was written arrives, is scored and written back."""
        self.hears(*wrote)
        self.drain("score", "writeback")

    def waits(self) -> None:
        """The time of whatever was put off has come."""
        for table in (read_requests, messages, tickets):
            pending = table.c.state == int(State.PENDING)
            self.execute(sa.update(table).where(pending).values(due_at=0))
        self.execute(sa.update(connection_table).values(paused_until=None))

    # What is there

    def execute(self, statement: Any) -> None:
        self.runtime.database.write(lambda connection: connection.execute(statement))

    def rows(self, table: sa.Table) -> Sequence[sa.Row[Any]]:
        with self.runtime.database.read() as connection:
            return connection.execute(sa.select(table).order_by(table.c.id)).all()

    def health(self) -> Any:
        """The connection's row."""
        with self.runtime.database.read() as connection:
            return connection_rows.by_id(connection, self.connection)

    def messages(self) -> list[tuple[str, str, str]]:
        """Ticket, message and author of each, in the order of writing."""
        return [(row.ticket_id, row.message_id, str(row.author)) for row in self._written()]

    def texts(self) -> list[str | None]:
        """The words of each message that are kept, in the order of writing: a customer's, until they are scored."""
        return [None if row.text is None else self.runtime.vault.decrypt(row.text) for row in self._written()]

    def _written(self) -> list[sa.Row[Any]]:
        return sorted(self.rows(messages), key=lambda row: (row.written_at, row.id))

    def label(self, ticket_id: str) -> str | None:
        """What the bridge says of a ticket."""
        found = [row.label for row in self.rows(tickets) if row.ticket_id == ticket_id]
        return found[0] if found else None

    def ticket(self, ticket_id: str) -> sa.Row[Any]:
        """The ticket's row."""
        return next(row for row in self.rows(tickets) if row.ticket_id == ticket_id)

    def look(self, *ticket_ids: str) -> Sequence[Shown]:
        """What the connector says that these tickets show."""
        look = self.helpdesk.connector.look
        assert look is not None
        return look(connections.access_to(self.runtime, self.health()), ticket_ids)

    def write_rows(self, ticket_id: str) -> list[sa.Row[Any]]:
        return [row for row in self.rows(writes) if row.ticket_id == ticket_id]

    def stored(self) -> int:
        """How many rows came of what was received."""
        return len(self.rows(messages)) + len(self.rows(read_requests))

    def pending(self, ticket_id: str) -> sa.Row[Any] | None:
        """The ticket's row while it is still to be written."""
        found = [row for row in self.rows(tickets) if row.ticket_id == ticket_id and row.state == int(State.PENDING)]
        return found[0] if found else None
