"""The audit log: who changed what in a workspace, when. Secrets are never shown, and nothing in it is changed."""

import time
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from bridge.errors import NotFound
from bridge.runtime import Runtime
from bridge.store import audit as rows
from bridge.store import workspaces
from bridge.store.audit import AuditRow


def note(runtime: Runtime, slug: str, by: str, what: str, detail: Mapping[str, str] | None = None) -> None:
    """Notes what was done. `by`: `person ada@acme.example`, `token tok_...` or `command line`; no secret in `detail`.

    A workspace that is gone keeps no log.
    """

    def store(connection: sa.Connection) -> None:
        try:
            workspace = workspaces.by_slug(connection, slug)
        except NotFound:
            return
        rows.append(connection, workspace.id, by, what, detail or {}, time.time())

    runtime.database.write(store)


def listed(runtime: Runtime, slug: str, before: int | None = None, limit: int = 50) -> Sequence[AuditRow]:
    """What was done, the newest first, from behind the row `before`. Raises NotFound."""
    with runtime.database.read() as connection:
        return rows.of_workspace(connection, workspaces.by_slug(connection, slug).id, before, limit)
