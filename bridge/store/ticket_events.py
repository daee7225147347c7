"""What is told of tickets that moved: another label, an escalation, a recovery. In the transaction that moved them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from bridge import alerts
from bridge.alerts import COOLDOWN, Rule, Situation
from bridge.model import UNKNOWN, Origin
from bridge.scale import shown
from bridge.store import escalations, silences
from bridge.store.alert_budget import within_budget
from bridge.store.events import Event, EventType, insert_events, send_each
from bridge.store.rows import rows_parameter, rows_sql, statement
from bridge.store.situations import situations
from bridge.store.ticket_state import Moved, TicketKey


@dataclass(frozen=True, slots=True)
class _Shown:
    """The message whose label a ticket shows, as far as events tell of it."""

    message_id: str
    confidence: float | None
    indicators: str | None
    caveats: str | None
    scorer: str | None
    scored_at: float | None


def tell(connection: sa.Connection, moved: Sequence[Moved], now: float) -> bool:
    """Stores the events of these tickets; True when somebody is to be told, so that `notify` must be woken.

    Only a live message alerts. What a backfill or a new scale changes is an event of that origin, which
    endpoints get when they ask for it.
    """
    turning = [one for one in moved if one.touched.may_alert or one.escalated_by]
    rules = _rules(connection, {one.touched.workspace_id for one in turning})
    seen = situations(connection, turning, rules, now)
    told: list[tuple[Moved, EventType, Rule | None]] = []
    waiting: list[tuple[Moved, int | None]] = []
    for one in moved:
        if one.state.label not in (UNKNOWN, one.known_label):
            told.append((one, EventType.SENTIMENT_CHANGED, None))
        if one.key in seen:
            of_workspace = rules[one.touched.workspace_id]
            turn = _turn(one, of_workspace, seen[one.key], now)
            told += [(one, *kind) for kind in turn]
            if any(rule.silent_hours is not None for rule in of_workspace):
                may = not turn and one.escalated_by is None and one.touched.may_alert
                waiting.append((one, alerts.hours_to_wait(of_workspace, seen[one.key]) if may else None))
    _wait(connection, waiting)
    if not told:
        return False
    details = _details(connection, {one.key: one for one, _, _ in told})
    events = [_event(one, kind, rule, details[one.key], now) for one, kind, rule in told]
    inserted = insert_events(connection, events)
    _mark(connection, told, now)
    turns = [
        (event, event_id)
        for event, event_id in zip(events, inserted.ids, strict=True)
        if event.type is not EventType.SENTIMENT_CHANGED
    ]
    channels = within_budget(connection, [event for event, _ in turns], now)
    alerts_of = [(event, event_id, some) for (event, event_id), some in zip(turns, channels, strict=True)]
    send_each(connection, alerts_of)
    return inserted.told or any(channels)


def _rules(connection: sa.Connection, workspace_ids: set[int]) -> dict[int, Sequence[Rule]]:
    if not workspace_ids:
        return {}
    found: dict[int, Sequence[Rule]] = dict.fromkeys(workspace_ids, alerts.DEFAULT_RULES)
    stored = connection.execute(
        statement(
            "SELECT workspace_id, rules FROM alert_rules"
            f" WHERE workspace_id IN (SELECT id FROM {rows_sql(connection, {'id': 'int'})} AS given)"
        ),
        {"rows": rows_parameter([[one] for one in workspace_ids])},
    )
    return found | {workspace_id: alerts.from_json(rules) for workspace_id, rules in stored}


def _turn(one: Moved, rules: Sequence[Rule], ticket: Situation, now: float) -> list[tuple[EventType, Rule | None]]:
    """Whether the ticket escalates or recovers now. It does either at most once."""
    if one.escalated_by is not None:
        live = one.touched.origin in (Origin.LIVE, Origin.CORRECTION) and not one.touched.silent
        return [(EventType.RECOVERED, None)] if live and alerts.has_recovered(rules, ticket) else []
    if not one.touched.may_alert or _is_cooling(one, now):
        return []
    rule = alerts.escalating(rules, ticket)
    return [] if rule is None else [(EventType.ESCALATED, rule)]


def _is_cooling(one: Moved, now: float) -> bool:
    return one.escalated_at is not None and now < one.escalated_at + COOLDOWN


def _wait(connection: sa.Connection, waiting: Sequence[tuple[Moved, int | None]]) -> None:
    """When to look whether staff has answered, where a rule asks for it."""
    silences.forget(connection, [one.key for one, hours in waiting if hours is None])
    silences.expect(
        connection,
        [
            (one.key, one.touched.workspace_id, one.state.shown_message_id, one.state.newest_at, at)
            for one, hours in waiting
            if hours is not None
            for at in (one.state.newest_at + hours * 3600,)
        ],
    )


def _mark(connection: sa.Connection, told: Sequence[tuple[Moved, EventType, Rule | None]], now: float) -> None:
    columns = {"connection_id": "text", "ticket_id": "text", "by": "text", "at": "float"}
    turns = [(one, rule) for one, kind, rule in told if kind is not EventType.SENTIMENT_CHANGED]
    rows = [
        [*one.key, None if rule is None else rule.name, one.escalated_at if rule is None else now]
        for one, rule in turns
    ]
    escalations.begin(
        connection, [(one.touched.workspace_id, *one.key, rule.name, now) for one, rule in turns if rule is not None]
    )
    escalations.end(connection, [one.key for one, rule in turns if rule is None], now)
    if rows:
        connection.execute(
            statement(
                "UPDATE tickets SET escalated_by = given.by, escalated_at = given.at,"
                " marked = CASE WHEN tickets.marked = 2 THEN 0 ELSE tickets.marked END"
                f" FROM {rows_sql(connection, columns)} AS given WHERE tickets.connection_id = given.connection_id"
                " AND tickets.ticket_id = given.ticket_id"
            ),
            {"rows": rows_parameter(rows)},
        )


def _details(connection: sa.Connection, tickets: Mapping[TicketKey, Moved]) -> dict[TicketKey, _Shown]:
    columns = {"connection_id": "text", "ticket_id": "text", "message_id": "text"}
    rows = connection.execute(
        statement(
            "SELECT m.connection_id, m.ticket_id, m.message_id, m.confidence, m.indicators, m.caveats, m.scorer,"
            f" m.scored_at FROM {rows_sql(connection, columns)} AS given JOIN messages m"
            " ON m.connection_id = given.connection_id AND m.ticket_id = given.ticket_id"
            " AND m.message_id = given.message_id"
        ),
        {"rows": rows_parameter([[*key, one.state.shown_message_id] for key, one in tickets.items()])},
    )
    return {(row[0], row[1]): _Shown(*row[2:]) for row in rows}


def _event(one: Moved, kind: EventType, rule: Rule | None, message: _Shown, now: float) -> Event:
    state = one.state
    before = None if one.known_label is None else {"label": one.known_label, "score": shown(one.known_score)}
    scorer = json.loads(message.scorer) if message.scorer else None
    data: dict[str, object] = {
        "before": before,
        "after": {"label": state.label, "score": shown(state.score)},
        "trend": {
            "trend": str(state.trend),
            "direction": state.direction / 100,
            "current_avg": shown(state.current_avg),
        },
        "confidence": message.confidence,
        "caveats": json.loads(message.caveats) if message.caveats else [],
        "scorer": None if scorer is None else dict(zip(("provider", "model", "prompt"), scorer, strict=True)),
        "scored_at": None if message.scored_at is None else _moment(message.scored_at),
    }
    if rule is not None:
        data["reason"] = rule.name
    return Event(
        workspace_id=one.touched.workspace_id,
        type=kind,
        origin=one.touched.origin,
        data=data,
        created_at=now,
        connection_id=one.key[0],
        ticket_id=one.key[1],
        message_id=message.message_id,
        indicators=message.indicators,
    )


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
