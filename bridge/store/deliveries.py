"""The deliveries that are under way: what telling them needs, and what became of each try."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from bridge.model import Origin, Score
from bridge.store.events import EventType
from bridge.store.rows import rows_parameter, rows_sql
from bridge.store.tables import State, deliveries, events, messages, receivers, workspaces


@dataclass(frozen=True, slots=True)
class PendingDelivery:
    """A claimed delivery with its event and its receiver. Target, secrets and indicators are encrypted."""

    row_id: int
    bulk: int
    attempts: int
    workspace_id: int
    slug: str
    settings: str
    """The workspace's settings as JSON."""
    receiver_id: int
    kind: str
    target: str | None = field(repr=False)
    """None: the receiver was removed."""
    secrets: str | None = field(repr=False)
    disabled: bool
    webhook_id: str
    type: EventType
    origin: Origin
    connection_id: str | None
    ticket_id: str | None
    message_id: str | None
    data: str
    indicators: str | None = field(repr=False)
    created_at: float


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one try. `answer` is encrypted."""

    delivery: PendingDelivery
    state: State
    """SETTLED: taken; PENDING: again at `due_at`; DEAD: given up; IGNORED: dropped without a call."""
    at: float
    ms: int
    due_at: float
    error: str | None
    status: int | None = None
    answer: str | None = field(default=None, repr=False)
    slow: bool = False
    gone: bool = False
    """The receiver said that it wants nothing more, ever."""


def pending_deliveries(connection: sa.Connection, ids: Sequence[int]) -> list[PendingDelivery]:
    """The claimed deliveries with what telling needs."""
    d, e, r, w = deliveries.c, events.c, receivers.c, workspaces.c
    given = rows_sql(connection, {"id": "int"})
    query = (
        sa.select(
            d.id, d.bulk, d.attempts, d.workspace_id, w.slug, w.settings, r.id, r.kind, r.target, r.secrets,
            r.disabled_at, e.webhook_id, e.type, e.origin, e.connection_id, e.ticket_id, e.message_id, e.data,
            e.indicators, e.created_at,
        )
        .join(events, e.id == d.event_id)
        .join(receivers, r.id == d.receiver_id)
        .join(workspaces, w.id == d.workspace_id)
        .where(d.id.in_(sa.text(f"SELECT id FROM {given} AS given")))
    )  # fmt: skip
    rows = connection.execute(query, {"rows": rows_parameter([[i] for i in ids])})
    return [
        PendingDelivery(*row[:10], row[10] is not None, row[11], EventType(row[12]), Origin(row[13]), *row[14:])
        for row in rows
    ]


_TRIED = {
    "id": "int",
    "state": "int",
    "due_at": "float",
    "error": "text",
    "status": "int",
    "answer": "text",
    "ms": "int",
    "at": "float",
}


def settle_tries(connection: sa.Connection, tried: Sequence[Tried]) -> None:
    """Stores what became of the deliveries, and how their receivers do."""
    connection.execute(
        sa.text(
            "UPDATE deliveries SET worker_id = NULL, state = given.state, due_at = given.due_at, deaths = 0,"
            " attempts = attempts + 1, last_error = given.error, status = given.status, answer = given.answer,"
            " ms = given.ms, tried_at = given.at,"
            f" sent_at = CASE WHEN given.state = {int(State.SETTLED)} THEN given.at ELSE sent_at END"
            f" FROM {rows_sql(connection, _TRIED)} AS given WHERE deliveries.id = given.id"
        ),
        {"rows": rows_parameter([_row(one) for one in tried])},
    )
    _put_off_those_behind(connection, [one for one in tried if one.state is State.PENDING])
    _note_receivers(connection, [one for one in tried if one.state is not State.IGNORED])
    for one in tried:
        if one.gone:
            disable(connection, one.delivery.receiver_id, one.error or "it wants nothing more", one.at)


def _row(one: Tried) -> list[object]:
    return [one.delivery.row_id, int(one.state), one.due_at, one.error, one.status, one.answer, one.ms, one.at]


_BEHIND = {"id": "int", "receiver_id": "int", "connection_id": "text", "ticket_id": "text", "due_at": "float"}


def _put_off_those_behind(connection: sa.Connection, tried: Sequence[Tried]) -> None:
    """What waits behind them need not be looked at before: it would be passed over in every claim."""
    rows = [
        [one.delivery.row_id, one.delivery.receiver_id, one.delivery.connection_id, one.delivery.ticket_id, one.due_at]
        for one in tried
        if one.delivery.ticket_id is not None
    ]
    if not rows:
        return
    connection.execute(
        sa.text(
            f"UPDATE deliveries SET due_at = given.due_at FROM {rows_sql(connection, _BEHIND)} AS given"
            " WHERE deliveries.receiver_id = given.receiver_id AND deliveries.connection_id = given.connection_id"
            " AND deliveries.ticket_id = given.ticket_id AND deliveries.ticket_id IS NOT NULL AND deliveries.state = 0"
            " AND deliveries.worker_id IS NULL AND deliveries.id > given.id AND deliveries.due_at < given.due_at"
        ),
        {"rows": rows_parameter(rows)},
    )


_NOTED = {"id": "int", "bad": "int", "good": "int", "error": "text", "at": "float", "sent_at": "float"}


def _note_receivers(connection: sa.Connection, tried: Sequence[Tried]) -> None:
    if not tried:
        return
    rows: dict[int, list[object]] = {}
    for one in sorted(tried, key=lambda one: one.at):
        taken = one.state is State.SETTLED
        before = rows.get(one.delivery.receiver_id, [0, 0, 0, None, 0.0, None])
        strikes = 0 if taken and not one.slow else int(before[1]) + 1  # type: ignore[call-overload]
        # A good answer forgives the bad ones before it; taken but slow counts against it, and is no error.
        good = int(bool(before[2]) or (taken and not one.slow))
        sent_at = one.at if taken else before[5]
        rows[one.delivery.receiver_id] = [
            one.delivery.receiver_id, strikes, good, None if taken else one.error, one.at, sent_at,
        ]  # fmt: skip
    ordered = [rows[key] for key in sorted(rows)]
    if connection.dialect.name != "sqlite":  # two workers that note the same receivers must not wait in a circle
        connection.execute(
            sa.text(
                f"SELECT id FROM receivers WHERE id IN (SELECT id FROM {rows_sql(connection, {'id': 'int'})} AS given)"
                " ORDER BY id FOR NO KEY UPDATE"
            ),
            {"rows": rows_parameter([[row[0]] for row in ordered])},
        )
    connection.execute(
        sa.text(
            "UPDATE receivers SET strikes = CASE WHEN given.good = 1 THEN given.bad ELSE strikes + given.bad END,"
            " failing_since = CASE WHEN given.error IS NULL THEN NULL"
            " WHEN given.good = 1 OR failing_since IS NULL THEN given.at ELSE failing_since END,"
            " error = given.error, last_sent_at = COALESCE(given.sent_at, last_sent_at)"
            f" FROM {rows_sql(connection, _NOTED)} AS given WHERE receivers.id = given.id"
        ),
        {"rows": rows_parameter(ordered)},
    )


def disable(connection: sa.Connection, receiver_id: int, reason: str, now: float) -> None:
    """The receiver is told nothing more until a person enables it; what waits for it is given up."""
    connection.execute(
        sa.update(receivers)
        .where(receivers.c.id == receiver_id, receivers.c.disabled_at.is_(None))
        .values(disabled_at=now, error=reason)
    )
    give_up(connection, receiver_id, State.DEAD, reason)


def give_up(connection: sa.Connection, receiver_id: int, state: State, reason: str) -> None:
    """Gives up what waits for the receiver (DEAD), or drops it. What is under way is settled by whoever holds it."""
    connection.execute(
        sa.text(
            f"UPDATE deliveries SET state = {int(state)}, last_error = :reason"
            " WHERE receiver_id = :receiver AND state = 0 AND worker_id IS NULL"
        ),
        {"receiver": receiver_id, "reason": reason},
    )


def last_scores(connection: sa.Connection, connection_id: str, ticket_id: str, most: int) -> tuple[Score, ...]:
    """The ticket's last scores, the oldest first."""
    m = messages.c
    mine = sa.and_(m.connection_id == connection_id, m.ticket_id == ticket_id, m.score.is_not(None))
    newest = sa.select(m.score).where(mine).order_by(m.written_at.desc(), m.id.desc()).limit(most)
    return tuple(reversed([Score(score) for score in connection.execute(newest).scalars()]))
