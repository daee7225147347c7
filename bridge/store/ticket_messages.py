"""The messages from which tickets' states are computed. Of a long ticket only the last ones are read.

What the earlier ones come to is kept with the ticket. It holds as long as nothing written before its end changes; who
changes something there, or does not know when it was written, drops it, and the whole ticket is read.
"""

import json
from collections.abc import Mapping

import sqlalchemy as sa

from bridge.conversation import Earlier, has_enough
from bridge.model import ScoredMessage
from bridge.store.rows import rows_parameter, rows_sql, statement

TicketKey = tuple[str, str]
"""A connection's id and a ticket's id."""

_BEGINNING = -1e15
_AFTER = {"connection_id": "text", "ticket_id": "text", "after": "float"}


def scored_messages(
    connection: sa.Connection, earlier: Mapping[TicketKey, Earlier | None]
) -> dict[TicketKey, tuple[list[ScoredMessage], Earlier | None]]:
    """The tickets' scored messages behind what is summed up already, with that sum where it serves."""
    found = _behind(connection, {key: None if one is None else one.until for key, one in earlier.items()})
    # The messages behind the sum may have been forgotten or become unknown since.
    short = [key for key, one in earlier.items() if one is not None and not has_enough(found.get(key, ()))]
    if short:
        found |= {key: [] for key in short} | _behind(connection, dict.fromkeys(short))
    return {key: (found.get(key, []), None if key in short else one) for key, one in earlier.items()}


def _behind(connection: sa.Connection, ends: Mapping[TicketKey, float | None]) -> dict[TicketKey, list[ScoredMessage]]:
    rows = connection.execute(
        statement(_query(connection)),
        {"rows": rows_parameter([[*key, _BEGINNING if end is None else end] for key, end in ends.items()])},
    )
    found: dict[TicketKey, list[ScoredMessage]] = {}
    for connection_id, ticket_id, message_id, written_at, score, label in rows:
        found.setdefault((connection_id, ticket_id), []).append(ScoredMessage(message_id, written_at, score, label))
    return found


def _query(connection: sa.Connection) -> str:
    given = f"{rows_sql(connection, _AFTER)} AS given"
    columns = "m.connection_id, m.ticket_id, m.message_id, m.written_at, m.score, m.label"
    # One that is being scored anew counts as it was until then.
    behind = (
        "m.connection_id = given.connection_id AND m.ticket_id = given.ticket_id AND m.written_at > given.after"
        " AND m.label IS NOT NULL"
    )
    if connection.dialect.name == "sqlite":
        return f"SELECT {columns} FROM {given} JOIN messages m ON {behind}"
    # Ticket by ticket: PostgreSQL takes the rows given for a hundred, and would read the whole table for a few tickets
    # that are long.
    return f"SELECT m.* FROM {given} CROSS JOIN LATERAL (SELECT {columns} FROM messages m WHERE {behind} OFFSET 0) AS m"


def as_text(one: Earlier | None) -> str | None:
    """A sum as the ticket's row keeps it."""
    if one is None:
        return None
    return json.dumps(
        [one.until, one.messages, one.unknown, one.first, one.first_at, one.lowest, one.negative_at, one.sums],
        separators=(",", ":"),
    )


def from_text(text: str | None) -> Earlier | None:
    """The sum that `as_text` stored."""
    if text is None:
        return None
    until, messages, unknown, first, first_at, lowest, negative_at, sums = json.loads(text)
    return Earlier(until, messages, unknown, tuple(first), first_at, lowest, negative_at, tuple(sums))
