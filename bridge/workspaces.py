"""Workspaces: add, list, show, set, delete. What the command line and the API both do."""

import re
import secrets
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

import sqlalchemy as sa

from bridge.errors import Invalid
from bridge.runtime import Runtime
from bridge.store import positions, relabel, removal
from bridge.store import workspaces as rows
from bridge.store.connections import look_again
from bridge.store.usage import forget_notes
from bridge.store.workspaces import Workspace
from bridge.wake import DRAINS
from bridge.workspace_settings import WorkspaceSettings, changed

SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
LONGEST_NAME = 200


def add(runtime: Runtime, slug: str, name: str | None = None) -> Workspace:
    """The new workspace, on, with default settings and a secret of its own. Raises Invalid, naming the field."""
    if not SLUG.fullmatch(slug):
        raise Invalid("slug", "give 1 to 63 of a-z, 0-9 and -, with no - at either end")
    name = slug if name is None else name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise Invalid("name", f"give 1 to {LONGEST_NAME} printable characters")
    secret = runtime.vault.encrypt(secrets.token_urlsafe(32))
    return runtime.database.write(lambda connection: rows.insert(connection, slug, name, WorkspaceSettings(), secret))


def listed(runtime: Runtime) -> Sequence[Workspace]:
    """Every workspace by slug."""
    with runtime.database.read() as connection:
        return rows.all_workspaces(connection)


def show(runtime: Runtime, slug: str) -> Workspace:
    """Raises NotFound."""
    with runtime.database.read() as connection:
        return rows.by_slug(connection, slug)


def set(runtime: Runtime, slug: str, values: Mapping[str, str]) -> Workspace:
    """Changes the settings given, as a person types them; all or none. Raises NotFound and Invalid.

    A new scale relabels what is scored already before this returns, and the helpdesk follows. Giving the
    scale again finishes a change that was interrupted.
    """

    def store(connection: sa.Connection) -> Workspace:
        relabel.lock(connection, slug)
        workspace = rows.by_slug(connection, slug)
        rows.update_settings(connection, workspace.id, changed(workspace.settings, values))
        if "monthly_budget_usd" in values:
            forget_notes(connection, workspace.id)
        after = rows.by_slug(connection, slug)
        if after.settings.enabled and not workspace.settings.enabled:
            positions.begin_again(connection, workspace.id)
        if "scale" in values:
            look_again(connection, workspace.id)
        return rows.by_slug(connection, slug)

    workspace = runtime.database.write(store)
    if "scale" in values:
        _relabel(runtime, workspace)
    # Rows that waited while it was off, or behind its in-flight limit, are due now.
    runtime.waker.soon(DRAINS)
    return workspace


def delete(runtime: Runtime, slug: str) -> dict[str, int]:
    """Removes the workspace with everything of it here, pending messages too; how many rows of each kind.

    Nothing is called outside: labels, fields and webhooks stay in the helpdesks, whose events are refused from
    now on. `disconnect` each connection first to take them back. Raises NotFound.
    """

    def close(connection: sa.Connection) -> tuple[int, list[str]]:
        workspace = rows.by_slug(connection, slug)
        return workspace.id, removal.close(connection, workspace.id)

    write = runtime.database.write
    workspace_id, connection_ids = write(close)
    removed: Counter[str] = Counter()
    for connection_id in connection_ids:
        for table in removal.LARGE:
            while count := write(partial(removal.remove_batch, table=table, connection_id=connection_id)):
                removed[table.name] += count
    removed.update(write(partial(removal.remove_rest, workspace_id=workspace_id)))
    return {name.replace("_", " "): count for name, count in removed.items()}


def _relabel(runtime: Runtime, workspace: Workspace) -> None:
    for step in (relabel.relabel_messages, partial(relabel.relabel_tickets, now=time.time())):
        place: relabel.Place | None = None
        while place := runtime.database.write(partial(step, workspace_id=workspace.id, after=place)):
            pass
