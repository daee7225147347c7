"""Connecting helpdesks: what a connection needs to speak, installing it, rotating its secret, taking it away."""

import dataclasses
import json
import secrets as random_source
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from bridge.connector import Access, Connector
from bridge.errors import Invalid, NotFound
from bridge.runtime import Runtime
from bridge.signing import new_secret
from bridge.store import connections as rows
from bridge.store import providers as provider_rows
from bridge.store import workspaces as workspace_rows
from bridge.store.connections import ConnectionRow, StoredState
from bridge.store.workspaces import Workspace
from bridge.vault import fingerprint
from bridge.workspace_settings import from_json

DEFAULT_PREFIX = "sentiment"

OLD_SECRET_FOR = 86_400.0
"""Seconds for which the former secret is still taken after a rotation, so that a sender can change over."""

_ALPHABET = "abcdefghjkmnpqrstvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Connected:
    """What `connect` answers. `secret` is set when it is new: it is shown once."""

    connection: str
    hook_url: str
    secret: str | None = field(repr=False)
    installed: tuple[str, ...]


def connector_of(runtime: Runtime, kind: str) -> Connector:
    """Raises NotFound when no such connector is installed."""
    connector = runtime.connectors.get(kind)
    if connector is None:
        raise NotFound(f"There is no connector {kind}; there are " + ", ".join(sorted(runtime.connectors)))
    return connector


@dataclass(frozen=True, slots=True)
class HookSecret:
    """A secret that the hook's requests may be signed with; `until` is set once it was renewed."""

    value: str = field(repr=False)
    until: float | None = None


def secrets_of(runtime: Runtime, row: ConnectionRow) -> tuple[HookSecret, ...]:
    """The connection's secrets, the newest first."""
    return tuple(HookSecret(value, until) for value, until in json.loads(runtime.vault.decrypt(row.secrets)))


def access_to(runtime: Runtime, row: ConnectionRow) -> Access:
    """What the connection's connector is handed, with the secrets that are good now."""
    decrypt = runtime.vault.decrypt
    now = time.time()
    return Access(
        connection=row.id,
        hook_url=f"{runtime.settings.public_url}/hooks/{decrypt(row.hook)}",
        prefix=row.prefix,
        options=json.loads(decrypt(row.options)),
        secrets=tuple(one.value for one in secrets_of(runtime, row) if one.until is None or one.until > now),
        state=StoredState(runtime.database, runtime.vault, row.id),
        http=runtime.http,
        scale=from_json(row.settings).buckets.buckets,
    )


def connect(
    runtime: Runtime,
    slug: str,
    kind: str,
    options: Mapping[str, str],
    *,
    prefix: str | None = None,
    dry_run: bool = False,
    rotate: bool = False,
) -> Connected:
    """Installs a helpdesk, or brings an installed one with the same options in line: twice changes nothing.

    Raises Invalid for missing options, NotFound, and what the connector raises.
    """
    connector = connector_of(runtime, kind)
    _check_options(connector, options)
    options = _as_kept(connector, options)
    with runtime.database.read() as connection:
        workspace = workspace_rows.by_slug(connection, slug)
        existing = _same(runtime, rows.of_workspace(connection, workspace.id), connector, options)
    if dry_run:
        access = _dry_access(runtime, workspace, existing, options, prefix, rotate)
        return Connected(access.connection, access.hook_url, None, connector.install(access, True).steps)
    fresh = existing is None
    row = existing or _insert(runtime, workspace.id, kind, options, prefix or DEFAULT_PREFIX)
    access = access_to(runtime, row)
    secret: str | None = None
    if fresh or rotate:
        secret = new_secret()
        row = _change(runtime, row, options, _renewed(runtime, row, secret), prefix)
    elif dict(access.options) != dict(options) or (prefix and prefix != row.prefix):
        row = _change(runtime, row, options, secrets_of(runtime, row), prefix)
    try:
        installed = connector.install(access_to(runtime, row), False)
    except Exception:
        if fresh:
            runtime.database.write(lambda connection: rows.disconnect(connection, row.id))
        raise
    if installed.secret is not None and installed.secret not in access.secrets:
        secret = installed.secret  # the helpdesk makes the secret itself: ours was never used
        before = existing or dataclasses.replace(row, secrets=runtime.vault.encrypt("[]"))
        row = _change(runtime, row, options, _renewed(runtime, before, secret), prefix)
    kept = secrets_of(runtime, row)
    own = [one for place, one in enumerate(kept) if place == 0 or one.until is not None]
    wanted = (*own, *(HookSecret(other) for other in installed.secrets))
    if wanted != kept:
        _change(runtime, row, options, wanted, prefix)
    return Connected(row.id, access.hook_url, secret, installed.steps)


def _renewed(runtime: Runtime, row: ConnectionRow, secret: str) -> list[HookSecret]:
    """The new secret first; the one before it is good for another day, older ones no more; others' stay."""
    newest, *rest = secrets_of(runtime, row) or (None,)
    former = [] if newest is None else [HookSecret(newest.value, time.time() + OLD_SECRET_FOR)]
    return [HookSecret(secret), *former, *(one for one in rest if one is not None and one.until is None)]


def _dry_access(
    runtime: Runtime,
    workspace: Workspace,
    existing: ConnectionRow | None,
    options: Mapping[str, str],
    prefix: str | None,
    rotate: bool,
) -> Access:
    """What `install` would be handed."""
    if existing is not None:
        access = access_to(runtime, existing)
        secrets = ("(made when you connect)", *access.secrets) if rotate else access.secrets
        return dataclasses.replace(access, options=dict(options), prefix=prefix or access.prefix, secrets=secrets)
    url = f"{runtime.settings.public_url}/hooks/(made when you connect)"
    scale = workspace.settings.buckets.buckets
    return Access("(new)", url, prefix or DEFAULT_PREFIX, dict(options), (), _NoState(), runtime.http, scale)


class _NoState:
    """The state of a connection that a dry run does not make: it forgets."""

    def get(self, key: str) -> str | None:
        return None

    def set(self, key: str, value: str, expected: str | None) -> bool:
        return True


def listed(runtime: Runtime, slug: str) -> Sequence[ConnectionRow]:
    """The workspace's connections, the oldest first; a well one is `degraded` where the AI provider is stopped, since
    the embedded scorer scores what comes by it. Raises NotFound."""
    with runtime.database.read() as connection:
        workspace = workspace_rows.by_slug(connection, slug)
        found = rows.of_workspace(connection, workspace.id)
        provider = provider_rows.of_workspace(connection, workspace.id)
    if provider is None or provider.stopped_at is None:
        return found
    error = f"scoring: {provider.problem}"
    return [
        dataclasses.replace(row, status="degraded", error=error) if row.status == "active" else row for row in found
    ]


def reinstall(
    runtime: Runtime, slug: str, connection_id: str, *, dry_run: bool = False, rotate: bool = False
) -> Connected:
    """Brings a connection's helpdesk in line again, with what it was connected with; a dry run only looks.

    Raises NotFound, and what the connector raises.
    """
    row = next((one for one in listed(runtime, slug) if one.id == connection_id), None)
    if row is None or row.status == "disconnected":
        raise NotFound(f"The workspace {slug} has no connection {connection_id}; connect the helpdesk anew")
    options = json.loads(runtime.vault.decrypt(row.options))
    return connect(runtime, slug, row.kind, options, dry_run=dry_run, rotate=rotate)


def disconnect(runtime: Runtime, connection_id: str) -> tuple[str, ...]:
    """Takes back what `connect` installed and takes no more events; fields and history stay. Says what it did.

    Raises NotFound, and what the connector raises: then nothing is changed here.
    """
    with runtime.database.read() as connection:
        row = rows.by_id(connection, connection_id)
    if row.status == "disconnected":
        return ("It was disconnected already.",)
    steps = connector_of(runtime, row.kind).uninstall(access_to(runtime, row))
    runtime.database.write(lambda connection: rows.disconnect(connection, connection_id))
    return (*steps, "Moodbridge takes no more events of this connection; its history stays.")


def _check_options(connector: Connector, options: Mapping[str, str]) -> None:
    for option in connector.options:
        if option.required and not options.get(option.name):
            raise Invalid(option.name, f"{connector.kind} needs it: {option.help}")
    unknown = set(options) - {option.name for option in connector.options}
    if unknown:
        raise Invalid(sorted(unknown)[0], f"{connector.kind} has no such option")


def _as_kept(connector: Connector, options: Mapping[str, str]) -> dict[str, str]:
    """The options, without capitals where these mean nothing."""
    lower = {option.name for option in connector.options if option.lower}
    return {name: value.strip().lower() if name in lower else value for name, value in options.items()}


def _same(
    runtime: Runtime, existing: Sequence[ConnectionRow], connector: Connector, options: Mapping[str, str]
) -> ConnectionRow | None:
    """The connection that these options mean: the one whose options agree, of those that tell helpdesks apart."""
    plain = [option.name for option in connector.options if option.identifies and not option.secret]
    for row in existing:
        if row.kind != connector.kind or row.status == "disconnected":
            continue
        stored = _as_kept(connector, json.loads(runtime.vault.decrypt(row.options)))
        if all(stored.get(name) == options.get(name) for name in plain):
            return row
    return None


def _insert(runtime: Runtime, workspace_id: int, kind: str, options: Mapping[str, str], prefix: str) -> ConnectionRow:
    connection_id = f"{kind}-" + "".join(random_source.choice(_ALPHABET) for _ in range(6))
    hook = random_source.token_urlsafe(24)
    encrypt = runtime.vault.encrypt

    def store(connection: sa.Connection) -> ConnectionRow:
        rows.insert(
            connection,
            connection_id=connection_id,
            workspace_id=workspace_id,
            kind=kind,
            prefix=prefix,
            hook_hash=fingerprint(hook),
            hook=encrypt(hook),
            options=encrypt(json.dumps(dict(options))),
            secrets=encrypt("[]"),
        )
        return rows.by_id(connection, connection_id)

    return runtime.database.write(store)


def _change(
    runtime: Runtime,
    row: ConnectionRow,
    options: Mapping[str, str],
    hook_secrets: Sequence[HookSecret],
    prefix: str | None,
) -> ConnectionRow:
    encrypt = runtime.vault.encrypt

    def store(connection: sa.Connection) -> ConnectionRow:
        rows.change(
            connection,
            row.id,
            options=encrypt(json.dumps(dict(options))),
            secrets=encrypt(json.dumps([(one.value, one.until) for one in hook_secrets])),
            prefix=prefix or row.prefix,
        )
        return rows.by_id(connection, row.id)

    return runtime.database.write(store)
