"""Connected helpdesks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from bridge import connections
from bridge.connections import Connected
from bridge.errors import NotFound
from bridge.store.connections import ConnectionRow
from bridge.tokens import Role
from bridge.web.answers import NOTHING_HERE
from bridge.web.api.endpoint import Call, endpoint
from bridge.web.api.paging import page_of
from bridge.web.api.types import Moment, Paging, Text, says


@dataclass(frozen=True, slots=True)
class Connection:
    """A helpdesk and how it does; `status` is active, failing, degraded or disconnected."""

    connection: str
    kind: str
    prefix: str
    status: str
    error: str | None
    last_event_at: Moment | None
    last_write_at: Moment | None
    created_at: Moment


@dataclass(frozen=True, slots=True)
class ConnectionPage:
    """Connections, the oldest first."""

    items: Sequence[Connection]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class NewConnection:
    """What to connect: a kind, and the options that `moodbridge connect KIND --help` names. `dry_run` does nothing.

    The same helpdesk again is brought in line. `rotate` renews the secret that its webhooks are signed with.
    """

    kind: Annotated[str, says(pattern="^[a-z][a-z0-9-]{0,40}$")]
    options: Annotated[Mapping[str, Text], says(writeOnly=True, maxProperties=20)] | None = None
    prefix: Annotated[str, says(pattern="^[a-z][a-z0-9]{0,29}$")] | None = None
    dry_run: bool = False
    rotate: bool = False


@dataclass(frozen=True, slots=True)
class ConnectionMade:
    """What was done; `secret` is shown this once, where it is new."""

    connection: str
    hook_url: str
    secret: str | None
    installed: Sequence[str]


@dataclass(frozen=True, slots=True)
class Disconnected:
    """What was taken back."""

    connection: str
    done: Sequence[str]


@endpoint("GET", "/connections", Role.AGENT, ConnectionPage)
def list_connections(call: Call, query: Paging) -> ConnectionPage:
    """List the connected helpdesks with their health."""
    found = [_shown(one) for one in connections.listed(call.runtime, call.slug)]
    return ConnectionPage(*page_of(found, query, lambda one: one.connection))


@endpoint("POST", "/connections", Role.ADMIN, ConnectionMade, status=201, cost=50)
def connect(call: Call, body: NewConnection) -> Connected:
    """Connect a helpdesk: checks the sign-in and installs what it needs."""
    return connections.connect(
        call.runtime,
        call.slug,
        body.kind,
        body.options or {},
        prefix=body.prefix,
        dry_run=body.dry_run,
        rotate=body.rotate,
    )


@endpoint("GET", "/connections/<connection>", Role.AGENT, Connection)
def show_connection(call: Call, connection: str) -> Connection:
    """Show a connected helpdesk."""
    return _one(call, connection)


@endpoint("DELETE", "/connections/<connection>", Role.ADMIN, Disconnected, cost=50)
def disconnect(call: Call, connection: str) -> Disconnected:
    """Disconnect a helpdesk: takes back what was installed; fields and history stay."""
    _one(call, connection)
    return Disconnected(connection, connections.disconnect(call.runtime, connection))


def _one(call: Call, connection: str) -> Connection:
    found = next((one for one in connections.listed(call.runtime, call.slug) if one.id == connection), None)
    if found is None:
        raise NotFound(NOTHING_HERE)
    return _shown(found)


def _shown(one: ConnectionRow) -> Connection:
    return Connection(
        one.id, one.kind, one.prefix, one.status, one.error, one.last_event_at, one.last_write_at, one.created_at
    )
