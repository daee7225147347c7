"""Doing what a program asks for once, however often it asks: idempotency keys.

Source: IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header-07, 2025): the
same key with the same request gets the first answer again, with another request 422, while that is at work 409.
"""

import time
from dataclasses import dataclass, field

import sqlalchemy as sa

from bridge.errors import BridgeError, Invalid
from bridge.runtime import Runtime
from bridge.store import answered
from bridge.vault import fingerprint

HEADER = "Idempotency-Key"


class AtWork(BridgeError):
    """The first request with this key has no answer yet: ask again in a moment."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer that the first request got."""

    status: int
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that is ours: the request is to be done, and its answer kept."""

    workspace_id: int
    key_hash: str


def begin(runtime: Runtime, workspace_id: int, key: str, request: str) -> Kept | Claim:
    """The answer that is kept for this key, else the claim to do it. `request`: everything that makes it this one.

    Raises Invalid when the key came with another request, and AtWork.
    """
    claim = Claim(workspace_id, fingerprint(key))
    request_hash = fingerprint(request)

    def store(connection: sa.Connection) -> answered.Answered | None:
        return answered.begin(connection, workspace_id, claim.key_hash, request_hash, time.time())

    try:
        known = runtime.database.write(store)
    except sa.exc.IntegrityError:
        raise AtWork("The first request with this key came just now; ask again in a moment") from None
    if known is None:
        return claim
    if known.request_hash != request_hash:
        raise Invalid(HEADER, "this key came with another request before; give each request its own")
    if known.status is None or known.body is None:
        raise AtWork("The first request with this key is still at work; ask again in a moment")
    return Kept(known.status, runtime.vault.decrypt(known.body))


def keep(runtime: Runtime, claim: Claim, status: int, body: str) -> None:
    """Keeps the answer for a day."""
    sealed = runtime.vault.encrypt(body)
    runtime.database.write(
        lambda connection: answered.keep(connection, claim.workspace_id, claim.key_hash, status, sealed)
    )


def forget(runtime: Runtime, claim: Claim) -> None:
    """It came to nothing: the same key may try again."""
    runtime.database.write(lambda connection: answered.forget(connection, claim.workspace_id, claim.key_hash))
