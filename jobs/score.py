"""The score drain: each claimed customer message gets its score, from its workspace's provider or the embedded scorer.

Messages with the same text in one workspace are one unit: the first asks, the others take what it was told.
"""

import functools
import json
import logging
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from bridge.model import Verdict
from bridge.runtime import Runtime, redis_url
from bridge.scale import label_of
from bridge.scoring import books
from bridge.scoring.books import Entry
from bridge.scoring.caveats import OFFLINE_FALLBACK
from bridge.scoring.consult import Told, consult
from bridge.scoring.pace import Pace
from bridge.scoring.scorers import Reading, noted, offline_verdict, reading, trusted
from bridge.scoring.standing import Standing, standings
from bridge.store.queue import PutOff
from bridge.store.scores import PendingMessage, ScoredRow, pending_messages, settle_scores
from bridge.store.tables import messages
from bridge.store.usage import Usage
from bridge.workspace_settings import WorkspaceSettings, from_json
from jobs.drain import Done, Drain
from jobs.process import run

log = logging.getLogger("moodbridge.score")

OFFLINE_AFTER = 600.0
"""Seconds after which the embedded scorer stands in for a provider that is busy or away: for a live message since it
arrived; for bulk work, which nobody waits for, since the provider fails."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claimed message, and how its workspace stands with its provider; None: it has none."""

    message: PendingMessage
    standing: Standing | None

    @property
    def row_id(self) -> int:
        return self.message.row_id

    @property
    def bulk(self) -> int:
        return self.message.bulk

    @property
    def attempts(self) -> int:
        return self.message.attempts


@dataclass(frozen=True, slots=True)
class Outcome:
    """A score, or the time at which the provider is asked again; with what is entered in the books."""

    scored: ScoredRow | None
    again_at: float
    reason: str
    told: Told | None
    indicators: str | None = field(default=None, repr=False)


def load(connection: sa.Connection, ids: Sequence[int]) -> list[Claimed]:
    """The claimed messages with what scoring them needs."""
    claimed = pending_messages(connection, ids)
    known = standings(connection, claimed, time.time())
    return [Claimed(message, known.get(message.row_id)) for message in claimed]


def work(runtime: Runtime, unit: Sequence[Claimed]) -> Iterable[Done[Claimed, Outcome]]:
    """The outcome of messages with the same text. It is decrypted here and nowhere kept."""
    began = time.monotonic()
    first = unit[0]
    settings = from_json(first.message.settings)
    read = reading(runtime.vault.decrypt(first.message.text), settings.languages)
    told = None
    if first.standing is not None and not read.nothing:
        waited = time.time() - first.message.received_at
        told = consult(
            runtime.http, _pace(redis_url(runtime.settings)), runtime.vault, first.standing, read.text, waited
        )
    indicators = _indicators(runtime, first, told, settings)
    for one in unit:
        outcome = _outcome(runtime, one, read, told, indicators, settings)
        _log(one.message, outcome, time.monotonic() - began)
        yield Done(one, outcome)
        if told is not None:  # what the first was told holds for all, and was paid once
            told = replace(told, known=told.verdict is not None, spent=Usage(), failure=None)


@functools.cache
def _pace(url: str) -> Pace:
    return Pace(url)


def _outcome(
    runtime: Runtime,
    one: Claimed,
    read: Reading,
    told: Told | None,
    indicators: str | None,
    settings: WorkspaceSettings,
) -> Outcome:
    remark = None
    if told is not None and told.verdict is not None:
        verdict = noted(told.verdict, read)
    else:
        if told is not None and told.again_at is not None:
            now, until = time.time(), _patient_until(one)
            if now < until:
                return Outcome(None, max(now, min(told.again_at, until)), told.reason or "", told)
        verdict = offline_verdict(read)
        if told is not None:
            verdict, remark = noted(verdict, read, OFFLINE_FALLBACK), told.reason
        indicators = _encrypted(runtime, verdict, settings)
    verdict = trusted(verdict, settings.confidence_floor)
    label = label_of(settings.buckets, verdict.score)
    known = told is not None and told.known
    cost = told.spent.cost if told is not None and told.spent.calls and not told.spent.unpriced else None
    scored = ScoredRow(one.message, label, verdict, indicators, cached=known, cost=cost, remark=remark)
    return Outcome(scored, 0.0, "", told, indicators)


def _patient_until(one: Claimed) -> float:
    if not one.bulk:
        return one.message.received_at + OFFLINE_AFTER
    since = one.standing.provider.failing_since if one.standing is not None else None
    return math.inf if since is None else since + OFFLINE_AFTER


def _indicators(runtime: Runtime, first: Claimed, told: Told | None, settings: WorkspaceSettings) -> str | None:
    """Those of the provider's verdict, encrypted: as they were kept, or anew."""
    if told is None or told.verdict is None or not settings.indicators:
        return None
    if told.known and first.standing is not None and first.standing.known is not None:
        return first.standing.known.indicators
    return _encrypted(runtime, told.verdict, settings)


def _encrypted(runtime: Runtime, verdict: Verdict, settings: WorkspaceSettings) -> str | None:
    if not settings.indicators or not verdict.indicators:
        return None
    return runtime.vault.encrypt(json.dumps(verdict.indicators, ensure_ascii=False))


def _log(message: PendingMessage, outcome: Outcome, seconds: float) -> None:
    scored = outcome.scored
    log.info(
        "put off" if scored is None else "scored",
        extra={
            "connection": message.connection_id,
            "ticket": message.ticket_id,
            "message_id": message.message_id,
            "ms": round(seconds * 1000, 1),
            "scorer": None if scored is None else scored.verdict.scorer.provider,
        },
    )


def settle(runtime: Runtime, connection: sa.Connection, done: Sequence[Done[Claimed, Outcome]]) -> Sequence[PutOff]:
    """Stores the verdicts and keeps the books; returns the messages that are asked about again."""
    now = time.time()
    scored: list[ScoredRow] = []
    entries: list[Entry] = []
    for one in done:
        outcome, standing = one.result, one.row.standing
        if outcome is None:
            continue
        if outcome.scored is not None:
            scored.append(outcome.scored)
        if outcome.told is not None and standing is not None:
            offline = outcome.scored is not None and outcome.told.verdict is None
            entries.append(Entry(standing, outcome.told, one.row.message.text_hash, offline, outcome.indicators))
    if scored:
        settle_scores(connection, scored, now, lambda kind: runtime.connectors[kind].capabilities.writes)
    books.enter(connection, entries, now)
    return _put_off(connection, [(one.row, one.result) for one in done if one.result and not one.result.scored], now)


def _put_off(connection: sa.Connection, waiting: Sequence[tuple[Claimed, Outcome]], now: float) -> list[PutOff]:
    paused = {row.message.workspace_id for row, outcome in waiting if outcome.told is not None and outcome.told.paused}
    # The pause may have ended while these were on their way.
    until = books.pauses(connection, paused) if paused else {}
    rows: list[PutOff] = []
    for row, outcome in waiting:
        over = outcome.told is not None and outcome.told.paused and until.get(row.message.workspace_id, 0.0) <= now
        rows.append(PutOff(row.row_id, now if over else outcome.again_at, outcome.reason, own_error=False))
    return rows


DRAIN: Drain[Claimed, Outcome] = Drain(
    queue="score",
    table=messages,
    threads=500,
    capacity=550,
    load=load,
    work=work,
    settle=settle,
    wakes=("writeback",),
    unit_key=lambda one: (one.message.workspace_id, one.message.text_hash or one.row_id),
)


def drain() -> None:
    """What RQ runs."""
    run(DRAIN)
