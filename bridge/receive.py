"""Receiving webhooks: verify, parse, store, wake. One fixed order, no call to anybody before the answer."""

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import TimeoutError as CommitTimeout

from bridge.connections import access_to, connector_of, secrets_of
from bridge.connector import Access, BadSignature, Connector, HookRequest, Received
from bridge.errors import BridgeError
from bridge.model import Author, Message, Origin
from bridge.runtime import Runtime
from bridge.store import connections as rows
from bridge.store.database import DatabaseDown
from bridge.store.inbox import Arrival, Receipt, store_arrivals
from bridge.store.workspaces import secret_of
from bridge.store.writer import Operation
from bridge.vault import Secret, Vault, fingerprint, keyed_hash

COMMIT_WITHIN = 8.0
"""Seconds. Helpdesks give up after 10 to 12 s; a later commit is found as a duplicate when they try again."""


class UnknownHook(BridgeError):
    """No connection has this hook path."""


class TooLarge(BridgeError):
    """The body is larger than this helpdesk ever sends."""


class Unavailable(BridgeError):
    """The arrival could not be committed: the sender should try again."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Known:
    """A connection as it was read: used until its revision changes."""

    connector: Connector
    access: Access
    secret: Secret
    """The workspace's."""
    revision: int
    good_until: float
    """When one of its secrets runs out."""


class Receiver:
    """Takes webhooks in. One for a web process, used by all its threads."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._known: dict[str, _Known] = {}
        self._store: Operation[Arrival, Receipt] = Operation(store_arrivals, self._wake)
        self.accepted = 0

    def limit(self, hook: str) -> int:
        """The largest body in bytes that this hook takes. Raises UnknownHook, DatabaseDown."""
        return self._connection(hook).connector.capabilities.hook_limit

    def receive(self, hook: str, body: bytes, headers: Mapping[str, str], now: float | None = None) -> Receipt:
        """Stores what the webhook brings and wakes the drains. Header names are lower case.

        Raises UnknownHook, TooLarge, BadSignature, Unreadable, Unavailable; then nothing is stored.
        """
        request = HookRequest(body, headers, time.time() if now is None else now)
        while True:
            known = self._connection(hook)
            if len(body) > known.connector.capabilities.hook_limit:
                raise TooLarge(f"more than {known.connector.capabilities.hook_limit} bytes")
            try:
                known.connector.verify(request, known.access)
            except BadSignature:
                if not self._changed(hook, known):
                    raise
                continue  # signed with a secret that was renewed since we read it
            arrival = _arrival(known, known.connector.parse(request, known.access), request.now, self._runtime.vault)
            try:
                receipt = self._runtime.database.batch(self._store, arrival, COMMIT_WITHIN)
            except (DatabaseDown, CommitTimeout) as error:
                raise Unavailable("The inbox cannot commit now; send the event again") from error
            if not receipt.stale:
                return receipt
            self._changed(hook, known)  # its secret, its options, or it is gone

    def _connection(self, hook: str) -> _Known:
        known = self._known.get(hook)
        return known if known is not None and time.time() < known.good_until else self._read(hook)

    def _changed(self, hook: str, known: _Known) -> bool:
        """Whether the connection is another than was known; it is known as it stands now."""
        return self._read(hook).revision != known.revision

    def _read(self, hook: str) -> _Known:
        with self._runtime.database.read() as connection:
            row = rows.by_hook_hash(connection, fingerprint(hook))
            secret = None if row is None else secret_of(connection, row.workspace_id)
        if row is None or secret is None:
            self._known.pop(hook, None)
            raise UnknownHook("there is no such hook")
        ends = [one.until for one in secrets_of(self._runtime, row) if one.until is not None]
        coming = [until for until in ends if until > time.time()]
        known = _Known(
            connector_of(self._runtime, row.kind),
            access_to(self._runtime, row),
            Secret(self._runtime.vault.decrypt(secret)),
            row.revision,
            good_until=min(coming, default=math.inf),
        )
        self._known[hook] = known
        return known

    def _wake(self, receipts: Sequence[Receipt]) -> None:
        self.accepted += sum(receipt.accepted for receipt in receipts)
        due = frozenset[str]().union(*(receipt.wakes for receipt in receipts))
        if due:
            self._runtime.waker.soon(due)


def _arrival(known: _Known, received: Received, now: float, vault: Vault) -> Arrival:
    return Arrival(
        connection_id=known.access.connection,
        revision=known.revision,
        received_at=now,
        origin=Origin.LIVE,
        messages=[sealed(message, vault, known.secret) for message in received.messages],
        targets=received.targets,
        label_changes=received.label_changes,
        ignored=received.ignored,
        seen=received.seen,
        forgotten=received.forgotten,
        facts=received.facts,
        event=True,
    )


def sealed(message: Message, vault: Vault, secret: Secret) -> Message:
    """The message with its customer text encrypted, and hashed with the workspace's secret; staff's loses its text."""
    if message.author is not Author.CUSTOMER or message.text is None:
        return dataclasses.replace(message, text=None)
    text_hash = keyed_hash(secret.reveal(), message.text)
    return dataclasses.replace(message, text=vault.encrypt(message.text), text_hash=text_hash)
