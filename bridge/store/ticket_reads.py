"""Looking at tickets: pages of them, and one with its messages and writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from bridge.model import Author, Score, ScoredMessage, Sentiment, Trend
from bridge.store.tables import State, messages, tickets, writes
from bridge.store.ticket_state import from_json

MOST_PARTS = 1000
"""How many messages and writes of one ticket are read, the newest ones."""


class Order(StrEnum):
    """How a page of tickets is ordered."""

    UPDATED = "updated"
    """The newest update first."""
    SCORE = "score"
    """The worst score first, tickets without one last."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which tickets; None: all."""

    label: str | None = None
    trend: Trend | None = None
    connection: str | None = None
    since: float | None = None
    """Updated at this time or later."""
    escalated: bool | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket's state. `direction` and `current_avg` are hundredths, as scores are."""

    row_id: int
    connection: str
    ticket_id: str
    label: str
    score: Score | None
    trend: Trend
    direction: Score
    current_avg: Score | None
    messages_scored: int
    messages_unknown: int
    updated_at: float
    escalated_by: str | None
    """The rule by which it needs a person; None: it has not escalated, or has recovered."""
    escalated_at: float | None
    """When it last escalated."""
    first_score: Score | None
    lowest_score: Score | None
    slope: Score | None
    """Change a day of the straight line through its scores; None while they lie within an hour."""
    newest_at: float | None
    """When its newest customer message was written."""


@dataclass(frozen=True, slots=True)
class TicketMessage:
    """A message of a ticket. Staff's, and a customer's that is not scored yet, have no label. Encrypted indicators."""

    message_id: str
    author: Author
    written_at: float
    score: Score | None
    label: str | None
    confidence: float | None
    indicators: str | None
    caveats: str | None
    scorer: str | None
    cached: bool
    scored_at: float | None
    corrected_by: str | None
    corrected_at: float | None


@dataclass(frozen=True, slots=True)
class TicketWrite:
    """What was written into the helpdesk, and what we had written before."""

    at: float
    before: Sentiment | None
    after: Sentiment | None
    """None: it was taken away."""
    run: str | None


_t, _m = tickets.c, messages.c
_TICKET = (
    _t.id,
    _t.connection_id,
    _t.ticket_id,
    _t.label,
    _t.score,
    _t.trend,
    _t.direction,
    _t.current_avg,
    _t.messages_scored,
    _t.messages_unknown,
    _t.updated_at,
    _t.escalated_by,
    _t.escalated_at,
    _t.first_score,
    _t.lowest_score,
    _t.slope,
    _t.newest_at,
)
# A ticket without a score comes behind the best one. Literals, so that an index on the same expression serves.
_rank = sa.func.coalesce(_t.score, sa.literal_column("101"))


def page(
    connection: sa.Connection,
    workspace_id: int,
    filters: Filters,
    order: Order,
    after: tuple[float, int] | None,
    limit: int,
) -> Sequence[Ticket]:
    """Up to `limit` tickets behind the place `after`: the last one's sort value and row id (`place_of`)."""
    where = [_t.workspace_id == workspace_id, _t.messages_scored > 0]
    if filters.escalated is not None:
        where.append(_t.escalated_by.is_not(None) if filters.escalated else _t.escalated_by.is_(None))
    if filters.label is not None:
        where.append(_t.label == filters.label)
    if filters.trend is not None:
        where.append(_t.trend == str(filters.trend))
    if filters.connection is not None:
        where.append(_t.connection_id == filters.connection)
    if filters.since is not None:
        where.append(_t.updated_at >= filters.since)
    if order is Order.UPDATED:
        keys = (_t.updated_at, _t.id)
        if after is not None:
            where.append(sa.tuple_(*keys) < sa.tuple_(sa.literal(after[0]), sa.literal(after[1])))
        return _some(connection, where, [key.desc() for key in keys], limit)
    ordered = [_rank, _t.id]
    if after is None:
        return _some(connection, where, ordered, limit)
    # Compared as a pair, SQLite would walk the index from its beginning to a place deep inside (20 ms at 180,000).
    tied = _some(connection, [*where, _rank == after[0], _t.id > after[1]], ordered, limit)
    if len(tied) == limit:
        return tied
    return [*tied, *_some(connection, [*where, _rank > after[0]], ordered, limit - len(tied))]


def _some(
    connection: sa.Connection, where: Sequence[sa.ColumnElement[bool]], ordered: Sequence[Any], limit: int
) -> Sequence[Ticket]:
    query = sa.select(*_TICKET).where(*where).order_by(*ordered).limit(limit)
    return [_ticket(row) for row in connection.execute(query)]


def place_of(ticket: Ticket, order: Order) -> tuple[float, int]:
    """Where a page that ends with this ticket ends."""
    if order is Order.SCORE:
        return 101 if ticket.score is None else ticket.score, ticket.row_id
    return ticket.updated_at, ticket.row_id


def one(connection: sa.Connection, workspace_id: int, connection_id: str, ticket_id: str) -> Ticket | None:
    """The ticket, if the workspace has it and a message of it was scored."""
    row = connection.execute(
        sa.select(*_TICKET).where(
            _t.connection_id == connection_id,
            _t.ticket_id == ticket_id,
            _t.workspace_id == workspace_id,
            _t.messages_scored > 0,
        )
    ).first()
    return None if row is None else _ticket(row)


def messages_of(connection: sa.Connection, ticket: Ticket) -> Sequence[TicketMessage]:
    """The ticket's messages in the order of writing, without those whose words never came or are forgotten."""
    fields = (
        _m.message_id,
        _m.author,
        _m.written_at,
        _m.score,
        _m.label,
        _m.confidence,
        _m.indicators,
        _m.caveats,
        _m.scorer,
        _m.cached,
        _m.scored_at,
        _m.corrected_by,
        _m.corrected_at,
    )
    # Two ids that are numbers order like numbers: the longer one is the later.
    newest_first = (_m.written_at.desc(), sa.func.length(_m.message_id).desc(), _m.message_id.desc())
    query = (
        sa.select(*fields)
        .where(
            _m.connection_id == ticket.connection,
            _m.ticket_id == ticket.ticket_id,
            _m.state.not_in([sa.literal_column(str(int(state))) for state in (State.IGNORED, State.FORGOTTEN)]),
        )
        .order_by(*newest_first)
        .limit(MOST_PARTS)
    )
    found = [
        TicketMessage(
            message_id=row.message_id,
            author=Author(row.author),
            written_at=row.written_at,
            score=_score(row.score),
            label=row.label,
            confidence=row.confidence,
            indicators=row.indicators,
            caveats=row.caveats,
            scorer=row.scorer,
            cached=bool(row.cached),
            scored_at=row.scored_at,
            corrected_by=row.corrected_by,
            corrected_at=row.corrected_at,
        )
        for row in connection.execute(query)
    ]
    return found[::-1]


def scores_of(connection: sa.Connection, ticket: Ticket) -> Sequence[ScoredMessage]:
    """All scored messages of the ticket, for its history."""
    query = sa.select(_m.message_id, _m.written_at, _m.score, _m.label).where(
        _m.connection_id == ticket.connection, _m.ticket_id == ticket.ticket_id, _m.label.is_not(None)
    )
    return [ScoredMessage(row[0], row[1], _score(row[2]), row[3]) for row in connection.execute(query)]


def writes_of(connection: sa.Connection, ticket: Ticket) -> Sequence[TicketWrite]:
    """What was written into the helpdesk for this ticket, the oldest first."""
    w = writes.c
    query = (
        sa.select(w.done_at, w.before, w.after, w.run, w.state)
        .where(w.connection_id == ticket.connection, w.ticket_id == ticket.ticket_id, w.state.in_(("done", "marked")))
        .order_by(w.id.desc())
        .limit(MOST_PARTS)
    )
    found: list[TicketWrite] = []
    for at, before, after, run, state in connection.execute(query):
        shown = from_json(after)
        if shown is not None or state == "done":
            found.append(TicketWrite(at, from_json(before), shown, run))
    return found[::-1]


def _ticket(row: sa.Row[*tuple[Any, ...]]) -> Ticket:
    return Ticket(
        row_id=row.id,
        connection=row.connection_id,
        ticket_id=row.ticket_id,
        label=row.label,
        score=_score(row.score),
        trend=Trend(row.trend),
        direction=Score(row.direction),
        current_avg=_score(row.current_avg),
        messages_scored=row.messages_scored,
        messages_unknown=row.messages_unknown,
        updated_at=row.updated_at,
        escalated_by=row.escalated_by,
        escalated_at=row.escalated_at,
        first_score=_score(row.first_score),
        lowest_score=_score(row.lowest_score),
        slope=_score(row.slope),
        newest_at=row.newest_at,
    )


def _score(value: int | None) -> Score | None:
    return None if value is None else Score(value)
