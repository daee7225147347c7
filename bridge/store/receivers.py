"""The rows of receivers, and the log of what was sent to one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import sqlalchemy as sa

from bridge.errors import NotFound
from bridge.store.database import Database
from bridge.store.deliveries import give_up
from bridge.store.events import WEBHOOK
from bridge.store.tables import State, deliveries, events, receivers

REMOVED = "its receiver was removed"
RESENT_AT_ONCE = 1000
"""Deliveries made due again in one transaction."""


@dataclass(frozen=True, slots=True)
class ReceiverRow:
    """An endpoint or an alert channel, as stored: target and secrets are encrypted."""

    id: int
    workspace_id: int
    public_id: str
    kind: str
    target: str = field(repr=False)
    secrets: str | None = field(repr=False)
    types: str | None
    origins: str
    settings: str
    failing_since: float | None
    error: str | None
    last_sent_at: float | None
    disabled_at: float | None
    created_at: float


@dataclass(frozen=True, slots=True)
class LogRow:
    """A delivery as the log shows it. `answer` is encrypted."""

    id: int
    webhook_id: str
    type: str
    connection_id: str | None
    ticket_id: str | None
    created_at: float
    state: State
    attempts: int
    due_at: float
    error: str | None
    status: int | None
    answer: str | None = field(repr=False)
    ms: int | None
    tried_at: float | None
    sent_at: float | None


_COLUMNS = [receivers.c[name] for name in ReceiverRow.__slots__]


def insert(
    connection: sa.Connection,
    *,
    workspace_id: int,
    public_id: str,
    kind: str,
    target: str,
    secrets: str | None,
    types: Sequence[str] | None,
    origins: Sequence[str],
    settings: Mapping[str, object],
    now: float,
) -> None:
    """A new receiver; target and secrets are encrypted already."""
    connection.execute(
        sa.insert(receivers).values(
            workspace_id=workspace_id,
            public_id=public_id,
            kind=kind,
            target=target,
            secrets=secrets,
            types=None if types is None else ",".join(types),
            origins=",".join(origins),
            settings=json.dumps(settings),
            created_at=now,
        )
    )


def of_workspace(connection: sa.Connection, workspace_id: int, endpoints: bool) -> Sequence[ReceiverRow]:
    """The workspace's endpoints, or its alert channels; the oldest first."""
    query = sa.select(*_COLUMNS).where(_mine(workspace_id, endpoints)).order_by(receivers.c.id)
    return [ReceiverRow(*row) for row in connection.execute(query)]


def one(connection: sa.Connection, workspace_id: int, endpoints: bool, public_id: str) -> ReceiverRow:
    """Raises NotFound."""
    mine = sa.and_(_mine(workspace_id, endpoints), receivers.c.public_id == public_id)
    row = connection.execute(sa.select(*_COLUMNS).where(mine)).first()
    if row is None:
        what = "webhook" if endpoints else "alert"
        raise NotFound(f"There is no {what} {public_id} here; `moodbridge {what} list SLUG` shows those there are")
    return ReceiverRow(*row)


def _mine(workspace_id: int, endpoints: bool) -> sa.ColumnElement[bool]:
    r = receivers.c
    kind = r.kind == WEBHOOK if endpoints else r.kind != WEBHOOK
    return sa.and_(r.workspace_id == workspace_id, r.removed_at.is_(None), kind)


def remove(connection: sa.Connection, receiver_id: int, now: float) -> None:
    """The receiver is told nothing more, and its target and secrets are forgotten; the log of it stays a while."""
    connection.execute(
        sa.update(receivers).where(receivers.c.id == receiver_id).values(removed_at=now, target=None, secrets=None)
    )
    give_up(connection, receiver_id, State.IGNORED, REMOVED)


def enable(connection: sa.Connection, receiver_id: int) -> None:
    """It is told again of what happens from now on."""
    connection.execute(
        sa.update(receivers)
        .where(receivers.c.id == receiver_id)
        .values(disabled_at=None, error=None, failing_since=None, strikes=0)
    )


def change_secrets(connection: sa.Connection, receiver_id: int, secrets: str) -> None:
    """Stores other secrets (encrypted)."""
    connection.execute(sa.update(receivers).where(receivers.c.id == receiver_id).values(secrets=secrets))


def log(connection: sa.Connection, receiver_id: int, before: int | None, limit: int) -> Sequence[LogRow]:
    """The receiver's deliveries, the newest first, from behind the one with the id `before`."""
    d, e = deliveries.c, events.c
    query = (
        sa.select(
            d.id, e.webhook_id, e.type, d.connection_id, d.ticket_id, e.created_at, d.state, d.attempts, d.due_at,
            d.last_error.label("error"), d.status, d.answer, d.ms, d.tried_at, d.sent_at,
        )
        .join(events, e.id == d.event_id)
        .where(d.receiver_id == receiver_id)
        .order_by(d.id.desc())
        .limit(limit)
    )  # fmt: skip
    if before is not None:
        query = query.where(d.id < before)
    return [LogRow(**{**row, "state": State(row["state"])}) for row in connection.execute(query).mappings()]


def resend_one(connection: sa.Connection, receiver_id: int, delivery_id: int, now: float) -> bool:
    """Makes a delivery due again that is not under way; False when the receiver has none such."""
    return bool(_again(connection, [delivery_id], receiver_id, now))


def resend_since(database: Database, receiver_id: int, since: float, now: float) -> int:
    """Makes due again what was sent or given up of the events since then; how many. In steps that hold no lock long."""
    after, count = 0, 0
    while True:
        ids = database.write(partial(_resend_some, receiver_id=receiver_id, since=since, after=after, now=now))
        if not ids:
            return count
        after, count = ids[-1], count + len(ids)


def _resend_some(connection: sa.Connection, receiver_id: int, since: float, after: int, now: float) -> list[int]:
    d, e = deliveries.c, events.c
    query = (
        sa.select(d.id)
        .join(events, e.id == d.event_id)
        .where(d.receiver_id == receiver_id, d.id > after, e.created_at >= since, d.state != int(State.PENDING))
        .order_by(d.id)
        .limit(RESENT_AT_ONCE)
    )
    ids = list(connection.execute(query).scalars())
    _again(connection, ids, receiver_id, now)
    return ids


def _again(connection: sa.Connection, ids: Sequence[int], receiver_id: int, now: float) -> int:
    d = deliveries.c
    return connection.execute(
        sa.update(deliveries)
        .where(d.id.in_(ids), d.receiver_id == receiver_id, d.worker_id.is_(None))
        .values(state=int(State.PENDING), due_at=now, attempts=0, deaths=0, last_error=None)
    ).rowcount
