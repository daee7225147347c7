"""The rows of API tokens. A token itself is never stored, only its hash."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.store.tables import tokens, workspaces

NOTE_USE_EVERY = 60.0
"""Seconds between two notes of a token's use."""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as lists show it: `hint` is how it ends."""

    id: str
    role: str
    hint: str
    created_at: float
    last_used_at: float | None
    revoked_at: float | None


@dataclass(frozen=True, slots=True)
class HeldToken:
    """A token that works, and whose it is."""

    id: str
    workspace_id: int
    slug: str
    role: str
    last_used_at: float | None


_COLUMNS = [tokens.c[name] for name in TokenRow.__slots__]


def insert(
    connection: sa.Connection, *, token_id: str, workspace_id: int, role: str, token_hash: str, hint: str, now: float
) -> None:
    """A new token by its hash."""
    connection.execute(
        sa.insert(tokens).values(
            id=token_id, workspace_id=workspace_id, role=role, hash=token_hash, hint=hint, created_at=now
        )
    )


def by_hash(connection: sa.Connection, token_hash: str) -> HeldToken | None:
    """The token of this hash, unless it was revoked."""
    t = tokens.c
    row = connection.execute(
        sa.select(t.id, t.workspace_id, workspaces.c.slug, t.role, t.last_used_at)
        .join(workspaces, workspaces.c.id == t.workspace_id)
        .where(t.hash == token_hash, t.revoked_at.is_(None))
    ).first()
    return None if row is None else HeldToken(*row)


def note_use(connection: sa.Connection, token_id: str, now: float) -> None:
    """The token was used now; nothing is written when that was noted a moment ago."""
    t = tokens.c
    stale = sa.or_(t.last_used_at.is_(None), t.last_used_at < now - NOTE_USE_EVERY)
    connection.execute(sa.update(tokens).where(t.id == token_id, stale).values(last_used_at=now))


def of_workspace(connection: sa.Connection, workspace_id: int) -> Sequence[TokenRow]:
    """The workspace's tokens, the oldest first, revoked ones included."""
    query = sa.select(*_COLUMNS).where(tokens.c.workspace_id == workspace_id).order_by(tokens.c.created_at, tokens.c.id)
    return [TokenRow(*row) for row in connection.execute(query)]


def revoke(connection: sa.Connection, workspace_id: int, token_id: str, now: float) -> bool:
    """False when the workspace has no such token. One that was revoked already keeps its time."""
    mine = (tokens.c.id == token_id) & (tokens.c.workspace_id == workspace_id)
    found = connection.execute(sa.select(tokens.c.id).where(mine)).first()
    connection.execute(sa.update(tokens).where(mine, tokens.c.revoked_at.is_(None)).values(revoked_at=now))
    return found is not None
