"""The rows of AI providers, one for each workspace that has one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bridge.store.tables import providers


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """A workspace's provider as stored; `key` is encrypted. The columns are told in `tables`."""

    workspace_id: int
    provider: str
    model: str
    base_url: str
    key: str | None = field(repr=False)
    revision: int
    changed_at: float
    stopped_at: float | None
    problem: str | None
    problem_at: float | None
    failures: int
    failing_since: float | None
    paused_until: float | None
    requests_per_minute: int | None


_COLUMNS = [providers.c[name] for name in ProviderRow.__slots__]
_OF_WORKSPACES = sa.select(*_COLUMNS).where(providers.c.workspace_id.in_(sa.bindparam("ids", expanding=True)))
_LOCKED = _OF_WORKSPACES.order_by(providers.c.workspace_id).with_for_update()
_FRESH: dict[str, Any] = {
    "stopped_at": None,
    "problem": None,
    "problem_at": None,
    "failures": 0,
    "failing_since": None,
    "paused_until": None,
}


def of_workspace(connection: sa.Connection, workspace_id: int) -> ProviderRow | None:
    """The workspace's provider; None: the embedded scorer."""
    row = connection.execute(sa.select(*_COLUMNS).where(providers.c.workspace_id == workspace_id)).first()
    return None if row is None else ProviderRow(*row)


def of_workspaces(connection: sa.Connection, ids: Collection[int]) -> dict[int, ProviderRow]:
    """The providers of those workspaces that have one."""
    return _found(connection, _OF_WORKSPACES, ids)


def locked(connection: sa.Connection, ids: Collection[int]) -> dict[int, ProviderRow]:
    """The same, kept from other writers until the transaction ends; locked in one order, so that none waits in a
    circle."""
    return _found(connection, _LOCKED, ids)


def put(
    connection: sa.Connection, workspace_id: int, provider: str, model: str, base_url: str, key: str | None, now: float
) -> None:
    """Stores what `provider set` says in place of what was there; nothing of the former route's state stays."""
    before = of_workspace(connection, workspace_id)
    remove(connection, workspace_id)
    values = _FRESH | {"provider": provider, "model": model, "base_url": base_url, "key": key, "changed_at": now}
    revision = max(int(now * 1000), 0 if before is None else before.revision + 1)
    connection.execute(sa.insert(providers).values(workspace_id=workspace_id, revision=revision, **values))


def remove(connection: sa.Connection, workspace_id: int) -> None:
    """The workspace is scored by the embedded scorer from now on."""
    connection.execute(sa.delete(providers).where(providers.c.workspace_id == workspace_id))


def change(connection: sa.Connection, row: ProviderRow, **values: object) -> bool:
    """Changes columns unless another route was set meanwhile; whether it did."""
    changed = connection.execute(
        sa.update(providers)
        .where(providers.c.workspace_id == row.workspace_id, providers.c.revision == row.revision)
        .values(**values)
    )
    return changed.rowcount == 1


def stop(connection: sa.Connection, row: ProviderRow, problem: str, now: float) -> bool:
    """Stops the route until a person mends it. True for the first who finds it out: tell the admin once."""
    c = providers.c
    stopped = connection.execute(
        sa.update(providers)
        .where(c.workspace_id == row.workspace_id, c.revision == row.revision, c.stopped_at.is_(None))
        .values(stopped_at=now, problem=problem, problem_at=now)
    )
    return stopped.rowcount == 1


def mend(connection: sa.Connection, row: ProviderRow) -> bool:
    """The route answers again: whatever stopped or paused it is over."""
    return change(connection, row, **_FRESH)


def _found(connection: sa.Connection, query: sa.Select[Any], ids: Collection[int]) -> dict[int, ProviderRow]:
    rows: Sequence[Any] = connection.execute(query, {"ids": list(ids)}).all()
    return {row.workspace_id: ProviderRow(*row) for row in rows}
