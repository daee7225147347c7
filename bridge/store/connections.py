"""The rows of connections, and the small encrypted values that connectors keep for them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.errors import NotFound
from bridge.store.database import Database
from bridge.store.tables import State, connection_state, connections, read_requests, tickets, workspaces
from bridge.vault import Vault


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One installed helpdesk, as stored: hook, options and secrets are encrypted."""

    id: str
    workspace_id: int
    kind: str
    prefix: str
    hook: str
    options: str
    secrets: str
    status: str
    error: str | None
    revision: int
    last_event_at: float | None
    last_write_at: float | None
    created_at: float
    settings: str
    """The workspace's, as JSON."""


_COLUMNS = [workspaces.c.settings if name == "settings" else connections.c[name] for name in ConnectionRow.__slots__]
_ROWS = sa.select(*_COLUMNS).select_from(connections).join(workspaces, workspaces.c.id == connections.c.workspace_id)


def insert(
    connection: sa.Connection,
    *,
    connection_id: str,
    workspace_id: int,
    kind: str,
    prefix: str,
    hook_hash: str,
    hook: str,
    options: str,
    secrets: str,
) -> None:
    """A new connection; hook, options and secrets are encrypted already."""
    connection.execute(
        sa.insert(connections).values(
            id=connection_id,
            workspace_id=workspace_id,
            kind=kind,
            prefix=prefix,
            hook_hash=hook_hash,
            hook=hook,
            options=options,
            secrets=secrets,
            status="active",
            revision=1,
            created_at=time.time(),
        )
    )


def by_id(connection: sa.Connection, connection_id: str) -> ConnectionRow:
    """Raises NotFound."""
    row = connection.execute(_ROWS.where(connections.c.id == connection_id)).first()
    if row is None:
        raise NotFound(f"There is no connection {connection_id}; `moodbridge connections SLUG` lists them")
    return ConnectionRow(*row)


def by_hook_hash(connection: sa.Connection, hook_hash: str) -> ConnectionRow | None:
    """The connection that a hook path belongs to, unless it was disconnected."""
    row = connection.execute(
        _ROWS.where(connections.c.hook_hash == hook_hash, connections.c.status != "disconnected")
    ).first()
    return None if row is None else ConnectionRow(*row)


def of_workspace(connection: sa.Connection, workspace_id: int) -> Sequence[ConnectionRow]:
    """The workspace's connections, the oldest first, disconnected ones included."""
    query = _ROWS.where(connections.c.workspace_id == workspace_id).order_by(connections.c.created_at)
    return [ConnectionRow(*row) for row in connection.execute(query)]


def all_active(connection: sa.Connection) -> Sequence[ConnectionRow]:
    """Every connection that was not disconnected."""
    query = _ROWS.where(connections.c.status != "disconnected")
    return [ConnectionRow(*row) for row in connection.execute(query)]


def change(connection: sa.Connection, connection_id: str, *, options: str, secrets: str, prefix: str) -> None:
    """Stores new options and secrets; requests verified by the former ones are verified again."""
    connection.execute(
        sa.update(connections)
        .where(connections.c.id == connection_id)
        .values(options=options, secrets=secrets, prefix=prefix, paused_until=None, revision=connections.c.revision + 1)
    )


def pause(connection: sa.Connection, connection_id: str, until: float) -> None:
    """Nothing is read from the connection's helpdesk or written to it before `until`."""
    c = connections.c
    connection.execute(
        sa.update(connections)
        .where(c.id == connection_id, sa.or_(c.paused_until.is_(None), c.paused_until < until))
        .values(paused_until=until)
    )


def look_again(connection: sa.Connection, workspace_id: int) -> None:
    """What the workspace's connections are handed has changed: who holds it reads it anew."""
    connection.execute(
        sa.update(connections)
        .where(connections.c.workspace_id == workspace_id)
        .values(revision=connections.c.revision + 1)
    )


def disconnect(connection: sa.Connection, connection_id: str) -> None:
    """The connection takes no more events and nothing is read from it or written to it; its history stays."""
    connection.execute(
        sa.update(connections)
        .where(connections.c.id == connection_id)
        .values(status="disconnected", revision=connections.c.revision + 1)
    )
    pending = int(State.PENDING)
    for table in (read_requests, tickets):
        connection.execute(
            sa.update(table)
            .where(table.c.connection_id == connection_id, table.c.state == pending, table.c.worker_id.is_(None))
            .values(state=int(State.SETTLED))
        )


READING, WRITING = "reading", "writing"
"""What a connection's error begins with: an answer to the one says nothing about the other."""


def note_failure(connection: sa.Connection, connection_id: str, doing: str, error: str) -> None:
    """Notes why the helpdesk does not give (`READING`) or take (`WRITING`) anything."""
    connection.execute(
        sa.update(connections)
        .where(connections.c.id == connection_id, connections.c.status != "disconnected")
        .values(status="failing", error=f"{doing}: {error}")
    )


def note_answer(connection: sa.Connection, connection_id: str, doing: str, now: float) -> None:
    """Notes that reading or writing works, which ends a failure of the same."""
    if doing == WRITING:
        wrote = sa.update(connections).where(connections.c.id == connection_id).values(last_write_at=now)
        connection.execute(wrote)
    connection.execute(
        sa.update(connections)
        .where(
            connections.c.id == connection_id,
            connections.c.status == "failing",
            connections.c.error.startswith(f"{doing}: "),
        )
        .values(status="active", error=None)
    )


class StoredState:
    """`ConnectionState` in the database: each value encrypted, changed by compare-and-set."""

    def __init__(self, database: Database, vault: Vault, connection_id: str) -> None:
        self._database = database
        self._vault = vault
        self._connection_id = connection_id

    def get(self, key: str) -> str | None:
        """The value, or None when it was never set."""
        with self._database.read() as connection:
            value = self._read(connection, key)
        return None if value is None else self._vault.decrypt(value)

    def set(self, key: str, value: str, expected: str | None) -> bool:
        """True when the value was still `expected` (None: absent) and is now `value`; else nothing changed."""
        sealed = self._vault.encrypt(value)

        def store(connection: sa.Connection) -> bool:
            current = self._read(connection, key)
            if (None if current is None else self._vault.decrypt(current)) != expected:
                return False
            if current is None:
                # Two processes may set it first at once: the row that is there wins.
                statement = sa.text(
                    "INSERT INTO connection_state (connection_id, key, value) VALUES (:id, :key, :value)"
                    " ON CONFLICT (connection_id, key) DO NOTHING"
                )
                parameters = {"id": self._connection_id, "key": key, "value": sealed}
                return connection.execute(statement, parameters).rowcount == 1
            changed = connection.execute(
                sa.update(connection_state)
                .where(
                    connection_state.c.connection_id == self._connection_id,
                    connection_state.c.key == key,
                    connection_state.c.value == current,
                )
                .values(value=sealed)
            )
            return changed.rowcount == 1

        return self._database.write(store)

    def _read(self, connection: sa.Connection, key: str) -> str | None:
        value: str | None = connection.execute(
            sa.select(connection_state.c.value).where(
                connection_state.c.connection_id == self._connection_id, connection_state.c.key == key
            )
        ).scalar_one_or_none()
        return value
