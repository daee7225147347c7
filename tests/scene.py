"""A small world in a database, without a runtime: what the store's tests begin with.

Times are counted from NOW, so that no test depends on the clock. Texts stay as they are: nobody decrypts them here.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bridge.connector import LabelChange, Target, TargetKind, WriteResult, WriteStatus
from bridge.model import Author, Message, Origin, ScorerName, Verdict
from bridge.scale import FOUR
from bridge.store import connections, queue, receivers, workspaces
from bridge.store.database import Database
from bridge.store.inbox import Arrival, Receipt, store_arrivals
from bridge.store.queue import Room
from bridge.store.scores import PendingMessage, ScoredRow, pending_messages, settle_scores
from bridge.store.tables import messages
from bridge.store.ticket_writes import PendingTicket, TicketWritten, begin_writes, settle_write
from bridge.workspace_settings import WorkspaceSettings

NOW = 1_764_000_000.0
ROOM = Room(rows=1000, bulk_rows=1000, default_in_flight=1000)
SCORER = ScorerName("test", "test", "1")

_numbers = itertools.count(1)

Row = sa.Row[Any]


def ticket(name: str) -> Target:
    return Target(TargetKind.TICKET, name)


def message(
    ticket_id: str = "T-1",
    message_id: str | None = None,
    at: float = NOW,
    author: Author = Author.CUSTOMER,
    text: str | None = "sealed",
) -> Message:
    """A message; its id is new unless given."""
    return Message(ticket_id, message_id or f"m-{next(_numbers)}", author, "a-1", text, at)


def verdict(score: int | None) -> Verdict:
    return Verdict(score, None, (), (), SCORER)  # type: ignore[arg-type]


class Scene:
    """Workspaces, connections and what arrives for them."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def workspace(self, **settings: Any) -> int:
        """The id of a new workspace."""
        wanted = WorkspaceSettings(**settings)
        slug = f"team-{next(_numbers)}"
        return self.database.write(lambda c: workspaces.insert(c, slug, slug, wanted, "sealed")).id

    def switch(self, workspace_id: int, **settings: Any) -> None:
        wanted = WorkspaceSettings(**settings)
        self.database.write(lambda c: workspaces.update_settings(c, workspace_id, wanted))

    def connection(self, workspace_id: int | None = None, kind: str = "writable") -> str:
        """The id of a new connection, of a new workspace unless one is given."""
        home = self.workspace() if workspace_id is None else workspace_id
        return self.database.write(lambda c: _connection(c, home, kind))

    def receiver(self, workspace_id: int, kind: str = "webhook", types: Sequence[str] | None = None) -> int:
        """The id of somebody who is told of the workspace's events."""

        def store(connection: sa.Connection) -> int:
            name = f"{kind}-{next(_numbers)}"
            receivers.insert(
                connection,
                workspace_id=workspace_id,
                public_id=name,
                kind=kind,
                target="sealed",
                secrets="sealed",
                types=types,
                origins=["live", "correction"],
                settings={},
                now=NOW,
            )
            return receivers.one(connection, workspace_id, kind == "webhook", name).id

        return self.database.write(store)

    def homes(self, count: int) -> dict[int, str]:
        """So many new workspaces with a connection each."""

        def work(connection: sa.Connection) -> dict[int, str]:
            slugs = [f"team-{next(_numbers)}" for _ in range(count)]
            made = [workspaces.insert(connection, slug, slug, WorkspaceSettings(), "sealed").id for slug in slugs]
            return {workspace: _connection(connection, workspace, "writable") for workspace in made}

        return self.database.write(work)

    def arrival(self, connection_id: str, *items: Message | Target | LabelChange, **more: Any) -> Arrival:
        given: dict[str, Any] = {
            "revision": 1,
            "received_at": NOW,
            "origin": Origin.LIVE,
            "messages": [one for one in items if isinstance(one, Message)],
            "targets": [one for one in items if isinstance(one, Target)],
            "label_changes": [one for one in items if isinstance(one, LabelChange)],
        }
        return Arrival(connection_id, **(given | more))

    def arrive(self, connection_id: str, *items: Message | Target | LabelChange, **more: Any) -> Receipt:
        """Stores what arrived in one webhook or one read."""
        return self.store(self.arrival(connection_id, *items, **more))[0]

    def store(self, *arrivals: Arrival) -> list[Receipt]:
        """Stores several arrivals in one transaction."""
        return self.database.write(lambda c: store_arrivals(c, arrivals))

    def rows(self, table: sa.Table, *where: Any) -> Sequence[Row]:
        with self.database.read() as connection:
            return connection.execute(sa.select(table).where(*where).order_by(table.c.id)).all()

    def row(self, table: sa.Table, *where: Any) -> Row:
        """The only row."""
        (found,) = self.rows(table, *where)
        return found

    def claim(
        self, worker: str = "worker", table: sa.Table = messages, room: Room = ROOM, now: float = NOW, **more: Any
    ) -> list[int]:
        """Claims as an engine does, with a lease from `now`."""

        def work(connection: sa.Connection) -> list[int]:
            ids = queue.claim(connection, table, worker, room, now, **more)
            queue.hold_lease(connection, worker, table.name, "host", 1, now)
            return ids

        return self.database.write(work)

    def free_lost(self, now: float) -> int:
        return self.database.write(lambda c: queue.free_lost(c, now))

    def score(self, connection_id: str, ticket_id: str, *scores: int | None, at: float = NOW, **more: Any) -> None:
        """New customer messages of a ticket, one a second from `at`, each settled with its score."""
        for step, value in enumerate(scores):
            self.arrive(connection_id, message(ticket_id, at=at + step), **more)
            self.settle(dict.fromkeys(self.claim(), value))

    def settle(self, scores: dict[int, int | None], now: float = NOW, writes: bool = True) -> None:
        """Settles claimed messages (by row id) with their scores."""
        self.database.write(lambda c: self.settle_in(c, scores, now, writes))

    def settle_in(
        self, connection: sa.Connection, scores: dict[int, int | None], now: float = NOW, writes: bool = True
    ) -> None:
        """The same in a transaction of the caller's."""
        claimed = pending_messages(connection, list(scores))
        settle_scores(connection, [_scored(one, scores[one.row_id]) for one in claimed], now, lambda _kind: writes)

    def load(self, *ids: int) -> list[PendingMessage]:
        """Claimed messages as they are while they are scored."""
        return self.database.write(lambda c: pending_messages(c, ids))

    def settle_loaded(self, loaded: Sequence[PendingMessage], score: int | None, now: float = NOW) -> None:
        scored = [_scored(one, score) for one in loaded]
        self.database.write(lambda c: settle_scores(c, scored, now, lambda _kind: True))

    def begin(self, *ids: int) -> list[PendingTicket]:
        """The claimed tickets with their open writes."""
        return self.database.write(lambda c: begin_writes(c, ids))

    def answer(self, one: PendingTicket, status: WriteStatus = WriteStatus.DONE, now: float = NOW, **more: Any) -> None:
        """Settles a write with what the helpdesk answered."""
        told = TicketWritten(one, one.after, WriteResult(one.ticket_id, status, **more))
        self.database.write(lambda c: settle_write(c, told, FOUR, now))

    def written(self, *ids: int) -> None:
        """Writes claimed tickets, and the helpdesk takes them."""
        for one in self.begin(*ids):
            self.answer(one)


def _scored(one: PendingMessage, score: int | None) -> ScoredRow:
    return ScoredRow(one, verdict(score), None)


def _connection(connection: sa.Connection, workspace_id: int, kind: str) -> str:
    connection_id = f"{kind}-{next(_numbers)}"
    connections.insert(
        connection,
        connection_id=connection_id,
        workspace_id=workspace_id,
        kind=kind,
        prefix="sentiment",
        hook_hash=f"hash of {connection_id}",
        hook="sealed",
        options="sealed",
        secrets="sealed",
    )
    return connection_id
