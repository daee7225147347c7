"""What arrives becomes rows: messages, read requests and people's labels, many arrivals in one transaction.

A message that is known already stays one row. One that came while the workspace was off is known by
its id only, so that a later arrival may still bring its text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.connector import Forgotten, LabelChange, Seen, Target, TargetKind, TicketFacts
from bridge.model import Author, Message, Origin
from bridge.store import facts, seen
from bridge.store.corrections import apply_label_change
from bridge.store.forget import forget
from bridge.store.rows import rows_parameter, rows_sql, statement
from bridge.store.tables import State, connections
from bridge.store.writer import Operation
from bridge.workspace_settings import from_json

EVENT_STAMP_EVERY = 5.0
"""Seconds between two updates of a connection's `last_event_at`: health needs no more, and each is a row written."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one webhook or one read brought for one connection. Customer text is encrypted already."""

    connection_id: str
    revision: int
    """The connection as it was read when the request was verified; another revision means: verify again."""
    received_at: float
    origin: Origin
    messages: Sequence[Message] = ()
    targets: Sequence[Target] = ()
    label_changes: Sequence[LabelChange] = ()
    ignored: int = 0
    seen: Sequence[Seen] = ()
    """What the helpdesk says that tickets showed: kept for the messages and read requests that came with it."""
    forgotten: Sequence[Forgotten] = ()
    facts: Sequence[TicketFacts] = ()
    event: bool = False
    """The helpdesk sent it: it counts as a sign of life of the connection."""
    run: str | None = None
    """The run over old tickets that asked for it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """How many things of an arrival were new, known already, or none of our business."""

    accepted: int = 0
    duplicates: int = 0
    ignored: int = 0
    stale: bool = False
    """The connection changed since the request was verified: nothing was stored."""
    wakes: frozenset[str] = frozenset()
    """The queues in which something is due now."""


@dataclass(frozen=True, slots=True)
class _Connection:
    workspace_id: int
    revision: int
    enabled: bool
    settings: str
    last_event_at: float | None


def store_arrivals(connection: sa.Connection, arrivals: Sequence[Arrival]) -> list[Receipt]:
    """One receipt for each arrival, in order."""
    known = _connections(connection, {arrival.connection_id for arrival in arrivals})
    fresh = [a if _is_fresh(a, known) else None for a in arrivals]
    current = [arrival for arrival in fresh if arrival is not None]
    new_messages = _insert_messages(connection, current, known)
    new_targets = _insert_targets(connection, current, known)
    doubted = seen.doubt(connection, [(a.connection_id, one) for a in current for one in _for_tickets(a)])
    told = [(known[a.connection_id].workspace_id, a.connection_id, one) for a in current for one in a.facts]
    if told:
        facts.store(connection, told)
    receipts: list[Receipt] = []
    for arrival in fresh:
        if arrival is None:
            receipts.append(Receipt(stale=True))
            continue
        things = len(arrival.messages) + len(arrival.targets)
        messages, targets = new_messages.get(id(arrival), 0), new_targets.get(id(arrival), 0)
        changed = _label_changes(connection, arrival, known[arrival.connection_id])
        changed += _forget(connection, arrival, known[arrival.connection_id])
        accepted = messages + targets
        words = messages and any(message.author is Author.CUSTOMER for message in arrival.messages)
        due = {"score": words, "read": targets, "writeback": changed or doubted, "notify": changed}
        wakes = frozenset(queue for queue, count in due.items() if count)
        changes = len(arrival.label_changes) + len(arrival.forgotten)
        duplicates = things - accepted + changes - changed
        if known[arrival.connection_id].enabled:
            receipts.append(Receipt(accepted + changed, duplicates, arrival.ignored, wakes=wakes))
        else:
            ignored = things + changes + arrival.ignored
            receipts.append(Receipt(0, 0, ignored, wakes=wakes & {"read"}))
    _stamp(connection, current, known)
    return receipts


STORE_ARRIVALS: Operation[Arrival, Receipt] = Operation(store_arrivals)


def _connections(connection: sa.Connection, ids: set[str]) -> dict[str, _Connection]:
    source = rows_sql(connection, {"id": "text"})
    found = connection.execute(
        statement(
            "SELECT c.id, c.workspace_id, c.revision, w.enabled, w.settings, c.last_event_at"
            " FROM connections c JOIN workspaces w ON w.id = c.workspace_id"
            f" WHERE c.status <> 'disconnected' AND c.id IN (SELECT id FROM {source} AS given)"
        ),
        {"rows": rows_parameter([[i] for i in ids])},
    )
    return {
        row.id: _Connection(row.workspace_id, row.revision, bool(row.enabled), row.settings, row.last_event_at)
        for row in found
    }


def _is_fresh(arrival: Arrival, known: dict[str, _Connection]) -> bool:
    connection = known.get(arrival.connection_id)
    return connection is not None and connection.revision == arrival.revision


_MESSAGE_COLUMNS = {
    "workspace_id": "int",
    "connection_id": "text",
    "ticket_id": "text",
    "message_id": "text",
    "author": "text",
    "author_id": "text",
    "written_at": "float",
    "received_at": "float",
    "origin": "text",
    "text": "text",
    "state": "int",
    "bulk": "int",
    "due_at": "float",
    "text_hash": "text",
    "seen": "text",
    "run": "text",
}

# What an arrival may bring its text to: a message that came while the workspace was off, or one that `rescore` wants.
_TAKES_TEXT = (
    f"(messages.state = {int(State.IGNORED)} OR (messages.wanted = 1"
    f" AND messages.state = {int(State.SETTLED)} AND excluded.state = {int(State.PENDING)}))"
)
_TAKEN = ("author", "author_id", "written_at", "received_at", "text", "text_hash", "seen", "due_at", "state", "run")


def _insert_messages(
    connection: sa.Connection, arrivals: Sequence[Arrival], known: dict[str, _Connection]
) -> dict[int, int]:
    """How many messages of each arrival (by its `id()`) are new."""
    rows: dict[tuple[str, str, str], tuple[list[object], int]] = {}
    for arrival in _live_first(arrivals):
        home = known[arrival.connection_id]
        for message in arrival.messages:
            key = (arrival.connection_id, message.ticket_id, message.message_id)
            if key not in rows:
                rows[key] = (_message_row(arrival, home, message), id(arrival))
    if not rows:
        return {}
    names = ", ".join(_MESSAGE_COLUMNS)
    # In key order, so that two web processes never wait for each other's rows in a circle.
    ordered = [rows[key][0] for key in sorted(rows)]
    inserted = connection.execute(
        statement(
            f"INSERT INTO messages ({names}) SELECT {names} FROM {rows_sql(connection, _MESSAGE_COLUMNS)} AS given"
            " WHERE true ON CONFLICT (connection_id, ticket_id, message_id) DO UPDATE SET"
            f" origin = CASE WHEN messages.wanted = 1 THEN '{Origin.RESCORE}' ELSE excluded.origin END,"
            " bulk = CASE WHEN messages.wanted = 1 THEN 1 ELSE excluded.bulk END,"
            f" wanted = CASE WHEN {_TAKES_TEXT} THEN NULL ELSE messages.wanted END, "
            + ", ".join(
                f"{name} = CASE WHEN {_TAKES_TEXT} THEN excluded.{name} ELSE messages.{name} END" for name in _TAKEN
            )
            + f" WHERE excluded.state <> {int(State.IGNORED)} AND ({_TAKES_TEXT}"
            # What is scored anew stays bulk work, whoever sends it again.
            " OR (messages.state = 0 AND messages.bulk = 1 AND excluded.bulk = 0 AND messages.label IS NULL))"
            " RETURNING connection_id, ticket_id, message_id, received_at"
        ),
        {"rows": rows_parameter(ordered)},
    )
    counts: dict[int, int] = {}
    for row in inserted:
        given, arrival_id = rows[(row.connection_id, row.ticket_id, row.message_id)]
        # A row that was only moved from bulk to live keeps the time of its first arrival.
        if _same_time(row.received_at, given[7]):
            counts[arrival_id] = counts.get(arrival_id, 0) + 1
    return counts


def _live_first(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """So that of the same thing twice in one batch the live one counts."""
    return sorted(arrivals, key=_bulk)


def _bulk(arrival: Arrival) -> int:
    return int(arrival.origin is not Origin.LIVE)


def _message_row(arrival: Arrival, home: _Connection, message: Message) -> list[object]:
    scored = message.author is Author.CUSTOMER
    if not home.enabled:
        state, text = State.IGNORED, None
    elif scored:
        state, text = State.PENDING, message.text
    else:
        state, text = State.KEPT, None
    return [
        home.workspace_id,
        arrival.connection_id,
        message.ticket_id,
        message.message_id,
        str(message.author),
        message.author_id,
        message.written_at,
        arrival.received_at,
        str(arrival.origin),
        text,
        int(state),
        _bulk(arrival),
        arrival.received_at,
        message.text_hash if text is not None else None,
        _seen_of(arrival, message.ticket_id) if state is State.PENDING else None,
        arrival.run,
    ]


def _seen_of(arrival: Arrival, ticket_id: str) -> str | None:
    return next((seen.as_text(one) for one in arrival.seen if one.ticket_id == ticket_id), None)


def _for_tickets(arrival: Arrival) -> list[Seen]:
    """What no message that is to be scored, and no read request, carries to its ticket."""
    carried = {message.ticket_id for message in arrival.messages if message.author is Author.CUSTOMER}
    carried |= {target.name for target in arrival.targets if target.kind is TargetKind.TICKET}
    return [one for one in arrival.seen if one.ticket_id not in carried]


_TARGET_COLUMNS = {
    "workspace_id": "int",
    "connection_id": "text",
    "kind": "text",
    "name": "text",
    "origin": "text",
    "created_at": "float",
    "state": "int",
    "bulk": "int",
    "due_at": "float",
    "seen": "text",
    "run": "text",
}


def _insert_targets(
    connection: sa.Connection, arrivals: Sequence[Arrival], known: dict[str, _Connection]
) -> dict[int, int]:
    """How many targets of each arrival (by its `id()`) became read requests of their own.

    A new one joins one that nobody has begun, never one that is being worked on. Nothing forces that: two
    that wait for the same thing are read together, and none is ever in the way of another that comes back.
    """
    rows: dict[tuple[str, str, str], tuple[list[object], int]] = {}
    for arrival in _live_first(arrivals):
        home = known[arrival.connection_id]
        for target in arrival.targets:
            key = (arrival.connection_id, str(target.kind), target.name)
            told = _seen_of(arrival, target.name) if target.kind is TargetKind.TICKET else None
            values = [home.workspace_id, *key, str(arrival.origin), arrival.received_at]
            rows.setdefault(key, ([*values, 0, _bulk(arrival), arrival.received_at, told, arrival.run], id(arrival)))
    if not rows:
        return {}
    names = ", ".join(_TARGET_COLUMNS)
    given = f"{rows_sql(connection, _TARGET_COLUMNS)} AS given"
    waits = (
        "r.connection_id = given.connection_id AND r.kind = given.kind AND r.name = given.name"
        " AND r.state = 0 AND r.worker_id IS NULL"
    )
    parameters = {"rows": rows_parameter([row for row, _ in rows.values()])}
    connection.execute(
        statement(
            "UPDATE read_requests AS r SET origin = given.origin, bulk = given.bulk"
            f" FROM {given} WHERE {waits} AND r.bulk > given.bulk"
        ),
        parameters,
    )
    inserted = connection.execute(
        statement(
            f"INSERT INTO read_requests ({names}) SELECT {names} FROM {given}"
            f" WHERE NOT EXISTS (SELECT 1 FROM read_requests AS r WHERE {waits})"
            " RETURNING connection_id, kind, name"
        ),
        parameters,
    )
    counts: dict[int, int] = {}
    for new in inserted:
        _, arrival_id = rows[(new.connection_id, new.kind, new.name)]
        counts[arrival_id] = counts.get(arrival_id, 0) + 1
    return counts


def _same_time(stored: float, given: object) -> bool:
    # SQLite before 3.43 may read a number's text one unit in the last place off.
    return isinstance(given, float) and abs(stored - given) < 0.0005


def _label_changes(connection: sa.Connection, arrival: Arrival, home: _Connection) -> int:
    if not arrival.label_changes or not home.enabled:
        return 0
    scale = from_json(home.settings).buckets
    return sum(
        apply_label_change(connection, home.workspace_id, arrival.connection_id, change, scale, arrival.received_at)
        for change in arrival.label_changes
    )


def _forget(connection: sa.Connection, arrival: Arrival, home: _Connection) -> int:
    return sum(
        forget(connection, home.workspace_id, arrival.connection_id, what, arrival.received_at)
        for what in arrival.forgotten
    )


def _stamp(connection: sa.Connection, arrivals: Sequence[Arrival], known: dict[str, _Connection]) -> None:
    newest = {arrival.connection_id: arrival.received_at for arrival in arrivals if arrival.event}
    for connection_id, at in newest.items():
        before = known[connection_id].last_event_at
        if before is None or at - before >= EVENT_STAMP_EVERY:
            connection.execute(sa.update(connections).where(connections.c.id == connection_id).values(last_event_at=at))
