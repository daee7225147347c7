"""What was sent to an endpoint, and sending it again."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bridge import receivers
from bridge.errors import Invalid, NotFound
from bridge.runtime import Runtime
from bridge.store import receivers as rows
from bridge.store.receivers import ReceiverRow
from bridge.store.tables import State

MOST = 200

_STATES = {State.PENDING: "pending", State.SETTLED: "delivered", State.DEAD: "failed", State.IGNORED: "dropped"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """A line of the log. `answer`: the first characters of what the endpoint last answered."""

    id: int
    webhook_id: str
    type: str
    connection: str | None
    ticket_id: str | None
    created_at: float
    state: str
    """pending, delivered, failed or dropped."""
    attempts: int
    next_try_at: float | None
    error: str | None
    status: int | None
    answer: str | None = field(repr=False)
    ms: int | None
    tried_at: float | None
    delivered_at: float | None


def listed(
    runtime: Runtime, slug: str, endpoint_id: str, before: int | None = None, limit: int = 50
) -> Sequence[Delivery]:
    """What was sent, the newest first, from behind the delivery `before`. Raises NotFound and Invalid."""
    if not 1 <= limit <= MOST:
        raise Invalid("limit", f"give a number from 1 to {MOST}")
    row = receivers.one(runtime, slug, True, endpoint_id)
    with runtime.database.read() as connection:
        found = rows.log(connection, row.id, before, limit)
    return [_delivery(runtime, one) for one in found]


def resend(runtime: Runtime, slug: str, endpoint_id: str, delivery_id: int) -> None:
    """Sends one again, with the same webhook-id. Raises NotFound, and Invalid when the endpoint is disabled."""
    row = _enabled(runtime, slug, endpoint_id)
    now = time.time()
    if not runtime.database.write(lambda connection: rows.resend_one(connection, row.id, delivery_id, now)):
        raise NotFound(f"The endpoint {endpoint_id} has no delivery {delivery_id}, or it is under way just now")
    runtime.waker.soon(("notify",))


def resend_since(runtime: Runtime, slug: str, endpoint_id: str, since: float) -> int:
    """Sends again what was sent or given up of all events since then; how many. Raises NotFound and Invalid."""
    row = _enabled(runtime, slug, endpoint_id)
    count = rows.resend_since(runtime.database, row.id, since, time.time())
    runtime.waker.soon(("notify",))
    return count


def _enabled(runtime: Runtime, slug: str, endpoint_id: str) -> ReceiverRow:
    row = receivers.one(runtime, slug, True, endpoint_id)
    if row.disabled_at is not None:
        raise Invalid("id", "the endpoint is disabled; enable it first")
    return row


def _delivery(runtime: Runtime, row: rows.LogRow) -> Delivery:
    return Delivery(
        id=row.id,
        webhook_id=row.webhook_id,
        type=row.type,
        connection=row.connection_id,
        ticket_id=row.ticket_id,
        created_at=row.created_at,
        state=_STATES[row.state],
        attempts=row.attempts,
        next_try_at=row.due_at if row.state is State.PENDING else None,
        error=row.error,
        status=row.status,
        answer=runtime.vault.decrypt(row.answer) if row.answer else None,
        ms=row.ms,
        tried_at=row.tried_at,
        delivered_at=row.sent_at,
    )
