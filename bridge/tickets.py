"""Tickets of a workspace as people and programs look at them: a page, or one with its messages and writes."""

import base64
import binascii
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from bridge.conversation import Point, points
from bridge.errors import Invalid, NotFound
from bridge.model import EXTERNAL_ID, UNKNOWN, Author, Score, ScorerName
from bridge.runtime import Runtime
from bridge.store import ticket_reads as rows
from bridge.store import workspaces
from bridge.store.ticket_reads import Filters, Order, Ticket, TicketWrite

__all__ = [
    "Filters",
    "Order",
    "Page",
    "Point",
    "Ticket",
    "TicketMessage",
    "TicketWrite",
    "WholeTicket",
    "listed",
    "one",
]

MOST = 200
USUAL = 50
MOST_POINTS = 1000
_LONGEST_CURSOR = 200


@dataclass(frozen=True, slots=True)
class Page:
    """Some tickets, and the cursor that asks for those behind them (None: there are no more)."""

    tickets: Sequence[Ticket]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class TicketMessage:
    """A message as it was scored; `indicators` are pieces of it."""

    message_id: str
    author: Author
    written_at: float
    score: Score | None
    label: str | None
    confidence: float | None
    indicators: tuple[str, ...] = field(repr=False)
    caveats: tuple[str, ...]
    scorer: ScorerName | None
    cached: bool
    """The score was known from the same text before."""
    scored_at: float | None
    corrected_by: str | None
    """Who gave it another label; None: nobody."""
    corrected_at: float | None


@dataclass(frozen=True, slots=True)
class WholeTicket:
    """A ticket with its messages in the order of writing, and what was written into the helpdesk."""

    ticket: Ticket
    messages: Sequence[TicketMessage]
    writes: Sequence[TicketWrite]
    history: Sequence[Point]
    """Where the conversation stood after each message with a score: as its messages are now, late ones and corrections
    included. The newest MOST_POINTS."""


def listed(
    runtime: Runtime,
    slug: str,
    filters: Filters = Filters(),  # noqa: B008  it never changes
    *,
    order: Order = Order.UPDATED,
    cursor: str | None = None,
    limit: int = USUAL,
) -> Page:
    """A page of the workspace's tickets. Raises NotFound, and Invalid for a value that cannot be.

    A ticket that changes while somebody pages moves to the front; none is left out or shown twice because of it.
    """
    if not 1 <= limit <= MOST:
        raise Invalid("limit", f"give a number from 1 to {MOST}")
    after = None if cursor is None else _place(cursor, order)
    with runtime.database.read() as connection:
        workspace = workspaces.by_slug(connection, slug)
        known = (*workspace.settings.buckets.labels, UNKNOWN)
        if filters.label is not None and filters.label not in known:
            raise Invalid("label", "use one of " + ", ".join(known))
        found = rows.page(connection, workspace.id, filters, order, after, limit + 1)
    more = len(found) > limit
    return Page(found[:limit], _cursor(found[limit - 1], order) if more else None)


def one(runtime: Runtime, slug: str, connection_id: str, ticket_id: str) -> WholeTicket:
    """The ticket. Raises NotFound when the workspace has none such, or nothing of it was scored yet."""
    missing = NotFound(f"The workspace {slug} has no scored ticket of this id in this connection")
    if not (EXTERNAL_ID.fullmatch(connection_id) and EXTERNAL_ID.fullmatch(ticket_id)):
        raise missing
    with runtime.database.read() as connection:
        workspace = workspaces.by_slug(connection, slug)
        ticket = rows.one(connection, workspace.id, connection_id, ticket_id)
        if ticket is None:
            raise missing
        messages = rows.messages_of(connection, ticket)
        writes = rows.writes_of(connection, ticket)
        history = points(rows.scores_of(connection, ticket))[-MOST_POINTS:]
    return WholeTicket(ticket, [_message(runtime, message) for message in messages], writes, history)


def _message(runtime: Runtime, row: rows.TicketMessage) -> TicketMessage:
    return TicketMessage(
        message_id=row.message_id,
        author=row.author,
        written_at=row.written_at,
        score=row.score,
        label=row.label,
        confidence=row.confidence,
        indicators=tuple(json.loads(runtime.vault.decrypt(row.indicators))) if row.indicators else (),
        caveats=tuple(json.loads(row.caveats)) if row.caveats else (),
        scorer=ScorerName(*json.loads(row.scorer)) if row.scorer else None,
        cached=row.cached,
        scored_at=row.scored_at,
        corrected_by=row.corrected_by,
        corrected_at=row.corrected_at,
    )


def _cursor(last: Ticket, order: Order) -> str:
    place = json.dumps([order[0], *rows.place_of(last, order)])
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _place(cursor: str, order: Order) -> tuple[float, int]:
    wrong = Invalid("cursor", "give the next_cursor of the page before, with the same sort")
    if len(cursor) > _LONGEST_CURSOR:
        raise wrong
    try:
        kind, at, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise wrong from None
    numbers = isinstance(at, int | float) and isinstance(row_id, int) and math.isfinite(at)
    if kind != order[0] or not numbers or not 0 <= row_id < 2**63 or abs(at) > 1e12:
        raise wrong
    return at, row_id
