"""What endpoints and alert channels have in common: adding, finding, removing, and sending a test."""

import json
import secrets as random_source
import time
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from bridge.address import AddressRefused, Guard, HttpError
from bridge.channels.fact import Fact
from bridge.errors import Invalid
from bridge.model import Origin
from bridge.runtime import Runtime
from bridge.store import receivers as rows
from bridge.store import workspaces
from bridge.store.events import EventType
from bridge.store.receivers import ReceiverRow
from bridge.telling import policy

MOST = 20
"""Endpoints, and alert channels, of one workspace: each event is a row for each of them."""

DEFAULT_ORIGINS = (Origin.LIVE, Origin.CORRECTION)

_ALPHABET = "abcdefghjkmnpqrstvwxyz23456789"


def add(
    runtime: Runtime,
    slug: str,
    kind: str,
    target: str,
    *,
    prefix: str,
    endpoints: bool,
    secrets: Sequence[tuple[str, float | None]] | None = None,
    types: Sequence[str] | None = None,
    origins: Sequence[str] = DEFAULT_ORIGINS,
    settings: Mapping[str, object] | None = None,
) -> ReceiverRow:
    """A new receiver of the workspace. Raises Invalid when there are too many, and NotFound."""
    public_id = f"{prefix}-" + "".join(random_source.choice(_ALPHABET) for _ in range(8))
    sealed = runtime.vault.encrypt(target)
    sealed_secrets = None if secrets is None else runtime.vault.encrypt(json.dumps(secrets))

    def store(connection: sa.Connection) -> ReceiverRow:
        workspace = workspaces.by_slug(connection, slug)
        if len(rows.of_workspace(connection, workspace.id, endpoints)) >= MOST:
            raise Invalid("workspace", f"there are {MOST} already; remove one first")
        rows.insert(
            connection,
            workspace_id=workspace.id,
            public_id=public_id,
            kind=kind,
            target=sealed,
            secrets=sealed_secrets,
            types=types,
            origins=origins,
            settings=settings or {},
            now=time.time(),
        )
        return rows.one(connection, workspace.id, endpoints, public_id)

    return runtime.database.write(store)


def listed(runtime: Runtime, slug: str, endpoints: bool) -> Sequence[ReceiverRow]:
    """The workspace's, the oldest first. Raises NotFound."""
    with runtime.database.read() as connection:
        return rows.of_workspace(connection, workspaces.by_slug(connection, slug).id, endpoints)


def one(runtime: Runtime, slug: str, endpoints: bool, public_id: str) -> ReceiverRow:
    """Raises NotFound, of another workspace's too."""
    with runtime.database.read() as connection:
        return rows.one(connection, workspaces.by_slug(connection, slug).id, endpoints, public_id)


def remove(runtime: Runtime, slug: str, endpoints: bool, public_id: str) -> None:
    """Removes it; what waits for it is not sent. Raises NotFound."""

    def store(connection: sa.Connection) -> None:
        workspace = workspaces.by_slug(connection, slug)
        rows.remove(connection, rows.one(connection, workspace.id, endpoints, public_id).id, time.time())

    runtime.database.write(store)


def enable(runtime: Runtime, slug: str, endpoints: bool, public_id: str) -> ReceiverRow:
    """One that was disabled is told of what happens from now on. Raises NotFound."""

    def store(connection: sa.Connection) -> ReceiverRow:
        workspace = workspaces.by_slug(connection, slug)
        row = rows.one(connection, workspace.id, endpoints, public_id)
        rows.enable(connection, row.id)
        return rows.one(connection, workspace.id, endpoints, public_id)

    return runtime.database.write(store)


def checked_types(types: Sequence[str] | None, known: Sequence[EventType]) -> tuple[str, ...] | None:
    """The types, each once; None for all. Raises Invalid."""
    if types is None:
        return None
    unknown = [one for one in types if one not in known]
    if unknown or not types:
        raise Invalid("types", "use some of " + ", ".join(known))
    return tuple(dict.fromkeys(types))


def refuse_private(runtime: Runtime, name: str, host: str, port: int, encrypted: bool) -> None:
    """Raises Invalid for an address that no call would be made to. A name that has none yet is taken."""
    try:
        Guard(policy(runtime)).addresses(host, port, encrypted)
    except AddressRefused as error:
        raise Invalid(name, str(error)) from None
    except HttpError:
        pass


def test_fact(slug: str) -> Fact:
    """What a test tells."""
    return Fact(
        webhook_id="msg_" + random_source.token_hex(16),
        type=EventType.TEST,
        at=time.time(),
        workspace=slug,
        origin=Origin.LIVE,
        data={"summary": "If you can read this, alerts and events arrive here."},
    )


def status(row: ReceiverRow) -> str:
    """active, failing or disabled."""
    if row.disabled_at is not None:
        return "disabled"
    return "failing" if row.failing_since is not None else "active"
