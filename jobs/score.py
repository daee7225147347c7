"""The score drain: each claimed customer message gets its score from the workspace's scorer."""

import json
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.model import Verdict
from bridge.runtime import Runtime
from bridge.scale import label_of
from bridge.scoring.scorers import scorer_of, trusted
from bridge.store.queue import PutOff
from bridge.store.scores import PendingMessage, ScoredRow, pending_messages, settle_scores
from bridge.store.tables import messages
from bridge.workspace_settings import WorkspaceSettings, from_json
from jobs.drain import Done, Drain
from jobs.process import run

log = logging.getLogger("moodbridge.score")


@dataclass(frozen=True, slots=True)
class Scored:
    verdict: Verdict
    label: str
    indicators: str | None


def work(runtime: Runtime, unit: Sequence[PendingMessage]) -> Iterable[Done[PendingMessage, Scored]]:
    """The verdict on each message. Its text is decrypted here and nowhere kept."""
    for message in unit:
        began = time.monotonic()
        settings = from_json(message.settings)
        verdict = trusted(scorer_of(settings)(runtime.vault.decrypt(message.text)), settings.confidence_floor)
        log.info(
            "scored",
            extra={
                "connection": message.connection_id,
                "ticket": message.ticket_id,
                "message_id": message.message_id,
                "ms": round((time.monotonic() - began) * 1000, 1),
            },
        )
        label = label_of(settings.buckets, verdict.score)
        yield Done(message, Scored(verdict, label, _indicators(runtime, verdict, settings)))


def _indicators(runtime: Runtime, verdict: Verdict, settings: WorkspaceSettings) -> str | None:
    if not settings.indicators or not verdict.indicators:
        return None
    return runtime.vault.encrypt(json.dumps(verdict.indicators, ensure_ascii=False))


def settle(
    runtime: Runtime, connection: sa.Connection, done: Sequence[Done[PendingMessage, Scored]]
) -> Sequence[PutOff]:
    """Stores the verdicts; nothing is left to try again."""
    scored = [
        ScoredRow(one.row, one.result.label, one.result.verdict, one.result.indicators)
        for one in done
        if one.result is not None
    ]
    settle_scores(connection, scored, time.time(), lambda kind: runtime.connectors[kind].capabilities.writes)
    return ()


DRAIN: Drain[PendingMessage, Scored] = Drain(
    queue="score",
    table=messages,
    threads=500,
    capacity=550,
    load=pending_messages,
    work=work,
    settle=settle,
    wakes=("writeback",),
)


def drain() -> None:
    """What RQ runs."""
    run(DRAIN)
