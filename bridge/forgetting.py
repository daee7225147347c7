"""Forgetting on request: a ticket, or all that one author wrote."""

import time
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from bridge.connector import Forgotten
from bridge.errors import Invalid
from bridge.runtime import Runtime
from bridge.store import score_cache, workspaces
from bridge.store.authors import Wrote, messages_of, tickets_named
from bridge.store.forget import forget

BATCH = 100
"""Messages in one transaction."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed here. A label that is left without a message is taken away in the helpdesk by the drain."""

    tickets: int
    messages: int
    cached_scores: int
    """The cache does not know whose scores it holds: all of the workspace's went."""


def forget_ticket(runtime: Runtime, slug: str, ticket_id: str, connection_id: str | None = None) -> Removed:
    """Removes a ticket with its messages, scores, writes and events; of all connections unless one is named.

    Raises NotFound for the workspace, Invalid when there is no such ticket.
    """
    now = time.time()

    def store(connection: sa.Connection) -> Removed:
        workspace = workspaces.by_slug(connection, slug)
        homes = tickets_named(connection, workspace.id, ticket_id, connection_id)
        if not homes:
            raise Invalid("ticket", f"{slug} has no ticket {ticket_id}")
        for home in homes:
            forget(connection, workspace.id, home.connection_id, Forgotten(ticket_id, None), now, stands=True)
        cleared = score_cache.clear(connection, workspace.id)
        return Removed(len(homes), sum(home.messages for home in homes), cleared)

    return runtime.database.write(store)


def forget_author(runtime: Runtime, slug: str, author_id: str) -> Removed:
    """Removes all that one author wrote: words, scores, indicators. Ids and times of the messages stay, empty.

    Raises NotFound for the workspace, Invalid when nobody of that id wrote anything.
    """
    tickets: set[tuple[str, str]] = set()
    messages = 0
    while batch := runtime.database.write(partial(_forget_some, slug=slug, author_id=author_id)):
        messages += len(batch)
        tickets |= {(one.connection_id, one.ticket_id) for one in batch}
    if not messages:
        raise Invalid("author", f"{slug} has no message by {author_id}; give the id that the helpdesk has for them")

    def clear(connection: sa.Connection) -> int:
        return score_cache.clear(connection, workspaces.by_slug(connection, slug).id)

    return Removed(len(tickets), messages, runtime.database.write(clear))


def _forget_some(connection: sa.Connection, slug: str, author_id: str) -> list[Wrote]:
    workspace = workspaces.by_slug(connection, slug)
    found = messages_of(connection, workspace.id, author_id, BATCH)
    for one in found:
        forget(connection, workspace.id, one.connection_id, Forgotten(one.ticket_id, one.message_id), time.time())
    return found
