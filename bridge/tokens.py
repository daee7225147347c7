"""API tokens: what a program shows to read or change a workspace. Each is shown once and kept as a hash."""

import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

import sqlalchemy as sa

from bridge.errors import Invalid, NotFound
from bridge.runtime import Runtime
from bridge.store import tokens as rows
from bridge.store import workspaces
from bridge.store.database import DatabaseDown
from bridge.store.tokens import TokenRow
from bridge.vault import Secret, fingerprint

PREFIX = "mb_"
LONGEST = 100
HINT = 4
NOTE_WITHIN = 1.0


class Role(StrEnum):
    """What a token may do: an agent reads and corrects, an admin also changes settings, an owner everything."""

    AGENT = "agent"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def may_change_settings(self) -> bool:
        return self is not Role.AGENT

    def reaches(self, needed: "Role") -> bool:
        """Whether it may do what `needed` may."""
        ranked = list(Role)
        return ranked.index(self) >= ranked.index(needed)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made; `token` is shown once."""

    id: str
    role: Role
    token: Secret = field(repr=False)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who shows a token: the workspace, and what may be done there."""

    workspace_id: int
    slug: str
    role: Role
    token_id: str


def add(runtime: Runtime, slug: str, role: str) -> NewToken:
    """A new token of the workspace. Raises Invalid for an unknown role, and NotFound."""
    try:
        wanted = Role(role)
    except ValueError:
        raise Invalid("role", "choose one of " + ", ".join(Role)) from None
    token = PREFIX + secrets.token_urlsafe(32)
    token_id = "tok_" + secrets.token_hex(5)

    def store(connection: sa.Connection) -> None:
        rows.insert(
            connection,
            token_id=token_id,
            workspace_id=workspaces.by_slug(connection, slug).id,
            role=wanted,
            token_hash=fingerprint(token),
            hint=token[-HINT:],
            now=time.time(),
        )

    runtime.database.write(store)
    return NewToken(token_id, wanted, Secret(token))


def check(runtime: Runtime, token: str) -> Holder | None:
    """Who holds the token; None when it was never given out or was revoked. Raises DatabaseDown.

    It is found by its hash, so how long that takes tells nothing about other tokens.
    """
    if not token.startswith(PREFIX) or len(token) > LONGEST:
        return None
    with runtime.database.read() as connection:
        held = rows.by_hash(connection, fingerprint(token))
    if held is None:
        return None
    now = time.time()
    if held.last_used_at is None or held.last_used_at < now - rows.NOTE_USE_EVERY:
        with suppress(DatabaseDown):  # who reads may read on while nothing can be written
            runtime.database.write(lambda connection: rows.note_use(connection, held.id, now), timeout=NOTE_WITHIN)
    return Holder(held.workspace_id, held.slug, Role(held.role), held.id)


def listed(runtime: Runtime, slug: str) -> Sequence[TokenRow]:
    """The workspace's tokens, the oldest first. Raises NotFound."""
    with runtime.database.read() as connection:
        return rows.of_workspace(connection, workspaces.by_slug(connection, slug).id)


def revoke(runtime: Runtime, slug: str, token_id: str) -> None:
    """The token works no more, at once and everywhere. Raises NotFound."""

    def store(connection: sa.Connection) -> bool:
        workspace = workspaces.by_slug(connection, slug)
        return rows.revoke(connection, workspace.id, token_id, time.time())

    if not runtime.database.write(store):
        raise NotFound(f"The workspace {slug} has no token {token_id}; `moodbridge token list {slug}` shows them")
