"""The dashboard's numbers over a window of time: whole hours as they are kept, the rest counted from the rows.

The rest is the hour in which the window begins, the one that is not over, and those whose numbers are stale.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from bridge.store.mood_hours import (
    ALL,
    GROUP,
    GROUPED,
    HOUR,
    MESSAGE_CELLS,
    MESSAGE_COLUMNS,
    NEGATIVE,
    TAG,
    TAGGED,
    TICKET_CELLS,
    TICKET_COLUMNS,
    hour_of,
)
from bridge.store.rows import rows_parameter, rows_sql, statement

DAY = 86_400
RANGES_AT_ONCE = 10
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Window:
    """What is counted: written after `since` and not after `until`. `now`: which hours are over."""

    workspace_id: int
    since: float
    until: float
    now: float


@dataclass(frozen=True, slots=True)
class MessageSum:
    """Messages of one label: how many, how many with a score, their sum (hundredths), and so on as `message_hours`."""

    messages: int = 0
    scored: int = 0
    total: int = 0
    negative: int = 0
    offline: int = 0
    cost: int = 0

    def __add__(self, other: "MessageSum") -> "MessageSum":
        return MessageSum(*(getattr(self, name) + getattr(other, name) for name in MESSAGE_COLUMNS))


@dataclass(frozen=True, slots=True)
class TicketSum:
    """Tickets, as `ticket_hours` has them."""

    tickets: int = 0
    scored: int = 0
    total: int = 0
    below: int = 0
    declining: int = 0
    compared: int = 0
    first_total: int = 0
    latest_total: int = 0

    def __add__(self, other: "TicketSum") -> "TicketSum":
        return TicketSum(*(getattr(self, name) + getattr(other, name) for name in TICKET_COLUMNS))


@dataclass(frozen=True, slots=True)
class Numbers:
    """Sums of messages by day (counted from 1970), connection and label, and by hour of the day; tickets by kind."""

    days: dict[tuple[int, str, str], MessageSum]
    hours: dict[int, MessageSum]
    tickets: dict[tuple[str, str], TicketSum]

    def ticket_sum(self, kind: str) -> TicketSum:
        """The sum of a kind that has no names."""
        return self.tickets.get((kind, ""), TicketSum())


@dataclass(frozen=True, slots=True)
class _Parts:
    """Hours that are kept, from the first up to before `end`, but for those that are stale; and times to be counted."""

    first: int
    end: int
    stale: tuple[int, ...]
    ranges: tuple[tuple[float, float], ...]


def numbers(connection: sa.Connection, window: Window) -> Numbers:
    """The window's numbers."""
    parts = _parts(connection, window)
    days: dict[tuple[int, str, str], MessageSum] = {}
    hours: dict[int, MessageSum] = {}
    for hour, connection_id, label, *counted in _fresh_messages(connection, window, parts):
        found = MessageSum(*map(int, counted))
        _add(days, (hour // 24, connection_id, label), found)
        _add(hours, hour % 24, found)
    for day, connection_id, label, *counted in _kept_days(connection, window, parts):
        _add(days, (day, connection_id, label), MessageSum(*map(int, counted)))
    for hour, *counted in _kept_hours(connection, window, parts):
        _add(hours, hour, MessageSum(*map(int, counted)))
    tickets: dict[tuple[str, str], TicketSum] = {}
    for kind, name, *counted in (*_kept_tickets(connection, window, parts), *_fresh_tickets(connection, window, parts)):
        key = (kind, name)
        tickets[key] = tickets.get(key, TicketSum()) + TicketSum(*map(int, counted))
    return Numbers(days, hours, tickets)


def message_sum(connection: sa.Connection, window: Window) -> MessageSum:
    """All messages of the window together."""
    parts = _parts(connection, window)
    found = [counted for _, _, _, *counted in _fresh_messages(connection, window, parts)]
    found += [counted for _, *counted in _kept_hours(connection, window, parts)]
    return sum((MessageSum(*map(int, one)) for one in found), MessageSum())


def _add(sums: dict[Key, MessageSum], key: Key, found: MessageSum) -> None:
    sums[key] = sums.get(key, MessageSum()) + found


def _parts(connection: sa.Connection, window: Window) -> _Parts:
    first, end = hour_of(window.since) + 1, hour_of(window.now)
    if end <= first:
        return _Parts(first, first, (), ((window.since, window.until + 1),))
    found = connection.execute(
        statement(
            "SELECT DISTINCT hour FROM stale_hours WHERE workspace_id = :workspace AND hour >= :first AND hour < :end"
        ),
        {"workspace": window.workspace_id, "first": first, "end": end},
    ).scalars()
    stale = tuple(sorted(found))
    counted = [(window.since, float(first * HOUR)), *_merged(stale), (float(end * HOUR), window.until + 1)]
    return _Parts(first, end, stale, tuple(counted))


def _merged(hours: Iterable[int]) -> list[tuple[float, float]]:
    """The times of these hours; neighbours become one range."""
    ranges: list[tuple[float, float]] = []
    for hour in hours:
        begin, end = float(hour * HOUR), float((hour + 1) * HOUR)
        if ranges and ranges[-1][1] == begin:
            ranges[-1] = (ranges[-1][0], end)
        else:
            ranges.append((begin, end))
    return ranges


def _each(window: Window, parts: _Parts, query: str) -> Iterator[tuple[str, dict[str, object]]]:
    """The query for some of the times that are to be counted at once: statements and their parameters.

    A time stands in each as two parameters of its own: of times that come as rows PostgreSQL knows nothing, and reads
    the whole table. `{low}` and `{high}` in the query are replaced.
    """
    clipped = [
        # The next number: what is written at `since` does not count, what is written at `until` does.
        (max(low, math.nextafter(window.since, math.inf)), min(high, math.nextafter(window.until, math.inf)))
        for low, high in parts.ranges
    ]
    for start in range(0, len(clipped), RANGES_AT_ONCE):
        some = clipped[start : start + RANGES_AT_ONCE]
        sql = " UNION ALL ".join(
            query.replace("{low}", f":low{number}").replace("{high}", f":high{number}") for number in range(len(some))
        )
        given: dict[str, object] = {"workspace": window.workspace_id}
        for number, (low, high) in enumerate(some):
            given |= {f"low{number}": low, f"high{number}": high}
        yield sql, given


def _within(column: str) -> str:
    return f"{column.split('.')[0]}.workspace_id = :workspace AND {column} >= {{low}} AND {column} < {{high}}"


def _fresh_messages(connection: sa.Connection, window: Window, parts: _Parts) -> Iterator[Sequence[Any]]:
    quotient = f"m.written_at / {HOUR}.0"
    # SQLite may come without floor(); its cast cuts off, where PostgreSQL's rounds.
    hour = f"CAST({quotient if connection.dialect.name == 'sqlite' else f'floor({quotient})'} AS INTEGER)"
    query = (
        f"SELECT {hour} AS hour, m.connection_id, m.label, {MESSAGE_CELLS} FROM messages m"
        f" WHERE m.label IS NOT NULL AND {_within('m.written_at')} GROUP BY {hour}, m.connection_id, m.label"
    )
    for sql, given in _each(window, parts, query):
        yield from connection.execute(statement(sql), given)


def _fresh_tickets(connection: sa.Connection, window: Window, parts: _Parts) -> Iterator[Sequence[Any]]:
    newest, nothing = _within("t.newest_at"), ", 0" * (len(TICKET_COLUMNS) - 1)
    query = (
        f"SELECT '{ALL}' AS kind, '' AS name, {TICKET_CELLS} FROM tickets t WHERE {newest}"
        f" UNION ALL SELECT '{NEGATIVE}', '', count(*){nothing} FROM tickets t"
        f" WHERE t.negative_at IS NOT NULL AND {_within('t.negative_at')}"
        f" UNION ALL SELECT '{TAG}', f.tag, {TICKET_CELLS} FROM tickets t {TAGGED} WHERE {newest} GROUP BY f.tag"
        f" UNION ALL SELECT '{GROUP}', f.group_name, {TICKET_CELLS} FROM tickets t {GROUPED} WHERE {newest}"
        " GROUP BY f.group_name"
    )
    for sql, given in _each(window, parts, query):
        yield from connection.execute(statement(sql), given)


def _kept(connection: sa.Connection, table: str, group: str, columns: Sequence[str], parts: _Parts) -> str:
    sums = ", ".join(f"sum({name})" for name in columns)
    stale = ""
    if parts.stale:
        stale = f" AND hour NOT IN (SELECT hour FROM {rows_sql(connection, {'hour': 'int'})} AS given)"
    return (
        f"SELECT {group}, {sums} FROM {table} WHERE workspace_id = :workspace AND hour >= :first AND hour < :end{stale}"
        f" GROUP BY {group}"
    )


def _bounds(window: Window, parts: _Parts) -> dict[str, object]:
    given: dict[str, object] = {"workspace": window.workspace_id, "first": parts.first, "end": parts.end}
    return given | ({"rows": rows_parameter([[hour] for hour in parts.stale])} if parts.stale else {})


def _kept_days(connection: sa.Connection, window: Window, parts: _Parts) -> Iterable[Sequence[Any]]:
    query = _kept(connection, "message_hours", "hour / 24, connection_id, label", MESSAGE_COLUMNS, parts)
    return connection.execute(statement(query), _bounds(window, parts))


def _kept_hours(connection: sa.Connection, window: Window, parts: _Parts) -> Iterable[Sequence[Any]]:
    query = _kept(connection, "message_hours", "hour % 24", MESSAGE_COLUMNS, parts)
    return connection.execute(statement(query), _bounds(window, parts))


def _kept_tickets(connection: sa.Connection, window: Window, parts: _Parts) -> Iterable[Sequence[Any]]:
    query = _kept(connection, "ticket_hours", "kind, name", TICKET_COLUMNS, parts)
    return connection.execute(statement(query), _bounds(window, parts))
