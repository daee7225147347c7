"""The dashboard's numbers, counted by the database over a window of time.

Only settled customer messages have a label; `messages_by_day` is the index of just those.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.model import Trend
from bridge.store.tables import messages, tickets

DAY = 86_400
MORE_SCORES_THAN = 2
"""A conversation with fewer scores goes nowhere yet."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Messages of one label and day (UTC, counted from 1970): how many, how many with a score, their sum."""

    day: int
    label: str
    messages: int
    scored: int
    total: int
    """Hundredths."""


_m, _t = messages.c, tickets.c


def _in_window(workspace_id: int, since: float, until: float) -> sa.ColumnElement[bool]:
    return sa.and_(
        _m.workspace_id == workspace_id, _m.label.is_not(None), _m.written_at > since, _m.written_at <= until
    )


def sums(connection: sa.Connection, workspace_id: int, since: float, until: float) -> Sequence[Sum]:
    """The window's messages by day and label."""
    quotient = _m.written_at / sa.literal_column(f"{DAY}.0")  # bound, PostgreSQL would not see that it groups by it
    # SQLite may come without floor(); its cast cuts off, where PostgreSQL's rounds.
    day = quotient if connection.dialect.name == "sqlite" else sa.func.floor(quotient)
    number = sa.cast(day, sa.Integer).label("day")
    query = (
        sa.select(
            number, _m.label, sa.func.count(), sa.func.count(_m.score), sa.func.coalesce(sa.func.sum(_m.score), 0)
        )
        .where(_in_window(workspace_id, since, until))
        .group_by(number, _m.label)
        .order_by(number, _m.label)
    )
    return [Sum(*row) for row in connection.execute(query)]


def tickets_with_a_score_under(
    connection: sa.Connection, workspace_id: int, since: float, until: float, score: int
) -> int:
    """How many tickets have a message of the window with a lower score."""
    some = (
        sa.select(_m.connection_id, _m.ticket_id)
        .where(_in_window(workspace_id, since, until), _m.score < score)
        .distinct()
        .subquery()
    )
    found: int = connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
    return found


def declining_conversations(connection: sa.Connection, workspace_id: int, since: float, until: float) -> int:
    """How many conversations with enough scores decline now and have a message of the window."""
    # A ticket is looked up by its key: naming the workspace too would lead SQLite to walk the whole window for each.
    in_window = (
        sa.select(_m.id)
        .where(
            _m.connection_id == _t.connection_id,
            _m.ticket_id == _t.ticket_id,
            _m.label.is_not(None),
            _m.written_at > since,
            _m.written_at <= until,
        )
        .exists()
    )
    found: int = connection.execute(
        sa.select(sa.func.count())
        .select_from(tickets)
        .where(
            _t.workspace_id == workspace_id,
            _t.trend == str(Trend.DECLINING),
            _t.messages_scored - _t.messages_unknown > MORE_SCORES_THAN,
            in_window,
        )
    ).scalar_one()
    return found
