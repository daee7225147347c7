"""The write-back drain: brings what each helpdesk shows in line with what the tickets' states say."""

import dataclasses
import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa

from bridge.connections import access_to, connector_of
from bridge.connector import Access, Connector, RateLimited, Shown, TicketWrite, WriteResult, WriteStatus
from bridge.errors import BridgeError
from bridge.model import Sentiment
from bridge.runtime import Runtime
from bridge.store import connections, queue
from bridge.store.gathered import gather
from bridge.store.queue import PutOff, Room, backoff
from bridge.store.tables import tickets
from bridge.store.ticket_writes import PendingTicket, TicketWritten, begin_writes, settle_write
from bridge.workspace_settings import from_json
from jobs.drain import Done, Drain
from jobs.gathering import PATIENCE, Gathering
from jobs.helpdesk import OUTAGE_PAUSE, let_rest, waiting_out
from jobs.process import run

log = logging.getLogger("moodbridge.writeback")

_gathering = Gathering()


class WriteRefused(BridgeError):
    """The helpdesk refused one ticket."""


def work(runtime: Runtime, unit: Sequence[PendingTicket]) -> Iterable[Done[PendingTicket, TicketWritten]]:
    """Writes the claimed tickets of one connection, as many in one call as its helpdesk takes."""
    with runtime.database.read() as connection:
        row = connections.by_id(connection, unit[0].connection_id)
    connector, access = connector_of(runtime, row.kind), access_to(runtime, row)
    fresh = [ticket for ticket in unit if not ticket.unsure]
    begun = [ticket for ticket in unit if ticket.unsure]
    size = max(1, connector.capabilities.bulk_size)
    with waiting_out(runtime, row.id, connections.WRITING):
        for part in _parts(fresh, size):
            yield from _call(runtime, connector, access, part)
        for part in _parts(begun, size):
            yield from _resume(runtime, connector, access, part)


def _parts(all_tickets: Sequence[PendingTicket], size: int) -> Iterator[Sequence[PendingTicket]]:
    """What goes in one call: labels to write, or labels to take away."""
    for away in (False, True):
        which = [ticket for ticket in all_tickets if (ticket.after is None) is away]
        for start in range(0, len(which), size):
            yield which[start : start + size]


def _call(
    runtime: Runtime, connector: Connector, access: Access, part: Sequence[PendingTicket]
) -> Iterable[Done[PendingTicket, TicketWritten]]:
    try:
        results = _write(connector, access, part)
    except RateLimited as error:
        let_rest(runtime, access.connection, error)
        results = [
            WriteResult(one.ticket_id, WriteStatus.LATER, retry_after=error.retry_after, reason=str(error))
            for one in part
        ]
    # Bulk work fills its calls by itself.
    written = sum(not row.bulk and one.status is WriteStatus.DONE for row, one in zip(part, results, strict=False))
    if _gathering.wrote(access.connection, written, connector.capabilities.bulk_size):
        _wake_later(runtime)
    for ticket, result in zip(part, results, strict=True):
        log.info(
            "written" if result.status is WriteStatus.DONE else "not written",
            extra={
                "connection": ticket.connection_id,
                "ticket": ticket.ticket_id,
                "message_id": ticket.cause,
                "status": str(result.status),
            },
        )
        yield Done(ticket, TicketWritten(ticket, ticket.after, result))


def _wake_later(runtime: Runtime) -> None:
    """So that what gathers is written in time, although nothing else wakes the queue."""
    timer = threading.Timer(PATIENCE, runtime.waker.soon, [("writeback",)])
    timer.daemon = True
    timer.start()


def _write(connector: Connector, access: Access, part: Sequence[PendingTicket]) -> Sequence[WriteResult]:
    asked = [
        TicketWrite(ticket.ticket_id, ticket.before, ticket.after, ticket.seen, ticket.unsolved_only)
        for ticket in part
        if ticket.after is not None
    ]
    if asked:
        if connector.write is None:
            raise WriteRefused(f"{connector.kind} takes no labels")
        return connector.write(access, asked)
    if connector.clear is None:
        reason = f"{connector.kind} cannot take a label away"
        return [WriteResult(ticket.ticket_id, WriteStatus.GONE, reason=reason) for ticket in part]
    return connector.clear(access, [Shown(ticket.ticket_id, ticket.before) for ticket in part])


def _resume(
    runtime: Runtime, connector: Connector, access: Access, part: Sequence[PendingTicket]
) -> Iterable[Done[PendingTicket, TicketWritten]]:
    """Tickets whose last write has no known outcome: what they show decides what is left to do."""
    if connector.look is None:
        yield from _call(runtime, connector, access, part)
        return
    shown = {one.ticket_id: one.sentiment for one in connector.look(access, [ticket.ticket_id for ticket in part])}
    unwritten: list[PendingTicket] = []
    for ticket in part:
        now_shown = shown.get(ticket.ticket_id)
        result = _seen(ticket, ticket.ticket_id in shown, now_shown)
        if result is not None:
            yield Done(ticket, TicketWritten(ticket, ticket.after, result))
        elif now_shown is not None and now_shown.label in {one.label for one in ticket.unsure}:
            unwritten.append(dataclasses.replace(ticket, before=now_shown))
        else:
            unwritten.append(ticket)
    if unwritten:
        yield from _call(runtime, connector, access, unwritten)


def _seen(ticket: PendingTicket, exists: bool, now_shown: Sentiment | None) -> WriteResult | None:
    """What the read-back decides; None: the ticket is still to be written."""
    if not exists:
        return WriteResult(ticket.ticket_id, WriteStatus.GONE, reason="the ticket is gone")
    if now_shown == ticket.after:
        return WriteResult(ticket.ticket_id, WriteStatus.DONE)
    ours = {one.label for one in (*ticket.unsure, ticket.before) if one is not None}
    if ticket.after is None and now_shown is not None and now_shown.label not in ours:
        return WriteResult(ticket.ticket_id, WriteStatus.PERSON, label=now_shown.label)
    return None  # a label that is none of ours may be a person's: the connector can tell whose it is, and since when


def settle(
    runtime: Runtime, connection: sa.Connection, done: Sequence[Done[PendingTicket, TicketWritten]]
) -> list[PutOff]:
    """Stores what became of each write, in the audit rows too."""
    now = time.time()
    put_off: list[PutOff] = []
    for one in done:
        written = one.result
        if written is None:
            continue
        settle_write(connection, written, from_json(one.row.settings).buckets, now)
        reason = written.result.reason or "the helpdesk refused the write"
        if written.result.status in (WriteStatus.LATER, WriteStatus.UNSURE):
            put_off.append(PutOff(one.row.row_id, now + (written.result.retry_after or OUTAGE_PAUSE), reason, False))
        elif written.result.status is WriteStatus.FAILED:
            put_off.append(PutOff(one.row.row_id, now + backoff(one.row.attempts), reason, True))
    taken = {one.row.connection_id for one in done if one.result and one.result.result.status is WriteStatus.DONE}
    for connection_id in taken:
        connections.note_answer(connection, connection_id, connections.WRITING, now)
    return put_off


def claim(connection: sa.Connection, worker_id: str, room: Room, now: float) -> list[int]:
    """Claims tickets; live ones of a connection that is written much gather first."""
    for connection_id, pace in _gathering.paced(now).items():
        gather(connection, connection_id, pace.until, pace.size, now)
    return queue.claim(connection, tickets, worker_id, room, now, one_per_connection=True)


DRAIN: Drain[PendingTicket, TicketWritten] = Drain(
    queue="writeback",
    table=tickets,
    threads=16,
    capacity=400,
    load=begin_writes,
    work=work,
    settle=settle,
    claim=claim,
    unit_key=lambda ticket: ticket.connection_id,
    one_per_connection=True,
)


def drain() -> None:
    """What RQ runs."""
    run(DRAIN)
