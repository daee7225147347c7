"""Tickets whose helpdesk should show, or no longer show, that they need a person; each try with a row in `writes`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from bridge import alerts
from bridge.alerts import Rule
from bridge.connector import WriteResult, WriteStatus
from bridge.model import Origin
from bridge.store.rows import statement
from bridge.store.tables import tickets, writes
from bridge.store.ticket_state import as_json, desired

SHOWN, REFUSED = 1, 2
"""What `tickets.marked` says beside 0: the helpdesk shows it; it cannot, and is asked again when it escalates anew."""

LOOKED_BACK = 30 * 86_400.0
"""A recovery is shown for escalations of so many seconds."""

DOING, DONE = "marking", "marked"
"""States of the rows in `writes`: other words than a label's write has, since each may be open beside the other."""


@dataclass(frozen=True, slots=True)
class Due:
    """A ticket to mark, or to unmark. `indicators` are encrypted."""

    row_id: int
    workspace_id: int
    connection_id: str
    ticket_id: str
    rule: Rule | None
    """The rule by which it escalated; None: it has recovered."""
    label: str
    score: int | None
    trend: str
    settings: str
    indicators: str | None = field(repr=False)


def acting(connection: sa.Connection) -> dict[int, dict[str, Rule]]:
    """The workspaces that are on and have rules that do something in the helpdesk: these rules by name."""
    rows = connection.execute(
        statement(
            "SELECT a.workspace_id, a.rules FROM alert_rules a JOIN workspaces w ON w.id = a.workspace_id"
            " WHERE w.enabled = 1 AND a.rules LIKE '%\"actions\"%'"
        )
    )
    found = {home: {rule.name: rule for rule in alerts.from_json(text) if rule.actions} for home, text in rows}
    return {home: rules for home, rules in found.items() if rules}


_COLUMNS = (
    "SELECT t.id, t.workspace_id, t.connection_id, t.ticket_id, t.escalated_by, t.label, t.score, t.trend, w.settings,"
    " m.indicators"
)
_FROM = (
    " JOIN connections c ON c.id = t.connection_id JOIN workspaces w ON w.id = t.workspace_id"
    " LEFT JOIN messages m ON m.connection_id = t.connection_id AND m.ticket_id = t.ticket_id"
    " AND m.message_id = t.shown_message_id"
    " WHERE c.status <> 'disconnected' AND (c.paused_until IS NULL OR c.paused_until < :now)"
)


def due(connection: sa.Connection, workspace_id: int, rules: Mapping[str, Rule], now: float, most: int) -> list[Due]:
    """Some tickets of the workspace whose helpdesk does not show yet what they are."""
    given = {"workspace": workspace_id, "now": now, "most": most, "since": now - LOOKED_BACK}
    escalated = connection.execute(
        statement(
            f"{_COLUMNS} FROM tickets t{_FROM} AND t.workspace_id = :workspace AND t.escalated_by IS NOT NULL"
            " AND t.marked = 0 AND t.escalated_at > :since ORDER BY t.escalated_at DESC LIMIT :most"
        ),
        given,
    ).all()
    recovered = connection.execute(
        statement(
            f"{_COLUMNS} FROM escalations e JOIN tickets t ON t.connection_id = e.connection_id"
            f" AND t.ticket_id = e.ticket_id{_FROM} AND e.workspace_id = :workspace AND e.at > :since"
            f" AND e.recovered_at IS NOT NULL AND t.escalated_by IS NULL AND t.marked = {SHOWN} LIMIT :most"
        ),
        given,
    ).all()
    found = {row[0]: row for row in (*recovered, *escalated) if row[4] is None or row[4] in rules}
    return [
        Due(
            row.id, row.workspace_id, row.connection_id, row.ticket_id,
            None if row.escalated_by is None else rules[row.escalated_by],
            row.label, row.score, row.trend, row.settings, row.indicators,
        )
        for row in found.values()
    ]  # fmt: skip


def begin(connection: sa.Connection, one: Due, now: float) -> int:
    """Opens a row in `writes`; its id. One that a worker left open when it died counts as failed."""
    ticket = sa.and_(writes.c.connection_id == one.connection_id, writes.c.ticket_id == one.ticket_id)
    connection.execute(
        sa.update(writes).where(ticket, writes.c.state == DOING).values(state="failed", reason="its answer was lost")
    )
    row = connection.execute(sa.select(tickets).where(tickets.c.id == one.row_id)).one()
    shown = json.loads(as_json(desired(row)) or "{}")
    made = connection.execute(
        sa.insert(writes)
        .values(
            workspace_id=one.workspace_id,
            connection_id=one.connection_id,
            ticket_id=one.ticket_id,
            state=DOING,
            before=json.dumps({**shown, "escalated": one.rule is None}),
            after=json.dumps({**shown, "escalated": one.rule is not None}),
            cause=row.shown_message_id,
            origin=str(Origin.LIVE),
            created_at=now,
        )
        .returning(writes.c.id)
    )
    return int(made.scalar_one())


def settle(connection: sa.Connection, one: Due, write_id: int, result: WriteResult, now: float) -> None:
    """Closes the row, and notes what the helpdesk shows. What is tried again later leaves no row."""
    mine = writes.c.id == write_id
    if result.status in (WriteStatus.LATER, WriteStatus.UNSURE):
        connection.execute(sa.delete(writes).where(mine))
        return
    done = result.status is WriteStatus.DONE
    state = DONE if done else ("skipped" if result.status is WriteStatus.GONE else "failed")
    connection.execute(sa.update(writes).where(mine).values(state=state, reason=result.reason, done_at=now))
    marked = (SHOWN if one.rule is not None else 0) if done else REFUSED
    connection.execute(sa.update(tickets).where(tickets.c.id == one.row_id).values(marked=marked))
