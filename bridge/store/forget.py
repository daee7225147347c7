"""Forgetting what a helpdesk redacted, made private or deleted for good: words, scores, and who wrote them.

Of a single message its ids stay, so that a late event of it brings nothing back. What others were told of stays told,
without the customer's words.
"""

import sqlalchemy as sa

from bridge.connector import Forgotten, TargetKind
from bridge.model import Author, Origin
from bridge.store.mood_hours import hour_of, mark_stale
from bridge.store.mood_tables import escalations, silences, ticket_facts, ticket_tags
from bridge.store.tables import State, deliveries, events, messages, read_requests, tickets, writes
from bridge.store.taking_back import take_back
from bridge.store.ticket_state import TicketKey, Touched, recompute

_EMPTIED = (
    "author_id",
    "worker_id",
    "last_error",
    "text",
    "text_hash",
    "score",
    "label",
    "confidence",
    "indicators",
    "caveats",
    "scorer",
    "scored_at",
    "corrected_by",
    "corrected_at",
    "wanted",
    "seen",
)


def forget(
    connection: sa.Connection,
    workspace_id: int,
    connection_id: str,
    what: Forgotten,
    now: float,
    *,
    stands: bool = False,
) -> int:
    """1 when something was forgotten, or will not be taken when it comes; 0 when that was so already.

    `stands`: the helpdesk still has the ticket that is forgotten whole, and so perhaps our label in it.
    """
    key = (connection_id, what.ticket_id)
    hours = _hours(connection, key, what.message_id)
    if what.message_id is None:
        mark_stale(connection, [(workspace_id, hour) for hour in hours])
        return _forget_ticket(connection, key, now, stands)
    if not what.expected and not _is_known(connection, key, what.message_id):
        return 0
    if not _empty_message(connection, workspace_id, key, what.message_id, now):
        return 0
    _forget_told(connection, key, what.message_id)
    touched = Touched(workspace_id, Origin.RESCORE, _was_written(connection, key), hours=hours)
    recompute(connection, {key: touched}, now)
    return 1


def _hours(connection: sa.Connection, key: TicketKey, message_id: str | None) -> frozenset[int]:
    """The hours in which the message, or all of the ticket's, were written."""
    m = messages.c
    query = sa.select(m.written_at).where(_of_ticket(messages, key), m.label.is_not(None))
    if message_id is not None:
        query = query.where(m.message_id == message_id)
    return frozenset(hour_of(at) for at in connection.execute(query).scalars())


def _forget_ticket(connection: sa.Connection, key: TicketKey, now: float, stands: bool) -> int:
    # Messages before their ticket, as a settle locks them.
    removed = connection.execute(sa.delete(messages).where(_of_ticket(messages, key))).rowcount
    if stands:
        take_back(connection, *key, now)
    else:
        removed += connection.execute(sa.delete(tickets).where(_of_ticket(tickets, key))).rowcount
    # One that is under way says what the helpdesk may show.
    past = [writes.c.state != "sending"] if stands else []
    connection.execute(sa.delete(writes).where(_of_ticket(writes, key), *past))
    for table in (ticket_facts, ticket_tags, silences, escalations):
        connection.execute(sa.delete(table).where(_of_ticket(table, key)))
    asked = read_requests.c
    connection.execute(
        sa.delete(read_requests).where(
            asked.connection_id == key[0], asked.kind == str(TargetKind.TICKET), asked.name == key[1]
        )
    )
    told = sa.select(events.c.id).where(_of_ticket(events, key))
    connection.execute(sa.delete(deliveries).where(deliveries.c.event_id.in_(told)))
    connection.execute(sa.delete(events).where(_of_ticket(events, key)))
    return int(removed > 0)


def _empty_message(connection: sa.Connection, workspace_id: int, key: TicketKey, message_id: str, now: float) -> bool:
    forgotten, emptied = int(State.FORGOTTEN), ", ".join(f"{name} = NULL" for name in _EMPTIED)
    stored = connection.execute(
        sa.text(
            "INSERT INTO messages (workspace_id, connection_id, ticket_id, message_id, author, written_at, received_at,"
            " origin, state, bulk, due_at)"
            f" VALUES (:workspace, :connection, :ticket, :message, '{Author.CUSTOMER}', :now, :now,"
            f" '{Origin.BACKFILL}', {forgotten}, 1, :now)"
            f" ON CONFLICT (connection_id, ticket_id, message_id) DO UPDATE SET state = {forgotten}, {emptied}"
            f" WHERE messages.state <> {forgotten}"
        ),
        {"workspace": workspace_id, "connection": key[0], "ticket": key[1], "message": message_id, "now": now},
    )
    return stored.rowcount == 1


def _is_known(connection: sa.Connection, key: TicketKey, message_id: str) -> bool:
    known = sa.select(messages.c.id).where(_of_ticket(messages, key), messages.c.message_id == message_id)
    return connection.execute(known).first() is not None


def _forget_told(connection: sa.Connection, key: TicketKey, message_id: str) -> None:
    connection.execute(
        sa.update(writes).where(_of_ticket(writes, key), writes.c.cause == message_id).values(cause=None)
    )
    of_message = sa.and_(_of_ticket(events, key), events.c.message_id == message_id)
    connection.execute(sa.update(events).where(of_message).values(indicators=None))
    told = sa.select(events.c.id).where(of_message)
    # An answer may repeat what was sent.
    connection.execute(sa.update(deliveries).where(deliveries.c.event_id.in_(told)).values(answer=None))


def _was_written(connection: sa.Connection, key: TicketKey) -> bool:
    """Whether the ticket's helpdesk takes labels from us."""
    row = connection.execute(
        sa.select(tickets.c.state, tickets.c.written_label).where(_of_ticket(tickets, key))
    ).first()
    return row is not None and (row.written_label is not None or row.state == State.PENDING)


def _of_ticket(table: sa.Table, key: TicketKey) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.connection_id == key[0], table.c.ticket_id == key[1])
