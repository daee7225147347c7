"""The notify drain: each delivery is sent to its receiver, and again on a ladder of three days until it is taken."""

import logging
import random
import time
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from bridge import telling
from bridge.channels.outcome import KEPT, Outcome
from bridge.runtime import Runtime
from bridge.store.deliveries import PendingDelivery, Tried, pending_deliveries, settle_tries
from bridge.store.delivery_claims import claim
from bridge.store.events import WEBHOOK
from bridge.store.queue import PutOff
from bridge.store.tables import State, deliveries
from jobs.drain import Done, Drain
from jobs.process import run

log = logging.getLogger("moodbridge.notify")

LADDER = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Seconds from one try to the next (the schedule that Standard Webhooks 1.0.0 gives): the last is after 75.6 hours."""

ALERT_LADDER = LADDER[:4]
"""An alert is of no use days later: the last try is after 2.6 hours."""

LONGEST_WAIT = 86_400.0

SLOW = 5.0
"""Seconds after which an answer counts against its receiver, although it is taken."""


def work(runtime: Runtime, unit: Sequence[PendingDelivery]) -> Iterable[Done[PendingDelivery, Tried]]:
    """Tells the receiver of each delivery, once."""
    for one in unit:
        began = time.monotonic()
        outcome = telling.tell(runtime, one)
        seconds = time.monotonic() - began
        log.info(
            "told" if outcome.taken else "not told",
            extra={
                "workspace": one.slug,
                "webhook_id": one.webhook_id,
                "receiver": one.receiver_id,
                "kind": one.kind,
                "status": outcome.status,
                "ms": round(seconds * 1000, 1),
                "error": outcome.error,
            },
        )
        yield Done(one, tried(runtime, one, outcome, seconds, time.time()))


def tried(runtime: Runtime, one: PendingDelivery, outcome: Outcome, seconds: float, now: float) -> Tried:
    """What the outcome means for the delivery: taken, again later, given up, or dropped."""
    state, due_at = State.IGNORED if outcome.dropped else State.SETTLED, now
    if not outcome.taken and not outcome.dropped:
        wait = None if outcome.gone or outcome.final else _wait(one, outcome.retry_after)
        state = State.DEAD if wait is None else State.PENDING
        due_at = now + (wait or 0.0)
    answer = runtime.vault.encrypt(outcome.answer[:KEPT]) if outcome.answer else None
    ms = round(seconds * 1000)
    return Tried(
        one, state, now, ms, due_at, outcome.error, outcome.status, answer, slow=seconds > SLOW, gone=outcome.gone
    )


def _wait(one: PendingDelivery, asked: float | None) -> float | None:
    """Seconds until the next try; None when there is none left. A receiver may ask for more, up to a day."""
    ladder = LADDER if one.kind == WEBHOOK else ALERT_LADDER
    if one.attempts >= len(ladder):
        return None
    wait = ladder[one.attempts] * random.uniform(1.0, 1.1)
    return wait if asked is None else min(LONGEST_WAIT, max(wait, asked))


def settle(
    _runtime: Runtime, connection: sa.Connection, done: Sequence[Done[PendingDelivery, Tried]]
) -> Sequence[PutOff]:
    """Stores what became of each delivery, and how its receiver does."""
    settle_tries(connection, [one.result for one in done if one.result is not None])
    return ()


DRAIN: Drain[PendingDelivery, Tried] = Drain(
    queue="notify",
    table=deliveries,
    threads=300,
    capacity=400,
    load=pending_deliveries,
    work=work,
    settle=settle,
    claim=claim,
)


def drain() -> None:
    """What RQ runs."""
    run(DRAIN)
