"""When tickets escalated and recovered, and how soon staff answered."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.model import Author
from bridge.store.rows import rows_parameter, rows_sql, statement

MOST = 2000
"""Escalations that are looked at for the numbers of a window: the newest ones."""

_TICKET = {"workspace_id": "int", "connection_id": "text", "ticket_id": "text", "rule": "text", "at": "float"}


@dataclass(frozen=True, slots=True)
class Escalation:
    """When a ticket escalated, the first public reply of staff after it, and when it recovered; None: not yet."""

    at: float
    replied_at: float | None
    recovered_at: float | None


def begin(connection: sa.Connection, rows: Sequence[tuple[int, str, str, str, float]]) -> None:
    """Notes tickets that escalate: workspace, connection, ticket, rule and time."""
    if rows:
        names = ", ".join(_TICKET)
        connection.execute(
            statement(
                f"INSERT INTO escalations ({names}) SELECT {names} FROM {rows_sql(connection, _TICKET)} AS given"
                " WHERE true"
            ),
            {"rows": rows_parameter(rows)},
        )


def end(connection: sa.Connection, tickets: Sequence[tuple[str, str]], now: float) -> None:
    """Notes that these tickets have recovered."""
    if tickets:
        columns = {"connection_id": "text", "ticket_id": "text"}
        connection.execute(
            statement(
                f"UPDATE escalations SET recovered_at = :now FROM {rows_sql(connection, columns)} AS given"
                " WHERE escalations.connection_id = given.connection_id"
                " AND escalations.ticket_id = given.ticket_id AND escalations.recovered_at IS NULL"
            ),
            {"rows": rows_parameter(tickets), "now": now},
        )


def between(connection: sa.Connection, workspace_id: int, since: float, until: float) -> Sequence[Escalation]:
    """The workspace's escalations of that time, the newest first, MOST of them at most."""
    rows = connection.execute(
        statement(
            "SELECT e.at, (SELECT min(m.written_at) FROM messages m WHERE m.connection_id = e.connection_id"
            f" AND m.ticket_id = e.ticket_id AND m.author = '{Author.STAFF}' AND m.written_at > e.at), e.recovered_at"
            " FROM escalations e WHERE e.workspace_id = :workspace AND e.at > :since AND e.at <= :until"
            " ORDER BY e.at DESC LIMIT :most"
        ),
        {"workspace": workspace_id, "since": since, "until": until, "most": MOST},
    )
    return [Escalation(*row) for row in rows]
