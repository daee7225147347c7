"""Finding what is to be forgotten: an author's messages, a ticket by its id alone."""

from dataclasses import dataclass

import sqlalchemy as sa

from bridge.store.tables import messages


@dataclass(frozen=True, slots=True)
class Wrote:
    """One message of an author."""

    connection_id: str
    ticket_id: str
    message_id: str


@dataclass(frozen=True, slots=True)
class TicketHome:
    """A connection that has a ticket of that id, with its messages here."""

    connection_id: str
    messages: int


def messages_of(connection: sa.Connection, workspace_id: int, author_id: str, most: int) -> list[Wrote]:
    """Some messages of the author."""
    m = messages.c
    query = sa.select(m.connection_id, m.ticket_id, m.message_id)
    found = query.where(m.workspace_id == workspace_id, m.author_id == author_id).order_by(m.id).limit(most)
    return [Wrote(*row) for row in connection.execute(found)]


def tickets_named(
    connection: sa.Connection, workspace_id: int, ticket_id: str, connection_id: str | None
) -> list[TicketHome]:
    """Where there are messages of that ticket."""
    m = messages.c
    query = sa.select(m.connection_id, sa.func.count()).where(m.workspace_id == workspace_id, m.ticket_id == ticket_id)
    if connection_id is not None:
        query = query.where(m.connection_id == connection_id)
    return [TicketHome(*row) for row in connection.execute(query.group_by(m.connection_id).order_by(m.connection_id))]
