"""Facts that others may be told of: rows in the transaction that makes them, and their deliveries with them."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import sqlalchemy as sa

from bridge.model import Origin
from bridge.store.rows import rows_parameter, rows_sql, statement
from bridge.store.tables import State

WEBHOOK = "webhook"
"""The kind of a receiver that is somebody's own endpoint; every other kind is an alert channel."""


class EventType(StrEnum):
    """What can be told. Endpoints get all of them but the digest, which is for alert channels."""

    SENTIMENT_CHANGED = "ticket.sentiment_changed"
    ESCALATED = "ticket.escalated"
    RECOVERED = "ticket.recovered"
    MOOD_SHIFTED = "workspace.mood_shifted"
    BUDGET_REACHED = "workspace.budget_reached"
    CONNECTION_FAILING = "connection.failing"
    DIGEST = "workspace.digest"
    TEST = "workspace.test"

    @property
    def of_ticket(self) -> bool:
        return self.value.startswith("ticket.")


FOR_ONE = (EventType.DIGEST, EventType.TEST)
"""Types that only those get that they are sent to by `send_to`."""


@dataclass(frozen=True, slots=True)
class Event:
    """A fact as it is stored.

    `data` is published as it is (scores as numbers of -1 to 1, times as RFC 3339), beside workspace, connection,
    ticket_id, message_id and origin, which are added when it is sent. It never holds a customer's words:
    `indicators` (encrypted JSON list, as a message's row has it) are added where they may be told.
    """

    workspace_id: int
    type: EventType
    origin: Origin
    data: Mapping[str, object]
    created_at: float
    connection_id: str | None = None
    ticket_id: str | None = None
    message_id: str | None = None
    indicators: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Inserted:
    """The rows' ids in the order of the events; `told`: somebody is to be told, so that `notify` must be woken."""

    ids: Sequence[int]
    told: bool


def insert_events(connection: sa.Connection, events: Sequence[Event]) -> Inserted:
    """Stores the events and their deliveries, in the caller's transaction.

    Endpoints get the types and origins that they asked for. Alert channels get events of workspaces and
    connections here; whom a ticket's event alerts is for the caller to decide (`send_to`).
    Two statements when nobody is to be told, three otherwise. Wake `notify` after the commit when `told`.
    """
    if not events:
        return Inserted((), False)
    ids = _insert(connection, events)
    asked = _receivers(connection, {event.workspace_id for event in events})
    rows = [
        _delivery(event, event_id, one.id)
        for event, event_id in zip(events, ids, strict=True)
        for one in asked.get(event.workspace_id, ())
        if _wants(one, event)
    ]
    _deliver(connection, rows)
    return Inserted(ids, bool(rows))


def send_to(connection: sa.Connection, event: Event, event_id: int, receiver_ids: Sequence[int]) -> None:
    """Makes deliveries of a stored event to these receivers. One that has it already is left alone."""
    send_each(connection, [(event, event_id, receiver_ids)])


def send_each(connection: sa.Connection, told: Sequence[tuple[Event, int, Sequence[int]]]) -> None:
    """The same of several events at once: each with its id and its receivers."""
    _deliver(connection, [_delivery(event, event_id, one) for event, event_id, receivers in told for one in receivers])


@dataclass(frozen=True, slots=True)
class _Receiver:
    id: int
    kind: str
    types: tuple[str, ...] | None
    origins: tuple[str, ...]


def _receivers(connection: sa.Connection, workspace_ids: set[int]) -> dict[int, list[_Receiver]]:
    """Those of the workspaces that are told of anything now."""
    found: dict[int, list[_Receiver]] = {}
    asked = rows_sql(connection, {"id": "int"})
    rows = connection.execute(
        statement(
            "SELECT id, workspace_id, kind, types, origins FROM receivers WHERE disabled_at IS NULL"
            f" AND removed_at IS NULL AND workspace_id IN (SELECT id FROM {asked} AS given)"
        ),
        {"rows": rows_parameter([[one] for one in workspace_ids])},
    )
    for row_id, workspace_id, kind, types, origins in rows:
        one = _Receiver(row_id, kind, None if types is None else tuple(types.split(",")), tuple(origins.split(",")))
        found.setdefault(workspace_id, []).append(one)
    return found


def _wants(one: _Receiver, event: Event) -> bool:
    if event.type in FOR_ONE or (event.type.of_ticket and one.kind != WEBHOOK):
        return False
    return event.origin in one.origins and (one.types is None or event.type in one.types)


_EVENT = {
    "workspace_id": "int",
    "webhook_id": "text",
    "type": "text",
    "connection_id": "text",
    "ticket_id": "text",
    "message_id": "text",
    "origin": "text",
    "data": "text",
    "indicators": "text",
    "created_at": "float",
}


def _insert(connection: sa.Connection, events: Sequence[Event]) -> list[int]:
    names, source = ", ".join(_EVENT), rows_sql(connection, _EVENT | {"place": "int"})
    # Ids rise in the order given: in it the events of a ticket are delivered.
    rows = [_event(event) for event in events]
    inserted = connection.execute(
        statement(
            f"INSERT INTO events ({names}) SELECT {names} FROM {source} AS given WHERE true"
            " ORDER BY place RETURNING id, webhook_id"
        ),
        {"rows": rows_parameter([[*row, place] for place, row in enumerate(rows)])},
    )
    ids = {webhook_id: event_id for event_id, webhook_id in inserted}
    return [ids[row[1]] for row in rows]


def _event(event: Event) -> list[object]:
    return [
        event.workspace_id,
        "msg_" + secrets.token_hex(16),
        str(event.type),
        event.connection_id,
        event.ticket_id,
        event.message_id,
        str(event.origin),
        json.dumps(event.data, ensure_ascii=False, separators=(",", ":")),
        event.indicators,
        event.created_at,
    ]


_DELIVERY = {
    "workspace_id": "int",
    "event_id": "int",
    "receiver_id": "int",
    "connection_id": "text",
    "ticket_id": "text",
    "state": "int",
    "bulk": "int",
    "due_at": "float",
}


def _delivery(event: Event, event_id: int, receiver_id: int) -> list[object]:
    bulk = event.origin not in (Origin.LIVE, Origin.CORRECTION)
    return [
        event.workspace_id,
        event_id,
        receiver_id,
        event.connection_id,
        event.ticket_id,
        int(State.PENDING),
        int(bulk),
        event.created_at,
    ]


def _deliver(connection: sa.Connection, rows: Sequence[Sequence[object]]) -> None:
    if not rows:
        return
    names, source = ", ".join(_DELIVERY), rows_sql(connection, _DELIVERY)
    connection.execute(
        statement(
            f"INSERT INTO deliveries ({names}) SELECT {names} FROM {source} AS given WHERE true"
            " ORDER BY event_id, receiver_id ON CONFLICT (event_id, receiver_id) DO NOTHING"
        ),
        {"rows": rows_parameter(rows)},
    )
