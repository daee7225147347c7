"""Every column that holds encrypted text, and walking through them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bridge.store.answered import answered
from bridge.store.people_tables import people
from bridge.store.tables import (
    connection_state,
    connections,
    deliveries,
    events,
    messages,
    providers,
    receivers,
    score_cache,
    workspaces,
)

BATCH = 500


@dataclass(frozen=True)
class EncryptedColumn:
    """A column with Fernet tokens, and the column that its rows are walked by."""

    table: sa.Table
    name: str
    key: tuple[str, ...]


COLUMNS = (
    EncryptedColumn(workspaces, "secret", ("id",)),
    EncryptedColumn(connections, "hook", ("id",)),
    EncryptedColumn(connections, "options", ("id",)),
    EncryptedColumn(connections, "secrets", ("id",)),
    EncryptedColumn(connection_state, "value", ("connection_id", "key")),
    EncryptedColumn(messages, "text", ("id",)),
    EncryptedColumn(messages, "indicators", ("id",)),
    EncryptedColumn(providers, "key", ("workspace_id",)),
    EncryptedColumn(score_cache, "indicators", ("workspace_id", "text_hash", "source")),
    EncryptedColumn(receivers, "target", ("id",)),
    EncryptedColumn(receivers, "secrets", ("id",)),
    EncryptedColumn(events, "indicators", ("id",)),
    EncryptedColumn(deliveries, "answer", ("id",)),
    EncryptedColumn(people, "factor", ("id",)),
    EncryptedColumn(answered, "body", ("workspace_id", "key_hash")),
)


@dataclass(frozen=True, slots=True)
class Encrypted:
    """One value and the key of its row."""

    key: tuple[Any, ...]
    value: str


def next_batch(
    connection: sa.Connection, column: EncryptedColumn, after: tuple[Any, ...] | None
) -> Sequence[Encrypted]:
    """The next values behind the row `after`, in the order of the key."""
    keys = [column.table.c[name] for name in column.key]
    query = sa.select(*keys, column.table.c[column.name]).where(column.table.c[column.name].is_not(None))
    if after is not None:
        query = query.where(sa.tuple_(*keys) > sa.tuple_(*(sa.literal(part) for part in after)))
    rows = connection.execute(query.order_by(*keys).limit(BATCH))
    return [Encrypted(tuple(row[:-1]), row[-1]) for row in rows]


def replace(connection: sa.Connection, column: EncryptedColumn, renewed: Sequence[tuple[Encrypted, str]]) -> int:
    """Stores the new tokens where the old ones still stand; how many."""
    keys = [column.table.c[name] for name in column.key]
    done = 0
    for old, token in renewed:
        same_row = sa.and_(*(key == part for key, part in zip(keys, old.key, strict=True)))
        done += connection.execute(
            sa.update(column.table)
            .where(same_row, column.table.c[column.name] == old.value)
            .values({column.name: token})
        ).rowcount
    return done
