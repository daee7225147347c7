"""Tickets: a page of them, all as a file, one, and corrections of its messages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from bridge import corrections, tickets
from bridge.corrections import Corrected
from bridge.model import Author, Trend
from bridge.scale import shown
from bridge.tickets import Filters, Order, Ticket
from bridge.tokens import Role
from bridge.web.api.csv_lines import csv_line
from bridge.web.api.endpoint import CSV, Call, endpoint
from bridge.web.api.showing import moment
from bridge.web.api.types import Difference, Id, Label, Moment, Number, says

_Cursor = Annotated[str, says(pattern="^[A-Za-z0-9_-]{1,200}$")]


@dataclass(frozen=True, slots=True)
class TicketShown:
    """A ticket's state: label, score and trend as its helpdesk shows them."""

    connection: str
    ticket_id: str
    label: str
    score: Number | None
    trend: Trend
    direction: Difference
    current_avg: Number | None
    escalated: bool
    messages_scored: int
    messages_unknown: int
    updated_at: Moment


@dataclass(frozen=True, slots=True)
class TicketPage:
    """Tickets, the newest update first or (`sort=score`) the worst score first."""

    items: Sequence[TicketShown]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Scorer:
    """Who gave a score: provider, model, and the version of the prompt or rules."""

    provider: str
    model: str
    prompt: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the ticket; staff's have no score. `cached`: the score was known from the same text."""

    message_id: str
    author: Author
    written_at: Moment
    score: Number | None
    label: str | None
    confidence: float | None
    indicators: Sequence[str]
    caveats: Sequence[str]
    scorer: Scorer | None
    cached: bool
    scored_at: Moment | None
    corrected_by: str | None
    corrected_at: Moment | None


@dataclass(frozen=True, slots=True)
class SentimentShown:
    """What a ticket shows in its helpdesk."""

    label: str
    score: Number | None
    trend: Trend


@dataclass(frozen=True, slots=True)
class Write:
    """What was written into the helpdesk, and what we had written before; `run` is the backfill that wrote it.

    `after` is null where an undo took it away.
    """

    at: Moment
    before: SentimentShown | None
    after: SentimentShown | None
    run: str | None


@dataclass(frozen=True, slots=True)
class Point:
    """Where the conversation stood after one of its messages."""

    message_id: str
    written_at: Moment
    score: Number
    label: str
    trend: Trend
    direction: Difference
    current_avg: Number


@dataclass(frozen=True, slots=True)
class OneTicket(TicketShown):
    """A ticket with its messages in the order of writing, its writes, and how the conversation went."""

    messages: Sequence[Message]
    writes: Sequence[Write]
    history: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Correction:
    """The label that a person gives a scored message."""

    message_id: Id
    label: Label


@dataclass(frozen=True, slots=True)
class Correctly:
    """The message as it counts now; its score lies in that label's range."""

    message_id: str
    label: str
    score: Number | None


@dataclass(frozen=True, slots=True)
class TicketFilters:
    """Which tickets, in which order."""

    label: Label | None = None
    trend: Trend | None = None
    escalated: bool | None = None
    connection: Id | None = None
    since: Moment | None = None
    sort: Literal["score"] | None = None


@dataclass(frozen=True, slots=True)
class TicketQuery(TicketFilters):
    """Which page of which tickets."""

    cursor: _Cursor | None = None
    limit: Annotated[int, says(minimum=1, maximum=tickets.MOST)] = tickets.USUAL


@endpoint("GET", "/tickets", Role.AGENT, TicketPage)
def list_tickets(call: Call, query: TicketQuery) -> TicketPage:
    """List tickets.

    A ticket that changes while somebody pages moves to the front.
    """
    page = tickets.listed(
        call.runtime, call.slug, _filters(query), order=_order(query), cursor=query.cursor, limit=query.limit
    )
    return TicketPage([_shown(one) for one in page.tickets], page.next_cursor)


@endpoint("GET", "/tickets.csv", Role.AGENT, str, media=CSV, cost=50)
def export_tickets(call: Call, query: TicketFilters) -> Iterator[str]:
    """Export tickets as CSV (RFC 4180), all that the filters leave.

    A cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    head = csv_line(TicketShown.__slots__)
    cursor: str | None = None
    while True:
        page = tickets.listed(
            call.runtime, call.slug, _filters(query), order=_order(query), cursor=cursor, limit=tickets.MOST
        )
        yield head + "".join(csv_line(_cells(_shown(one))) for one in page.tickets)
        head = ""
        cursor = page.next_cursor
        if cursor is None:
            return


@endpoint("GET", "/tickets/<connection>/<ticket_id>", Role.AGENT, OneTicket)
def show_ticket(call: Call, connection: str, ticket_id: str) -> OneTicket:
    """Show a ticket with its messages and what was written into the helpdesk."""
    found = tickets.one(call.runtime, call.slug, connection, ticket_id)
    state = _shown(found.ticket)
    values = {name: getattr(state, name) for name in TicketShown.__slots__}
    return OneTicket(**values, messages=found.messages, writes=found.writes, history=found.history)  # type: ignore[arg-type]


@endpoint("POST", "/tickets/<connection>/<ticket_id>/corrections", Role.AGENT, Correctly)
def correct_message(call: Call, connection: str, ticket_id: str, body: Correction) -> Corrected:
    """Give a scored message another label. No scorer overwrites it."""
    return corrections.correct(call.runtime, call.slug, connection, ticket_id, body.message_id, body.label, call.by)


def _filters(asked: TicketFilters) -> Filters:
    return Filters(asked.label, asked.trend, asked.connection, asked.since, asked.escalated)


def _order(asked: TicketFilters) -> Order:
    return Order.UPDATED if asked.sort is None else Order.SCORE


def _shown(one: Ticket) -> TicketShown:
    return TicketShown(
        connection=one.connection,
        ticket_id=one.ticket_id,
        label=one.label,
        score=one.score,
        trend=one.trend,
        direction=one.direction,
        current_avg=one.current_avg,
        escalated=one.escalated_by is not None,
        messages_scored=one.messages_scored,
        messages_unknown=one.messages_unknown,
        updated_at=one.updated_at,
    )


def _cells(one: TicketShown) -> list[object]:
    scores = (one.score, one.direction, one.current_avg)
    score, direction, average = (shown(value) for value in scores)
    return [
        one.connection,
        one.ticket_id,
        one.label,
        score,
        str(one.trend),
        direction,
        average,
        one.escalated,
        one.messages_scored,
        one.messages_unknown,
        moment(one.updated_at),
    ]
