"""Reads tickets and writes sentiments.

A live message costs no read and one write: its event told what the ticket showed. Many tickets cost one read
(show_many) and one write (update_many, whose job is asked a few times). Whatever a person chose is left alone.
"""

import random
from collections.abc import Mapping, Sequence

from bridge.connector import (
    Access,
    Gone,
    RateLimited,
    Received,
    Refused,
    Seen,
    Shown,
    Target,
    TargetKind,
    TicketWrite,
    WriteResult,
    WriteStatus,
)
from bridge.model import Author, Message
from connectors.zendesk import bulk, listing, people, poll, record
from connectors.zendesk.breaker import Breaker
from connectors.zendesk.desk import Comment, Desk, Json, Ticket
from connectors.zendesk.names import label_option, labels_of
from connectors.zendesk.record import Record
from connectors.zendesk.session import Rejected
from connectors.zendesk.texts import MESSAGING, words
from connectors.zendesk.times import moment
from connectors.zendesk.values import change_to, sentiment_of

BULK = 100
"""Tickets in one update_many, and in one show_many ("Tickets", Update Many Tickets)."""

_breaker = Breaker()


def read(access: Access, target: Target) -> Received:
    """The messages of a ticket, or of one page of what happened to tickets (see `poll`).

    Raises Gone for a ticket that is no longer there.
    """
    desk = Desk(access)
    if target.kind is TargetKind.BACKLOG:
        return listing.read(access, desk, target.name)
    if target.kind is TargetKind.LISTING:
        return poll.read(access, desk, target.name)
    if not target.name.isdigit():
        raise Gone("no Zendesk ticket has such an id")
    try:
        return _read_ticket(desk, target.name)
    except Rejected as problem:
        if problem.status == 404:
            raise Gone("the ticket was deleted, or our user may not see it") from None
        raise


def _read_ticket(desk: Desk, ticket_id: str) -> Received:
    messages, ignored, conversation = [], 0, False
    for comment in desk.comments(ticket_id):
        if comment.channel in MESSAGING:
            conversation = True
            continue
        message = _message(ticket_id, comment)
        if message is None:
            ignored += 1
        else:
            messages.append(message)
    if conversation:
        messages += [said for item in desk.conversation(ticket_id) if (said := _said(ticket_id, item))]
    known = (listing.in_place_of_description(ticket_id),)
    return Received(messages=tuple(messages), ignored=ignored, forgotten=known)


def _message(ticket_id: str, comment: Comment) -> Message | None:
    """None for internal notes, for system authors (negative ids), and for authors nothing is known of."""
    written_at = moment(comment.created_at)
    if not comment.public or comment.author_id < 0 or comment.role is None or written_at is None:
        return None
    customer = comment.role == "end-user"
    text = words(comment.plain or "", comment.html) if customer else None
    author = Author.CUSTOMER if customer else Author.STAFF
    return Message(ticket_id, comment.id, author, str(comment.author_id), text, written_at)


def _said(ticket_id: str, item: Json) -> Message | None:
    """One item of a conversation log; None for what is no line of a customer or an agent."""
    author, content = item.get("author"), item.get("content")
    written_at = moment(str(item.get("created_at", "")))
    if not isinstance(author, dict) or not isinstance(content, dict) or written_at is None:
        return None
    customer, text = author.get("type") == "user", content.get("text")
    if author.get("type") not in ("user", "agent") or not isinstance(text, str):
        return None
    author_id = str(author.get("zen:support:user_id") or "") or None
    kind = Author.CUSTOMER if customer else Author.STAFF
    return Message(ticket_id, str(item["id"]), kind, author_id, words(text, "") if customer else None, written_at)


def look(access: Access, ticket_ids: Sequence[str]) -> list[Shown]:
    """What these tickets show now, one call for each 100; tickets that are gone are left out."""
    desk, installed = Desk(access), record.load(access)
    shown = []
    for start in range(0, len(ticket_ids), BULK):
        tickets = desk.tickets(ticket_ids[start : start + BULK])
        shown += [Shown(ticket_id, sentiment_of(access, installed, ticket)) for ticket_id, ticket in tickets.items()]
    return shown


def write(access: Access, writes: Sequence[TicketWrite]) -> list[WriteResult]:
    """Writes up to 100 tickets; one result for each, in order. Raises when no ticket was written.

    One that an event has told of is not read first.
    """
    desk, installed = Desk(access), record.load(access)
    if len(writes) == 1 and (told := writes[0].seen) and _as_we_left_it(writes[0], told):
        return [_write_single(access, desk, installed, writes[0], told.stamp)]
    results: dict[str, WriteResult] = {}
    due: dict[str, tuple[TicketWrite, str]] = {}
    tickets = desk.tickets([write.ticket_id for write in writes])
    judged = 0
    for write in writes:
        ticket = tickets.get(write.ticket_id)
        shown = sentiment_of(access, installed, ticket) if ticket else None
        odd = shown is not None and people.unexpected(write, shown.label)
        judged += odd
        if odd and judged > people.LOOKED_UP:
            results[write.ticket_id] = bulk.later(
                write.ticket_id, bulk.CONFLICT_PAUSE, "who set its label is seen later"
            )
            continue
        result = _settled(access, desk, installed, write, ticket)
        if result is None and ticket is not None:
            due[write.ticket_id] = (write, ticket.stamp)
        elif result is not None:
            results[write.ticket_id] = result
    if len(due) == 1:
        ((write, stamp),) = due.values()
        results[write.ticket_id] = _write_single(access, desk, installed, write, stamp)
    elif due:
        results |= _write_many(access, desk, installed, due)
    return [results[write.ticket_id] for write in writes]


def _as_we_left_it(write: TicketWrite, seen: Seen) -> bool:
    """Whether an event proves that the ticket shows what we wrote last, and may be written whatever its status.

    What it does not prove is read: a label that differs may be a person's, or our own write since the event.
    """
    return not write.unsolved_only and seen.label == (write.before.label if write.before else None)


def _settled(
    access: Access, desk: Desk, installed: Record, write: TicketWrite, ticket: Ticket | None
) -> WriteResult | None:
    """The result of a ticket that needs no write or may get none; None: it is to be written."""
    if ticket is None:
        return WriteResult(write.ticket_id, WriteStatus.GONE, reason="deleted, or our user may not see it")
    shown = sentiment_of(access, installed, ticket)
    if shown == write.after:
        return WriteResult(write.ticket_id, WriteStatus.DONE)
    if shown is not None and people.unexpected(write, shown.label):
        result = people.judge(access, desk, installed, ticket, shown.label)
        if result is not None:
            return result
    if ticket.status == "closed" or (ticket.status == "solved" and write.unsolved_only):
        return WriteResult(write.ticket_id, WriteStatus.GONE, reason=ticket.status)
    return None


def _held(access: Access, installed: Record, write: TicketWrite) -> WriteResult | None:
    """The result of a ticket that we must not write now; None: go on. Raises Refused for a scale that the account
    does not know yet."""
    label = write.after.label
    if label_option(access, label) not in installed.options:
        reason = f"the drop-down has no option for {label}: run moodbridge connect zendesk again"
        if label in labels_of(access):
            raise Refused(reason)
        return WriteResult(write.ticket_id, WriteStatus.FAILED, reason=reason)
    wait = _breaker.wait((access.connection, write.ticket_id))
    if wait is not None:
        reason = "this ticket is written too often: something answers our writes"
        return WriteResult(write.ticket_id, WriteStatus.LATER, retry_after=wait, reason=reason)
    return None


def _write_single(access: Access, desk: Desk, installed: Record, write: TicketWrite, stamp: str) -> WriteResult:
    """A single update or, while these are used up (agents' saves count too), a job of one ticket."""
    try:
        return _write_one(access, desk, installed, write, stamp)
    except RateLimited as limited:
        if limited.whole:
            raise
        return _write_many(access, desk, installed, {write.ticket_id: (write, stamp)})[write.ticket_id]


def _write_one(access: Access, desk: Desk, installed: Record, write: TicketWrite, stamp: str) -> WriteResult:
    """One PUT; after a 409 the ticket is read and tried once more."""
    for _ in range(2):
        held = _held(access, installed, write)
        if held:
            return held
        try:
            desk.update(write.ticket_id, change_to(access, installed, write.after, stamp))
            _breaker.count((access.connection, write.ticket_id))
            return WriteResult(write.ticket_id, WriteStatus.DONE)
        except Rejected as problem:
            _breaker.count((access.connection, write.ticket_id))
            if problem.status != 409:
                return _refusal(write.ticket_id, problem)
        ticket = desk.tickets([write.ticket_id]).get(write.ticket_id)
        result = _settled(access, desk, installed, write, ticket)
        if result is not None or ticket is None:
            return result or WriteResult(write.ticket_id, WriteStatus.GONE)
        stamp = ticket.stamp
    return _conflict(write.ticket_id)


def _refusal(ticket_id: str, problem: Rejected) -> WriteResult:
    if problem.closed:
        return WriteResult(ticket_id, WriteStatus.GONE, reason="closed")
    if problem.status == 404:
        return WriteResult(ticket_id, WriteStatus.GONE, reason="deleted, or our user may not see it")
    return WriteResult(ticket_id, WriteStatus.FAILED, reason=str(problem))


def _write_many(
    access: Access, desk: Desk, installed: Record, due: Mapping[str, tuple[TicketWrite, str]]
) -> dict[str, WriteResult]:
    results, changes = {}, {}
    for ticket_id, (write, stamp) in due.items():
        held = _held(access, installed, write)
        if held:
            results[ticket_id] = held
        else:
            changes[ticket_id] = change_to(access, installed, write.after, stamp)
    if not changes:
        return results
    try:
        job_id = desk.update_many(changes)
    except Rejected as problem:
        if problem.status != 409:
            raise Refused(str(problem)) from None
        return results | {ticket_id: _conflict(ticket_id) for ticket_id in changes}
    for ticket_id in changes:
        _breaker.count((access.connection, ticket_id))
    return results | bulk.outcome(desk, job_id, list(changes))


def _conflict(ticket_id: str) -> WriteResult:
    return bulk.later(ticket_id, bulk.CONFLICT_PAUSE * random.uniform(1, 2), "somebody else is changing it")
