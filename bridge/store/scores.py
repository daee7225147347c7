"""The score drain's statements: what it claims, and how scores are settled with their tickets' state."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from bridge.connector import Seen
from bridge.model import Origin, Verdict
from bridge.scale import Scale, label_of
from bridge.store import seen
from bridge.store.mood_hours import hour_of
from bridge.store.rows import rows_parameter, rows_sql, statement
from bridge.store.tables import State
from bridge.store.ticket_events import tell
from bridge.store.ticket_state import Touched, recompute
from bridge.workspace_settings import WorkspaceSettings, from_json


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
    text: str = field(repr=False)
    settings: str
    """The workspace's settings as JSON."""
    received_at: float
    text_hash: str | None
    seen: Seen | None = None
    written_at: float = 0.0


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """A verdict to settle. Indicators are encrypted (None: none kept)."""

    message: PendingMessage
    verdict: Verdict
    indicators: str | None = field(repr=False)
    cached: bool = False
    """It came from the cache, or from the call that another message with the same text made."""
    cost: int | None = None
    """Micro-dollars of the calls it took."""
    remark: str | None = None
    """Why its workspace's provider did not score it."""


def pending_messages(connection: sa.Connection, ids: Sequence[int]) -> list[PendingMessage]:
    """The claimed messages with what scoring them needs."""
    source = rows_sql(connection, {"id": "int"})
    rows = connection.execute(
        statement(
            "SELECT m.id, m.workspace_id, m.connection_id, c.kind, c.status, m.ticket_id, m.message_id, m.origin,"
            " m.bulk, m.attempts, m.text, w.settings, m.received_at, m.text_hash, m.seen, m.written_at"
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
            row.received_at,
            row.text_hash,
            seen.from_text(row.ticket_id, row.seen),
            row.written_at,
        )
        for row in rows
    ]


_TOLD = {
    "score": "int",
    "label": "text",
    "confidence": "float",
    "indicators": "text",
    "caveats": "text",
    "scorer": "text",
}
_SETTLED = {"id": "int"} | _TOLD | {"cached": "int", "cost": "int", "remark": "text"}


def settle_scores(
    connection: sa.Connection, scored: Sequence[ScoredRow], now: float, writes: Callable[[str], bool]
) -> bool:
    """Stores the verdicts, forgets the text, brings the tickets in line and tells of it, all in this transaction.

    Labels come from the scale as it is now: it may have changed since the claim, and the change could not see what was
    not scored yet. What a person corrected stays as it is. `writes`: whether a kind of helpdesk takes labels from us.
    Returns whether somebody is to be told, so that `notify` must be woken.
    """
    settings = _settings(connection, {one.message.workspace_id for one in scored})
    given = [_settled(one, settings[one.message.workspace_id].buckets) for one in scored]
    told = ", ".join(
        f"{name} = CASE WHEN corrected_at IS NULL THEN given.{name} ELSE messages.{name} END" for name in _TOLD
    )
    stored = connection.execute(
        statement(
            f"UPDATE messages SET state = {int(State.SETTLED)}, text = NULL, text_hash = NULL, seen = NULL,"
            f" worker_id = NULL, {told}, scored_at = :now, cached = given.cached, cost = given.cost,"
            " last_error = given.remark"
            f" FROM {rows_sql(connection, _SETTLED)} AS given WHERE messages.id = given.id"
            " RETURNING messages.id, messages.origin"
        ),
        {"rows": rows_parameter(given), "now": now},
    )
    # A live duplicate may have made a message live while it was scored.
    origins = {row.id: Origin(row.origin) for row in stored}
    touched: dict[tuple[str, str], Touched] = {}
    for one in scored:
        message, origin = one.message, origins[one.message.row_id]
        key = (message.connection_id, message.ticket_id)
        before = touched.get(key)
        newest = seen.newer(message.seen, before.seen if before is not None else None)
        young = origin is Origin.LIVE and message.written_at >= now - settings[message.workspace_id].alert_max_age
        may_alert = young or (before is not None and before.may_alert)
        # One that was read again may have been written at another time than we knew.
        since = float("-inf") if origin is Origin.RESCORE else message.written_at
        hours = frozenset((hour_of(message.written_at),))
        if before is not None:
            since, hours = min(since, before.since), hours | before.hours
        if before is None or origin is Origin.LIVE:
            writable = message.connected and writes(message.kind)
            touched[key] = Touched(message.workspace_id, origin, writable, newest, may_alert, since, hours)
        else:
            touched[key] = replace(before, seen=newest, since=since, hours=hours)
    return tell(connection, recompute(connection, touched, now), now)


def _settings(connection: sa.Connection, workspace_ids: set[int]) -> dict[int, WorkspaceSettings]:
    """The workspaces' settings. On PostgreSQL a change of them waits until we commit, so that it relabels ours too."""
    lock = "" if connection.dialect.name == "sqlite" else " ORDER BY id FOR SHARE"
    rows = connection.execute(
        statement(
            "SELECT id, settings FROM workspaces"
            f" WHERE id IN (SELECT id FROM {rows_sql(connection, {'id': 'int'})} AS given){lock}"
        ),
        {"rows": rows_parameter([[i] for i in workspace_ids])},
    )
    return {row.id: from_json(row.settings) for row in rows}


def _settled(one: ScoredRow, scale: Scale) -> list[object]:
    told = one.verdict
    return [
        one.message.row_id,
        told.score,
        label_of(scale, told.score),
        told.confidence,
        one.indicators,
        json.dumps(told.caveats) if told.caveats else None,
        json.dumps([told.scorer.provider, told.scorer.model, told.scorer.prompt]),
        int(one.cached),
        one.cost,
        one.remark,
    ]
