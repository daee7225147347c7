"""The score drain's statements: what it claims, and how scores are settled with their tickets' state."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.model import Origin, Verdict
from bridge.store.rows import rows_parameter, rows_sql
from bridge.store.tables import State
from bridge.store.ticket_state import Touched, recompute


@dataclass(frozen=True, slots=True)
class PendingMessage:
    """A claimed message: `text` is encrypted."""

    row_id: int
    workspace_id: int
    connection_id: str
    kind: str
    """The connection's kind of helpdesk."""
    connected: bool
    ticket_id: str
    message_id: str
    origin: Origin
    bulk: int
    attempts: int
    text: str
    settings: str
    """The workspace's settings as JSON."""


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """A verdict to settle. `label` comes from the workspace's scale; indicators are encrypted (None: none kept)."""

    message: PendingMessage
    label: str
    verdict: Verdict
    indicators: str | None


def pending_messages(connection: sa.Connection, ids: Sequence[int]) -> list[PendingMessage]:
    """The claimed messages with what scoring them needs."""
    source = rows_sql(connection, {"id": "int"})
    rows = connection.execute(
        sa.text(
            "SELECT m.id, m.workspace_id, m.connection_id, c.kind, c.status, m.ticket_id, m.message_id, m.origin,"
            " m.bulk, m.attempts, m.text, w.settings"
            " FROM messages m JOIN workspaces w ON w.id = m.workspace_id JOIN connections c ON c.id = m.connection_id"
            f" WHERE m.id IN (SELECT id FROM {source} AS given)"
        ),
        {"rows": rows_parameter([[i] for i in ids])},
    )
    return [
        PendingMessage(
            row.id,
            row.workspace_id,
            row.connection_id,
            row.kind,
            row.status != "disconnected",
            row.ticket_id,
            row.message_id,
            Origin(row.origin),
            row.bulk,
            row.attempts,
            row.text,
            row.settings,
        )
        for row in rows
    ]


_SETTLED = {
    "id": "int",
    "score": "int",
    "label": "text",
    "confidence": "float",
    "indicators": "text",
    "caveats": "text",
    "scorer": "text",
}


def settle_scores(
    connection: sa.Connection, scored: Sequence[ScoredRow], now: float, writes: Callable[[str], bool]
) -> None:
    """Stores the verdicts, forgets the text, and brings the tickets in line, all in this transaction.

    `writes`: whether a kind of helpdesk takes labels from us.
    """
    rows = [
        [
            one.message.row_id,
            one.verdict.score,
            one.label,
            one.verdict.confidence,
            one.indicators,
            json.dumps(one.verdict.caveats) if one.verdict.caveats else None,
            json.dumps([one.verdict.scorer.provider, one.verdict.scorer.model, one.verdict.scorer.prompt]),
        ]
        for one in scored
    ]
    connection.execute(
        sa.text(
            f"UPDATE messages SET state = {int(State.SETTLED)}, text = NULL, worker_id = NULL, last_error = NULL,"
            " score = given.score, label = given.label, confidence = given.confidence,"
            " indicators = given.indicators, caveats = given.caveats, scorer = given.scorer, scored_at = :now"
            f" FROM {rows_sql(connection, _SETTLED)} AS given WHERE messages.id = given.id"
        ),
        {"rows": rows_parameter(rows), "now": now},
    )
    touched: dict[tuple[str, str], Touched] = {}
    for one in scored:
        message = one.message
        key = (message.connection_id, message.ticket_id)
        before = touched.get(key)
        if before is None or message.origin is Origin.LIVE:
            writable = message.connected and writes(message.kind)
            touched[key] = Touched(message.workspace_id, message.origin, writable)
    recompute(connection, touched, now)
