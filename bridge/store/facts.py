"""What helpdesks say of tickets themselves: tags, priority, group. For rules, and for numbers by tag and group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.connector import TicketFacts
from bridge.store.mood_hours import hour_of, mark_stale
from bridge.store.rows import rows_parameter, rows_sql, statement
from bridge.store.ticket_messages import TicketKey

MOST_TAGS = 50
LONGEST = 100

_KEY = {"connection_id": "text", "ticket_id": "text"}
_FACTS = {**_KEY, "workspace_id": "int", "priority": "text", "group_name": "text", "stamp": "text"}
_TAG = {**_KEY, "tag": "text"}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a ticket."""

    tags: frozenset[str] = frozenset()
    priority: str | None = None
    group: str | None = None
    stamp: str | None = None


def store(connection: sa.Connection, given: Sequence[tuple[int, str, TicketFacts]]) -> None:
    """Stores what was said, each with its workspace and connection; what is older than what is known is passed over."""
    wanted: dict[TicketKey, tuple[int, Known]] = {}
    before = known(connection, [(connection_id, one.ticket_id) for _, connection_id, one in given])
    for workspace_id, connection_id, one in given:
        key = (connection_id, one.ticket_id)
        last = wanted[key][1] if key in wanted else before.get(key, Known())
        if one.stamp is None or last.stamp is None or one.stamp >= last.stamp:
            wanted[key] = workspace_id, _merged(last, one)
    changed = {key: home for key, home in wanted.items() if home[1] != before.get(key)}
    if not changed:
        return
    ordered = sorted(changed)
    names = ", ".join(_FACTS)
    rows = [[*key, changed[key][0], *_values(changed[key][1])] for key in ordered]
    connection.execute(
        statement(
            f"INSERT INTO ticket_facts ({names}) SELECT {names} FROM {rows_sql(connection, _FACTS)} AS given WHERE true"
            " ON CONFLICT (connection_id, ticket_id) DO UPDATE SET priority = excluded.priority,"
            " group_name = excluded.group_name, stamp = excluded.stamp"
        ),
        {"rows": rows_parameter(rows)},
    )
    retagged = [key for key in ordered if changed[key][1].tags != before.get(key, Known()).tags]
    _store_tags(connection, {key: changed[key][1].tags for key in retagged})
    regrouped = [key for key in ordered if changed[key][1].group != before.get(key, Known()).group]
    _mark_stale(connection, [*retagged, *regrouped])


def known(connection: sa.Connection, keys: Sequence[TicketKey]) -> dict[TicketKey, Known]:
    """What is known of these tickets."""
    if not keys:
        return {}
    given, rows = f"{rows_sql(connection, _KEY)} AS given", {"rows": rows_parameter(sorted(set(keys)))}
    tags: dict[TicketKey, set[str]] = {}
    for connection_id, ticket_id, tag in connection.execute(
        statement(
            f"SELECT t.connection_id, t.ticket_id, t.tag FROM {given} JOIN ticket_tags t"
            " ON t.connection_id = given.connection_id AND t.ticket_id = given.ticket_id"
        ),
        rows,
    ):
        tags.setdefault((connection_id, ticket_id), set()).add(tag)
    found = connection.execute(
        statement(
            f"SELECT f.connection_id, f.ticket_id, f.priority, f.group_name, f.stamp FROM {given} JOIN ticket_facts f"
            " ON f.connection_id = given.connection_id AND f.ticket_id = given.ticket_id"
        ),
        rows,
    )
    return {(row[0], row[1]): Known(frozenset(tags.get((row[0], row[1]), ())), *row[2:]) for row in found}


def _merged(last: Known, one: TicketFacts) -> Known:
    """What is not said stays as it was."""
    tags = last.tags if one.tags is None else frozenset(tag[:LONGEST] for tag in one.tags[:MOST_TAGS] if tag)
    return Known(
        tags,
        last.priority if one.priority is None else one.priority[:LONGEST],
        last.group if one.group is None else one.group[:LONGEST],
        last.stamp if one.stamp is None else one.stamp[:LONGEST],
    )


def _values(one: Known) -> tuple[str | None, str | None, str | None]:
    return one.priority, one.group, one.stamp


def _store_tags(connection: sa.Connection, tags: Mapping[TicketKey, frozenset[str]]) -> None:
    if not tags:
        return
    connection.execute(
        statement(
            "DELETE FROM ticket_tags WHERE (connection_id, ticket_id) IN"
            f" (SELECT connection_id, ticket_id FROM {rows_sql(connection, _KEY)} AS given)"
        ),
        {"rows": rows_parameter(list(tags))},
    )
    rows = [[*key, tag] for key, some in tags.items() for tag in sorted(some)]
    if rows:
        names = ", ".join(_TAG)
        connection.execute(
            statement(
                f"INSERT INTO ticket_tags ({names}) SELECT {names} FROM {rows_sql(connection, _TAG)} AS given"
                " WHERE true ON CONFLICT (connection_id, ticket_id, tag) DO NOTHING"
            ),
            {"rows": rows_parameter(rows)},
        )


def _mark_stale(connection: sa.Connection, keys: Sequence[TicketKey]) -> None:
    """Their tickets count by tag and group in the hour of their newest message."""
    if not keys:
        return
    found = connection.execute(
        statement(
            f"SELECT t.workspace_id, t.newest_at FROM {rows_sql(connection, _KEY)} AS given JOIN tickets t"
            " ON t.connection_id = given.connection_id AND t.ticket_id = given.ticket_id"
            " WHERE t.newest_at IS NOT NULL"
        ),
        {"rows": rows_parameter(keys)},
    )
    mark_stale(connection, [(workspace_id, hour_of(at)) for workspace_id, at in found])
