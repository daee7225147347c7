"""Numbers by the hour: what the messages and tickets of one hour (UTC, counted from 1970) come to.

Nothing is added up as it comes. Whoever changes a message or a ticket notes, in the same transaction, that the hours
concerned are stale; a job counts stale hours anew; until then whoever looks counts them from the messages themselves.
So numbers are right at any moment, and a late arrival or a correction is counted as everything else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.conversation import NEGATIVE_BELOW
from bridge.store.rows import rows_parameter, rows_sql, statement

HOUR = 3600
UNHAPPY_BELOW = -20
"""Hundredths: what counts as negative over all scales."""
MORE_SCORES_THAN = 2
"""A conversation with fewer scores goes nowhere yet."""

ALL, NEGATIVE, TAG, GROUP = "all", "negative", "tag", "group"
"""Kinds of `ticket_hours`."""


def mark_stale(connection: sa.Connection, hours: Iterable[tuple[int, int]]) -> None:
    """Notes that the numbers of these hours, each with its workspace, are to be made anew.

    A row of its own for each change, so that nobody waits for anybody, and none is lost to a count that runs.
    """
    rows = sorted(set(hours))
    if rows:
        connection.execute(
            statement(
                "INSERT INTO stale_hours (workspace_id, hour) SELECT workspace_id, hour"
                f" FROM {rows_sql(connection, {'workspace_id': 'int', 'hour': 'int'})} AS given WHERE true"
            ),
            {"rows": rows_parameter(rows)},
        )


def hour_of(at: float) -> int:
    """The hour in which this is."""
    return int(at // HOUR)


@dataclass(frozen=True, slots=True)
class Stale:
    """A stale hour, and the notes that say so."""

    workspace_id: int
    hour: int
    notes: tuple[int, ...]


def stale(connection: sa.Connection, before: int, most: int) -> list[Stale]:
    """Some stale hours that are over."""
    rows = connection.execute(
        statement("SELECT id, workspace_id, hour FROM stale_hours WHERE hour < :before ORDER BY id LIMIT :most"),
        {"before": before, "most": most},
    )
    found: dict[tuple[int, int], list[int]] = {}
    for note, workspace_id, hour in rows:
        found.setdefault((workspace_id, hour), []).append(note)
    return [Stale(*key, tuple(notes)) for key, notes in found.items()]


def thin_out(connection: sa.Connection, since: int) -> int:
    """Leaves one note for each hour that is not over yet; how many it took away."""
    return connection.execute(
        statement(
            "DELETE FROM stale_hours WHERE hour >= :since AND id NOT IN"
            " (SELECT max(id) FROM stale_hours WHERE hour >= :since GROUP BY workspace_id, hour)"
        ),
        {"since": since},
    ).rowcount


Cell = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """What an hour comes to: rows of `message_hours` and `ticket_hours` behind workspace and hour."""

    of: Stale
    messages: Sequence[Cell]
    tickets: Sequence[Cell]


MESSAGE_CELLS = (
    "count(*), count(m.score), coalesce(sum(m.score), 0),"
    f" count(CASE WHEN m.score < {UNHAPPY_BELOW} THEN 1 END),"
    " count(CASE WHEN m.scorer LIKE '[\"offline\"%' THEN 1 END), coalesce(sum(m.cost), 0)"
)
TICKET_CELLS = (
    "count(*), count(t.score), coalesce(sum(t.score), 0),"
    f" count(CASE WHEN t.score < {NEGATIVE_BELOW} THEN 1 END),"
    " count(CASE WHEN t.trend = 'declining' AND t.messages_scored - t.messages_unknown"
    f" > {MORE_SCORES_THAN} THEN 1 END),"
    " count(CASE WHEN t.messages_scored - t.messages_unknown > 1 THEN 1 END),"
    " coalesce(sum(CASE WHEN t.messages_scored - t.messages_unknown > 1 THEN t.first_score END), 0),"
    " coalesce(sum(CASE WHEN t.messages_scored - t.messages_unknown > 1 THEN t.score END), 0)"
)
_NO_MORE = ", 0, 0, 0, 0, 0, 0, 0"
TAGGED = "JOIN ticket_tags f ON f.connection_id = t.connection_id AND f.ticket_id = t.ticket_id"
GROUPED = (
    "JOIN ticket_facts f ON f.connection_id = t.connection_id AND f.ticket_id = t.ticket_id"
    " AND f.group_name IS NOT NULL"
)
_TICKETS_OF_HOUR = "t.workspace_id = :workspace AND t.newest_at >= :low AND t.newest_at < :high"


def count(connection: sa.Connection, one: Stale) -> Counted:
    """Counts an hour from its messages and tickets."""
    bounds = {"workspace": one.workspace_id, "low": one.hour * HOUR, "high": (one.hour + 1) * HOUR}
    messages = connection.execute(
        statement(
            f"SELECT m.connection_id, m.label, {MESSAGE_CELLS} FROM messages m WHERE m.workspace_id = :workspace"
            " AND m.label IS NOT NULL AND m.written_at >= :low AND m.written_at < :high"
            " GROUP BY m.connection_id, m.label"
        ),
        bounds,
    )
    tickets = connection.execute(
        statement(
            f"SELECT '{ALL}', '', {TICKET_CELLS} FROM tickets t WHERE {_TICKETS_OF_HOUR} HAVING count(*) > 0"
            f" UNION ALL SELECT '{NEGATIVE}', '', count(*){_NO_MORE} FROM tickets t WHERE t.workspace_id = :workspace"
            " AND t.negative_at IS NOT NULL AND t.negative_at >= :low AND t.negative_at < :high HAVING count(*) > 0"
            f" UNION ALL SELECT '{TAG}', f.tag, {TICKET_CELLS} FROM tickets t {TAGGED} WHERE {_TICKETS_OF_HOUR}"
            " GROUP BY f.tag"
            f" UNION ALL SELECT '{GROUP}', f.group_name, {TICKET_CELLS} FROM tickets t {GROUPED}"
            f" WHERE {_TICKETS_OF_HOUR} GROUP BY f.group_name"
        ),
        bounds,
    )
    return Counted(one, [tuple(row) for row in messages], [tuple(row) for row in tickets])


MESSAGE_COLUMNS = ("messages", "scored", "total", "negative", "offline", "cost")
TICKET_COLUMNS = (
    "tickets", "scored", "total", "below", "declining", "compared", "first_total", "latest_total",
)  # fmt: skip
_MESSAGE_HOURS = {"workspace_id": "int", "hour": "int", "connection_id": "text", "label": "text"} | dict.fromkeys(
    MESSAGE_COLUMNS, "int"
)
_TICKET_HOURS = {"workspace_id": "int", "hour": "int", "kind": "text", "name": "text"} | dict.fromkeys(
    TICKET_COLUMNS, "int"
)


def store(connection: sa.Connection, counted: Sequence[Counted]) -> None:
    """Stores what hours come to, and takes away the notes that were there before they were counted.

    Where one of the notes is gone, somebody else has counted the hour too, maybe later: it stays as it is, and stale.
    """
    kept = [one for one in counted if _take_notes(connection, one.of)]
    hours = {"workspace_id": "int", "hour": "int"}
    places = rows_parameter([[one.of.workspace_id, one.of.hour] for one in kept])
    for table, columns, cells in (
        ("message_hours", _MESSAGE_HOURS, [(one.of, cell) for one in kept for cell in one.messages]),
        ("ticket_hours", _TICKET_HOURS, [(one.of, cell) for one in kept for cell in one.tickets]),
    ):
        connection.execute(
            statement(
                f"DELETE FROM {table} WHERE (workspace_id, hour) IN"
                f" (SELECT workspace_id, hour FROM {rows_sql(connection, hours)} AS given)"
            ),
            {"rows": places},
        )
        if cells:
            names = ", ".join(columns)
            connection.execute(
                statement(
                    f"INSERT INTO {table} ({names}) SELECT {names} FROM {rows_sql(connection, columns)} AS given"
                ),
                {"rows": rows_parameter([[of.workspace_id, of.hour, *map(_plain, cell)] for of, cell in cells])},
            )
    mark_stale(connection, [(one.of.workspace_id, one.of.hour) for one in counted if one not in kept])


def _take_notes(connection: sa.Connection, one: Stale) -> bool:
    taken = connection.execute(
        statement(
            f"DELETE FROM stale_hours WHERE id IN (SELECT id FROM {rows_sql(connection, {'id': 'int'})} AS given)"
        ),
        {"rows": rows_parameter([[note] for note in one.notes])},
    )
    return taken.rowcount == len(one.notes)


def _plain(value: object) -> object:
    """PostgreSQL's sums are decimals."""
    return value if isinstance(value, str | int) else int(str(value))
