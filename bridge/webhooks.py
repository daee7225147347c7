"""Outgoing webhooks: a workspace's own endpoints and their secrets."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import sqlalchemy as sa

from bridge import receivers
from bridge.channels import webhook
from bridge.channels.kinds import web_host
from bridge.channels.outcome import Outcome, post
from bridge.errors import Invalid
from bridge.model import Origin
from bridge.runtime import Runtime
from bridge.signing import new_secret
from bridge.store import receivers as rows
from bridge.store import workspaces
from bridge.store.events import FOR_ONE, WEBHOOK, EventType
from bridge.store.receivers import ReceiverRow
from bridge.telling import good_secrets
from bridge.vault import Secret

OLD_SECRET_FOR = 86_400.0
"""Seconds for which both secrets sign after a rotation."""

TYPES = tuple(one for one in EventType if one not in FOR_ONE)
ORIGINS = tuple(Origin)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint as its admins see it. `url` shows no more than where it goes, since addresses may hold secrets."""

    id: str
    url: str
    types: tuple[str, ...] | None
    origins: tuple[str, ...]
    status: str
    """active, failing or disabled."""
    error: str | None
    failing_since: float | None
    last_sent_at: float | None
    created_at: float


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint just made, or with a new secret, which is shown once."""

    endpoint: Endpoint
    secret: Secret = field(repr=False)


def add(
    runtime: Runtime, slug: str, url: str, types: Sequence[str] | None = None, origins: Sequence[str] | None = None
) -> NewEndpoint:
    """A new endpoint, told of everything unless types are given. Raises Invalid, naming the field, and NotFound."""
    host, port, encrypted = web_host(url, "url")
    receivers.refuse_private(runtime, "url", host, port, encrypted)
    wanted = receivers.DEFAULT_ORIGINS if origins is None else tuple(dict.fromkeys(origins))
    if not wanted or not all(one in ORIGINS for one in wanted):
        raise Invalid("origins", "use some of " + ", ".join(ORIGINS))
    secret = new_secret()
    row = receivers.add(
        runtime,
        slug,
        WEBHOOK,
        url,
        prefix="wh",
        endpoints=True,
        secrets=[(secret, None)],
        types=receivers.checked_types(types, TYPES),
        origins=wanted,
    )
    return NewEndpoint(_endpoint(runtime, row), Secret(secret))


def listed(runtime: Runtime, slug: str) -> Sequence[Endpoint]:
    """The workspace's endpoints, the oldest first. Raises NotFound."""
    return [_endpoint(runtime, row) for row in receivers.listed(runtime, slug, endpoints=True)]


def show(runtime: Runtime, slug: str, endpoint_id: str) -> Endpoint:
    """Raises NotFound."""
    return _endpoint(runtime, receivers.one(runtime, slug, True, endpoint_id))


def remove(runtime: Runtime, slug: str, endpoint_id: str) -> None:
    """The endpoint gets nothing more. Raises NotFound."""
    receivers.remove(runtime, slug, True, endpoint_id)


def enable(runtime: Runtime, slug: str, endpoint_id: str) -> Endpoint:
    """An endpoint that was disabled gets what happens from now on; `resend` brings what it missed. Raises NotFound."""
    return _endpoint(runtime, receivers.enable(runtime, slug, True, endpoint_id))


def rotate(runtime: Runtime, slug: str, endpoint_id: str) -> NewEndpoint:
    """A new secret. For a day everything is signed with the former one too. Raises NotFound."""
    secret = new_secret()
    now = time.time()

    def store(connection: sa.Connection) -> ReceiverRow:
        workspace = workspaces.by_slug(connection, slug)
        row = rows.one(connection, workspace.id, True, endpoint_id)
        former = good_secrets(runtime, row.secrets, now)[:1]
        kept = [(secret, None), *((one, now + OLD_SECRET_FOR) for one in former)]
        rows.change_secrets(connection, row.id, runtime.vault.encrypt(json.dumps(kept)))
        return row

    return NewEndpoint(_endpoint(runtime, runtime.database.write(store)), Secret(secret))


def test(runtime: Runtime, slug: str, endpoint_id: str) -> Outcome:
    """What the endpoint answers to a signed `workspace.test`, sent now and once. Raises NotFound."""
    row = receivers.one(runtime, slug, True, endpoint_id)
    now = time.time()
    secrets = good_secrets(runtime, row.secrets, now)
    target = runtime.vault.decrypt(row.target)
    return post(runtime.http, webhook.request(target, secrets, receivers.test_fact(slug), now))


def _endpoint(runtime: Runtime, row: ReceiverRow) -> Endpoint:
    parts = urlsplit(runtime.vault.decrypt(row.target))
    shown = f"{parts.scheme}://{parts.netloc}" + ("/…" if parts.path.strip("/") or parts.query else "")
    return Endpoint(
        id=row.public_id,
        url=shown,
        types=None if row.types is None else tuple(row.types.split(",")),
        origins=tuple(row.origins.split(",")),
        status=receivers.status(row),
        error=row.error,
        failing_since=row.failing_since,
        last_sent_at=row.last_sent_at,
        created_at=row.created_at,
    )
