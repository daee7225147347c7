"""What a connector is: the contract between Moodbridge and one kind of helpdesk.

A connector is a folder of plain functions, gathered in one `Connector` value that an entry point
(group `moodbridge.connectors`) names. It may import this module, `model`, `signing`, `http` and
`text`, and nothing else of `bridge`.
"""

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bridge.errors import BridgeError
from bridge.http import Http
from bridge.model import Message, Score, Sentiment
from bridge.scale import FOUR


class ConnectorError(BridgeError):
    """Root of what a connector raises. `permanent`: the same call will fail again until a person acts."""

    permanent = False


class BadSignature(ConnectorError):
    """The request does not prove where it comes from: answered 401, nothing is stored."""

    permanent = True


class Unreadable(ConnectorError):
    """The request is signed well, but is not what the helpdesk should send: 415 or 422, naming the field."""

    permanent = True

    def __init__(self, field_name: str, message: str, status: int = 422) -> None:
        super().__init__(f"{field_name}: {message}")
        self.field = field_name
        self.status = status


class HelpdeskDown(ConnectorError):
    """No usable answer (refused, timed out, 5xx): tried again later, counts as an outage and not as our error."""


class RateLimited(ConnectorError):
    """The helpdesk asks for a pause of `retry_after` seconds; `whole`: nothing of the connection may be called
    before, else only what was asked for."""

    def __init__(self, retry_after: float, whole: bool = True) -> None:
        super().__init__(f"the helpdesk asks to wait {retry_after:.0f} s")
        self.retry_after = retry_after
        self.whole = whole


class Refused(ConnectorError):
    """The helpdesk refuses the sign-in or the call: a person must mend the connection."""

    permanent = True


class Gone(ConnectorError):
    """The ticket is no longer there."""

    permanent = True


class Proof(StrEnum):
    """How a webhook shows where it comes from."""

    SIGNED = "signed"
    """Body and time of sending are signed: a stale or altered one is refused."""
    SECRET = "secret"
    """It carries a secret of its own in a header or in its body: an old one sent again cannot be told."""
    PATH = "path"
    """Nothing but the unguessable address: the helpdesk can do no more."""


class Tags(StrEnum):
    """How a helpdesk takes tags."""

    ADDED = "added"
    """Ours are added and taken away; those of others are not touched by the call."""
    REPLACED = "replaced"
    """Each write replaces the whole list: read, merged and written under a lock."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a kind of helpdesk can do, as data: the engine, the tests and the feature matrix follow it."""

    events: bool
    """It sends webhooks."""
    readable: bool
    """Its tickets can be read again."""
    writes: bool
    """Label, score and trend are written into it."""
    bulk_size: int = 1
    """How many tickets one write call may carry."""
    corrections: bool = False
    """A label that a person sets in it is told to us or seen when writing."""
    hook_limit: int = 1_000_000
    """The largest webhook body in bytes; a larger one is answered 413."""
    poll_every: float | None = None
    """Seconds between two looks at what changed, the most where a connection decides (`Connector.poll_every`);
    None: no poll."""
    proof: Proof = Proof.SIGNED
    html: bool = False
    """Customers' words may come as HTML alone."""
    tags: Tags | None = None
    """Whether its tickets show our tags, and how it takes them."""
    fields: bool = False
    """Its tickets show label, score and trend in fields of their own."""
    views: bool = False
    """`connect` can make lists of urgent, negative and declining tickets in it."""
    closes: bool = False
    """A closed ticket takes no more writes."""
    backlog: bool = False
    """Its tickets can be listed, the newest first: old ones are backfilled."""


@dataclass(frozen=True, slots=True)
class Option:
    """One thing `connect KIND` asks for."""

    name: str
    help: str
    secret: bool = False
    required: bool = True
    identifies: bool = True
    """Another value means another helpdesk, and so another connection. A secret never does."""
    lower: bool = False
    """Capitals mean nothing in it: it is kept, and compared, in lower case."""


class ConnectionState(Protocol):
    """Small values a connector keeps for one connection (tokens, cursors), stored encrypted."""

    def get(self, key: str) -> str | None: ...

    def set(self, key: str, value: str, expected: str | None) -> bool:
        """True when the value was still `expected` (None: absent) and is now `value`; else nothing changed."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """What a connector is handed to speak for one connection."""

    connection: str
    hook_url: str
    prefix: str
    """What tags begin with: `sentiment`, or what `connect --prefix` chose."""
    options: Mapping[str, str] = field(repr=False)
    """What `connect` asked for, secrets included."""
    secrets: tuple[str, ...] = field(repr=False)
    """The hook's secrets, the newest first; more than one while a rotation runs."""
    state: ConnectionState = field(repr=False)
    http: Http = field(repr=False)
    scale: tuple[tuple[str, Score], ...] = FOUR.buckets
    """The workspace's labels, best first, each with its lower edge; `unknown` is none of them."""


@dataclass(frozen=True, slots=True)
class HookRequest:
    """A webhook as it arrived. Header names are lower case."""

    body: bytes
    headers: Mapping[str, str] = field(repr=False)
    now: float


class TargetKind(StrEnum):
    TICKET = "ticket"
    LISTING = "listing"
    """One page of what changed, by the connector's word."""
    BACKLOG = "backlog"
    """One page of the tickets there are, the newest first, by the position that the page before it named."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a read request names: a ticket by its id, or one page of the helpdesk's listing by the connector's word."""

    kind: TargetKind
    name: str


CHANGES = Target(TargetKind.LISTING, "changes")
"""What a poll asks a connector to read: whatever changed since its cursor."""


NEWEST = Target(TargetKind.BACKLOG, "")
"""Where a backfill begins: the first page of the tickets there are."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One ticket of a page of the backlog."""

    ticket_id: str
    messages: tuple[Message, ...] | None = None
    """All that was written on it, where the page tells; None: the ticket must be read."""
    skip: str | None = None
    """Why there is nothing to score in it (`spam`, `by_staff` ...)."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """One page of the tickets there are, the newest first."""

    tickets: tuple[Listed, ...]
    following: str | None
    """The position of the next page, to be used today or in a month; None: this was the last."""
    remaining: int | None = None
    """Tickets behind this page, where the helpdesk counts them."""


@dataclass(frozen=True, slots=True)
class LabelChange:
    """A person set a label in the helpdesk; it applies to the ticket's newest scored customer message."""

    ticket_id: str
    label: str
    by: str | None
    at: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What an event says its ticket showed then: our label, or None. Spares reading the ticket before it is written."""

    ticket_id: str
    label: str | None
    stamp: str
    """The ticket's version in the helpdesk's words; of two, the later one is greater as text."""


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """What the helpdesk says of a ticket itself, as it stands there now. None: it does not say."""

    ticket_id: str
    tags: tuple[str, ...] | None = None
    """All of them, but for those that we write."""
    priority: str | None = None
    group: str | None = None
    """The name, or else the id, of the group that it is with."""
    stamp: str | None = None
    """The ticket's version in the helpdesk's words; of two, the later one is greater as text."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What must not be kept: one message, or (None) a whole ticket."""

    ticket_id: str
    message_id: str | None
    expected: bool = True
    """A late event may still bring the message: it is remembered that it must not."""


@dataclass(frozen=True, slots=True)
class Received:
    """What one webhook, or one read, brought."""

    messages: tuple[Message, ...] = ()
    targets: tuple[Target, ...] = ()
    """What should be read next."""
    label_changes: tuple[LabelChange, ...] = ()
    ignored: int = 0
    """Events that are none of our business."""
    seen: tuple[Seen, ...] = ()
    forgotten: tuple[Forgotten, ...] = ()
    facts: tuple[TicketFacts, ...] = ()
    backlog: Backlog | None = None
    """What a page of the backlog holds; of other reads, None."""


@dataclass(frozen=True, slots=True)
class TicketWrite:
    """One ticket to write. `before` is what we wrote last (None: never)."""

    ticket_id: str
    before: Sentiment | None
    after: Sentiment
    seen: Seen | None = None
    """What the newest event since our last write said that the ticket showed."""
    unsolved_only: bool = False
    """Bulk work of a workspace that leaves solved tickets alone: those are GONE."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What should show that a ticket needs a person, or (`on` false) no longer."""

    ticket_id: str
    on: bool
    raise_priority: bool = False
    note: str | None = field(default=None, repr=False)
    """An internal note: it holds pieces of the customer's message."""


class WriteStatus(StrEnum):
    DONE = "done"
    PERSON = "person"
    """A person's label stands there; `label` says which. Nothing was written."""
    GONE = "gone"
    """Deleted, closed for good or not ours to write: final."""
    LATER = "later"
    """Not now; again after `retry_after` seconds. Nothing was written."""
    UNSURE = "unsure"
    """Nobody saw what became of it: it is looked at, after `retry_after` seconds, before it is written again."""
    FAILED = "failed"
    """The helpdesk refused this ticket; `reason` says why."""


@dataclass(frozen=True, slots=True)
class WriteResult:
    ticket_id: str
    status: WriteStatus
    label: str | None = None
    label_at: float | None = None
    """When the person set it, where the helpdesk tells; a customer message written later is written over it."""
    retry_after: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a ticket shows in its helpdesk now. `sentiment` is None when it shows nothing of ours."""

    ticket_id: str
    sentiment: Sentiment | None


@dataclass(frozen=True, slots=True)
class Installed:
    """What `install` did (or, in a dry run, would do): one plain sentence each; `secret` is set when it is new."""

    steps: tuple[str, ...]
    secret: str | None = field(default=None, repr=False)
    """The secret the helpdesk signs with, when the helpdesk chose it."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Those of further webhooks that people made there and let call this hook."""


@dataclass(frozen=True)
class Connector:
    """One kind of helpdesk. Every function but `parse` raises `ConnectorError`s only."""

    kind: str
    capabilities: Capabilities
    options: tuple[Option, ...]
    verify: Callable[[HookRequest, Access], None]
    """Raises BadSignature unless the request proves its origin and is fresh."""
    parse: Callable[[HookRequest, Access], Received]
    """What a verified request says. Raises Unreadable. Calls nobody."""
    install: Callable[[Access, bool], Installed]
    """Sets the helpdesk up (`True`: dry run, only says what it would do). Twice changes nothing."""
    uninstall: Callable[[Access], tuple[str, ...]]
    """Takes back what `install` did but fields and history; says what it did."""
    read: Callable[[Access, Target], Received] | None = None
    """The messages of a ticket or of one page of a listing."""
    write: Callable[[Access, Sequence[TicketWrite]], Sequence[WriteResult]] | None = None
    """Writes up to `bulk_size` tickets; one result for each, in order. Raises when no ticket was written."""
    look: Callable[[Access, Sequence[str]], Sequence[Shown]] | None = None
    """What these tickets show now; tickets that are gone are left out."""
    clear: Callable[[Access, Sequence[Shown]], Sequence[WriteResult]] | None = None
    """Takes label, score and trend away from up to `bulk_size` tickets that still show what we wrote (`sentiment`);
    one result for each, in order. A ticket that shows nothing is done; another label there is a person's."""
    ticket_url: Callable[[Access, str], str | None] | None = None
    """The page of a ticket in the helpdesk, as its agents open it. Calls nobody."""
    mark: Callable[[Access, Mark], WriteResult] | None = None
    """Adds the tag `<prefix>_escalated` with priority and note, in one call, or takes the tag away; nobody else's tag
    changes. A ticket that has the tag is done: it never gets a second note."""
    poll_every: Callable[[Access], float] | None = None
    """Seconds between two looks at what changed, where connections of this kind differ. Calls nobody."""


def discover() -> dict[str, Connector]:
    """Every installed connector by its kind. Loads the packages that entry points of the group name."""
    found = (entry.load() for entry in importlib.metadata.entry_points(group="moodbridge.connectors"))
    return {connector.kind: connector for connector in found}
