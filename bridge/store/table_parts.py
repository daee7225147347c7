"""What tables are made of: their catalogue, the columns and indexes that queues share."""

from enum import IntEnum

import sqlalchemy as sa

metadata = sa.MetaData()

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class State(IntEnum):
    """Where a queue's row stands."""

    PENDING = 0
    SETTLED = 1
    KEPT = 2
    """A staff message: kept without text, never scored."""
    DEAD = 3
    """Failed for good: a dead letter."""
    IGNORED = 4
    """Came while the workspace was off: its id and time are kept, no words."""
    FORGOTTEN = 5
    """Redacted or made private: only its id is kept, so that a late event does not bring its words back."""


def queue_columns() -> list[sa.Column[object]]:
    """The columns that every queue has: where a row stands, when it is due, who holds it."""
    return [
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("bulk", sa.SmallInteger, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("worker_id", sa.Text),
        sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("deaths", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("last_error", sa.Text),
    ]


def partial(name: str, predicate: str, *columns: sa.Column[object], unique: bool = False) -> sa.Index:
    """An index of the rows for which the predicate holds. It registers itself with the columns' table."""
    where = sa.text(predicate)
    return sa.Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


def queue_indexes(table: sa.Table) -> None:
    """The indexes that claims, settles and dead letters need."""
    c = table.c
    partial(f"{table.name}_due", "state = 0 AND worker_id IS NULL", c.workspace_id, c.bulk, c.due_at)
    # A claim of messages also looks whether one with the same text is claimed in its workspace.
    same_text = (c.workspace_id, c.text_hash, c.worker_id) if "text_hash" in c else (c.worker_id, c.workspace_id)
    partial(f"{table.name}_claimed", "worker_id IS NOT NULL", *same_text)
    partial(f"{table.name}_dead", "state = 3", c.workspace_id)


def workspace_id() -> sa.Column[object]:
    """Whose row it is."""
    return sa.Column("workspace_id", sa.Integer, sa.ForeignKey("workspaces.id"), nullable=False)
