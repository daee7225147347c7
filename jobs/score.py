"""The score drain: claimed customer messages get their score, from the workspace's provider or the embedded scorer."""

import functools
import logging
import time
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from bridge.runtime import Runtime, redis_url
from bridge.scoring import books
from bridge.scoring.books import Entry
from bridge.scoring.judge import Claimed, Judge, Outcome
from bridge.scoring.pace import Pace
from bridge.scoring.standing import standings
from bridge.store.queue import PutOff
from bridge.store.scores import pending_messages, settle_scores
from bridge.store.tables import messages
from jobs.drain import Done, Drain, Settled
from jobs.process import run

log = logging.getLogger("moodbridge.score")


def load(connection: sa.Connection, ids: Sequence[int]) -> list[Claimed]:
    """The claimed messages with what scoring them needs."""
    claimed = pending_messages(connection, ids)
    known = standings(connection, claimed, time.time())
    return [Claimed(message, known.get(message.row_id)) for message in claimed]


def work(runtime: Runtime, unit: Sequence[Claimed]) -> Iterable[Done[Claimed, Outcome]]:
    """The outcome of messages with the same text."""
    began = time.monotonic()
    judge = Judge(runtime.http, _pace(redis_url(runtime.settings)), runtime.vault)
    for one, outcome in judge.outcomes(unit):
        yield Done(one, outcome, seconds=time.monotonic() - began)


@functools.cache
def _pace(url: str) -> Pace:
    return Pace(url)


def settle(runtime: Runtime, connection: sa.Connection, done: Sequence[Done[Claimed, Outcome]]) -> Settled:
    """Stores the verdicts and keeps the books; returns the messages that are asked about again."""
    now = time.time()
    results = [(one.row, one.result) for one in done if one.result is not None]
    scored = [outcome.scored for _, outcome in results if outcome.scored is not None]
    told = bool(scored) and settle_scores(connection, scored, now, functools.partial(_takes_labels, runtime))
    told |= books.enter(connection, [entry for entry in map(_entry, results) if entry is not None], now)
    again = _put_off(connection, [(row, outcome) for row, outcome in results if outcome.scored is None], now)
    return Settled(again, wakes=("notify",) if told else ())


def _takes_labels(runtime: Runtime, kind: str) -> bool:
    connector = runtime.connectors.get(kind)  # its package may have been taken away
    return connector is not None and connector.capabilities.writes


def told(done: Sequence[Done[Claimed, Outcome]]) -> None:
    """A line of the log for each message."""
    for one in done:
        message = one.row.message
        log.info(
            "put off" if one.result is None or one.result.scored is None else "scored",
            extra={
                "connection": message.connection_id,
                "ticket": message.ticket_id,
                "message_id": message.message_id,
                "ms": round(one.seconds * 1000, 1),
            },
        )


def _entry(result: tuple[Claimed, Outcome]) -> Entry | None:
    row, outcome = result
    if outcome.told is None or row.standing is None:
        return None
    offline = outcome.scored is not None and outcome.told.verdict is None
    return Entry(row.standing, outcome.told, row.message.text_hash, offline, outcome.indicators)


def _put_off(connection: sa.Connection, waiting: Sequence[tuple[Claimed, Outcome]], now: float) -> list[PutOff]:
    paused = {row.message.workspace_id for row, outcome in waiting if outcome.told is not None and outcome.told.paused}
    # The pause may have ended while these were on their way.
    until = books.pauses(connection, paused) if paused else {}
    rows: list[PutOff] = []
    for row, outcome in waiting:
        reason = (outcome.told.reason if outcome.told is not None else None) or "the provider is busy"
        over = outcome.told is not None and outcome.told.paused and until.get(row.message.workspace_id, 0.0) <= now
        rows.append(PutOff(row.row_id, now if over else outcome.again_at, reason, own_error=False))
    return rows


DRAIN: Drain[Claimed, Outcome] = Drain(
    queue="score",
    table=messages,
    threads=500,
    capacity=550,
    load=load,
    work=work,
    settle=settle,
    told=told,
    wakes=("writeback",),
    unit_key=lambda one: one.text,
)


def drain() -> None:
    """What RQ runs."""
    run(DRAIN)
