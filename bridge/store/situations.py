"""Tickets as rules see them. What a conversation alone does not tell is read only where a rule asks for it."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from bridge import alerts
from bridge.alerts import Rule, Situation
from bridge.store import facts
from bridge.store.rows import rows_parameter, rows_sql, statement
from bridge.store.ticket_messages import TicketKey
from bridge.store.ticket_state import Moved

_SHOWN = {"connection_id": "text", "ticket_id": "text", "message_id": "text", "days": "int"}


def situations(
    connection: sa.Connection, moved: Sequence[Moved], rules: Mapping[int, Sequence[Rule]], now: float
) -> dict[TicketKey, Situation]:
    """The tickets as the rules of their workspaces see them."""
    plain = {one.key: _plain(one, now) for one in moved}
    asked = {one.key: _asked(rules.get(one.touched.workspace_id, ()), plain[one.key]) for one in moved}
    described = [key for key, some in asked.items() if any(rule.tags or rule.priorities for rule in some)]
    known = facts.known(connection, described)
    contacts = _contacts(connection, moved, asked)
    found: dict[TicketKey, Situation] = {}
    for key, one in plain.items():
        told = known.get(key, facts.Known())
        found[key] = Situation(
            one.label, one.latest, one.trend, one.current_avg, one.scores, told.tags, told.priority,
            contacts.get(key, {}), one.silent_hours,
        )  # fmt: skip
    return found


def _plain(one: Moved, now: float) -> Situation:
    state = one.state
    return Situation(
        state.label,
        state.score,
        state.trend,
        state.current_avg,
        state.messages_scored - state.messages_unknown,
        silent_hours=(now - state.newest_at) / 3600 if one.touched.silent else 0.0,
    )


def _asked(rules: Sequence[Rule], ticket: Situation) -> list[Rule]:
    """The rules that the conversation may meet: by a margin, since a recovery asks too."""
    return [rule for rule in rules if alerts.meets_mood(rule, ticket, alerts.MARGIN)]


def _contacts(
    connection: sa.Connection, moved: Sequence[Moved], asked: Mapping[TicketKey, Sequence[Rule]]
) -> dict[TicketKey, dict[int, int]]:
    """On how many tickets the customer of the message shown has written within the days that rules ask for."""
    rows = {
        (*one.key, one.state.shown_message_id, rule.within_days)
        for one in moved
        for rule in asked[one.key]
        if rule.within_days is not None
    }
    found: dict[TicketKey, dict[int, int]] = {}
    if not rows:
        return found
    counted = connection.execute(
        statement(
            "SELECT given.connection_id, given.ticket_id, given.days, (SELECT count(DISTINCT o.ticket_id)"
            " FROM messages o WHERE o.connection_id = m.connection_id AND o.author_id = m.author_id"
            " AND o.label IS NOT NULL AND o.author_id IS NOT NULL AND o.written_at <= m.written_at"
            " AND o.written_at > m.written_at - 86400.0 * given.days)"
            f" FROM {rows_sql(connection, _SHOWN)} AS given JOIN messages m ON m.connection_id = given.connection_id"
            " AND m.ticket_id = given.ticket_id AND m.message_id = given.message_id"
        ),
        {"rows": rows_parameter(sorted(rows))},
    )
    for connection_id, ticket_id, days, count in counted:
        found.setdefault((connection_id, ticket_id), {})[days] = count
    return found
