"""Customers who wait for staff: for each ticket, when to look whether somebody has answered."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.model import Author, Origin
from bridge.store.mood_hours import hour_of
from bridge.store.rows import rows_parameter, rows_sql, statement
from bridge.store.ticket_messages import TicketKey
from bridge.store.ticket_state import Touched

HOUR = 3600.0

_KEY = {"connection_id": "text", "ticket_id": "text"}
_ROW = {**_KEY, "workspace_id": "int", "message_id": "text", "since": "float", "due_at": "float"}


@dataclass(frozen=True, slots=True)
class Silence:
    """A ticket to look at: since when its customer waits, and whether staff has answered."""

    key: TicketKey
    workspace_id: int
    kind: str
    connected: bool
    since: float
    answered: bool


def expect(connection: sa.Connection, rows: Iterable[tuple[TicketKey, int, str, float, float]]) -> None:
    """Looks at these tickets at a time: key, workspace, message that waits, since when, and when to look."""
    given = [[*key, *rest] for key, *rest in rows]
    if given:
        names = ", ".join(_ROW)
        connection.execute(
            statement(
                f"INSERT INTO silences ({names}) SELECT {names} FROM {rows_sql(connection, _ROW)} AS given WHERE true"
                " ON CONFLICT (connection_id, ticket_id) DO UPDATE SET message_id = excluded.message_id,"
                " since = excluded.since, due_at = excluded.due_at"
            ),
            {"rows": rows_parameter(sorted(given))},
        )


def forget(connection: sa.Connection, keys: Sequence[TicketKey]) -> None:
    """Does not look at these tickets any more."""
    if keys:
        connection.execute(
            statement(
                "DELETE FROM silences WHERE (connection_id, ticket_id) IN"
                f" (SELECT connection_id, ticket_id FROM {rows_sql(connection, _KEY)} AS given)"
            ),
            {"rows": rows_parameter(sorted(keys))},
        )


def due(connection: sa.Connection, now: float, most: int) -> list[Silence]:
    """Some tickets of workspaces that are on whose time has come."""
    rows = connection.execute(
        statement(
            "SELECT s.connection_id, s.ticket_id, s.workspace_id, c.kind, c.status <> 'disconnected', s.since,"
            " EXISTS (SELECT 1 FROM messages m WHERE m.connection_id = s.connection_id AND m.ticket_id = s.ticket_id"
            f" AND m.author = '{Author.STAFF}' AND m.written_at > s.since)"
            " FROM silences s JOIN workspaces w ON w.id = s.workspace_id JOIN connections c ON c.id = s.connection_id"
            " WHERE s.due_at <= :now AND w.enabled = 1 ORDER BY s.due_at LIMIT :most"
        ),
        {"now": now, "most": most},
    )
    return [Silence((row[0], row[1]), row[2], row[3], bool(row[4]), row[5], bool(row[6])) for row in rows]


def touched(waiting: Sequence[Silence], writes: Callable[[str], bool]) -> Mapping[TicketKey, Touched]:
    """The tickets as a state computed anew takes them: nothing but the time has changed. It was a live message."""
    return {
        one.key: Touched(
            one.workspace_id,
            Origin.LIVE,
            one.connected and writes(one.kind),
            may_alert=True,
            since=float("inf"),
            hours=frozenset((hour_of(one.since),)),
            silent=True,
        )
        for one in waiting
    }
