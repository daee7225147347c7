"""The rows of the audit log: appended and read, never changed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.store.people_tables import audit


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what, when."""

    id: int
    at: float
    by: str
    what: str
    detail: Mapping[str, str]


def append(
    connection: sa.Connection, workspace_id: int, by: str, what: str, detail: Mapping[str, str], now: float
) -> None:
    """A new row, in the caller's transaction."""
    told = json.dumps(dict(detail), ensure_ascii=False)
    connection.execute(sa.insert(audit).values(workspace_id=workspace_id, at=now, by=by, what=what, detail=told))


def of_workspace(connection: sa.Connection, workspace_id: int, before: int | None, limit: int) -> Sequence[AuditRow]:
    """The newest first, from behind the row `before`."""
    query = sa.select(audit.c.id, audit.c.at, audit.c.by, audit.c.what, audit.c.detail)
    query = query.where(audit.c.workspace_id == workspace_id)
    if before is not None:
        query = query.where(audit.c.id < before)
    rows = connection.execute(query.order_by(audit.c.id.desc()).limit(limit))
    return [AuditRow(*row[:4], json.loads(row[4])) for row in rows]
