"""The rows of workspaces."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bridge.errors import Invalid, NotFound
from bridge.store.tables import workspaces
from bridge.workspace_settings import WorkspaceSettings, from_json, to_json


@dataclass(frozen=True, slots=True)
class Workspace:
    """One customer of the bridge. `secret` (encrypted) keys the hashes of its cache."""

    id: int
    slug: str
    name: str
    settings: WorkspaceSettings
    secret: str
    created_at: float


def insert(connection: sa.Connection, slug: str, name: str, settings: WorkspaceSettings, secret: str) -> Workspace:
    """The new workspace. Raises Invalid when the slug is taken."""
    taken = connection.execute(sa.select(workspaces.c.id).where(workspaces.c.slug == slug)).first()
    if taken is not None:
        raise Invalid("slug", f"there is a workspace {slug} already")
    connection.execute(
        sa.insert(workspaces).values(
            slug=slug,
            name=name,
            enabled=int(settings.enabled),
            in_flight=settings.in_flight,
            settings=to_json(settings),
            secret=secret,
            created_at=time.time(),
        )
    )
    return by_slug(connection, slug)


def by_slug(connection: sa.Connection, slug: str) -> Workspace:
    """Raises NotFound."""
    row = connection.execute(sa.select(workspaces).where(workspaces.c.slug == slug)).first()
    if row is None:
        raise NotFound(f"There is no workspace {slug}; `moodbridge workspace list` shows those there are")
    return _workspace(row)


def by_id(connection: sa.Connection, workspace_id: int) -> Workspace:
    """The workspace, which must be there."""
    return _workspace(connection.execute(sa.select(workspaces).where(workspaces.c.id == workspace_id)).one())


def secret_of(connection: sa.Connection, workspace_id: int) -> str:
    """The workspace's secret, encrypted."""
    secret: str = connection.execute(sa.select(workspaces.c.secret).where(workspaces.c.id == workspace_id)).scalar_one()
    return secret


def all_workspaces(connection: sa.Connection) -> Sequence[Workspace]:
    """Every workspace by slug."""
    return [_workspace(row) for row in connection.execute(sa.select(workspaces).order_by(workspaces.c.slug))]


def update_settings(connection: sa.Connection, workspace_id: int, settings: WorkspaceSettings) -> None:
    """Stores the settings, with the two that claims look at in columns of their own."""
    connection.execute(
        sa.update(workspaces)
        .where(workspaces.c.id == workspace_id)
        .values(settings=to_json(settings), enabled=int(settings.enabled), in_flight=settings.in_flight)
    )


def _workspace(row: sa.Row[*tuple[Any, ...]]) -> Workspace:
    return Workspace(row.id, row.slug, row.name, from_json(row.settings), row.secret, row.created_at)
