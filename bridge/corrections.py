"""Corrections: a person's label for a scored message, given here. Those given in the helpdesk come by its events."""

import time
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.errors import NotFound
from bridge.model import Score
from bridge.runtime import Runtime
from bridge.store import connections, workspaces
from bridge.store.corrections import correct_message


@dataclass(frozen=True, slots=True)
class Corrected:
    """The message as it counts now."""

    message_id: str
    label: str
    score: Score | None


def correct(
    runtime: Runtime, slug: str, connection_id: str, ticket_id: str, message_id: str, label: str, by: str
) -> Corrected:
    """Gives the message the label; its score moves to the nearest value in that label's bucket.

    No scorer overwrites it, and the ticket's helpdesk follows. The same label again changes nothing.
    Raises NotFound when there is no such scored message, and Invalid for a label that is not of the scale.
    """

    def store(connection: sa.Connection) -> Corrected:
        workspace = workspaces.by_slug(connection, slug)
        row = connections.by_id(connection, connection_id)
        if row.workspace_id != workspace.id:
            raise NotFound("This workspace has no such connection")
        connector = runtime.connectors.get(row.kind)
        writable = connector is not None and connector.capabilities.writes and row.status != "disconnected"
        score = correct_message(
            connection,
            workspace.id,
            (connection_id, ticket_id, message_id),
            label,
            workspace.settings.buckets,
            by,
            time.time(),
            writable,
        )
        return Corrected(message_id, label, score)

    corrected = runtime.database.write(store)
    runtime.waker.soon(("writeback", "notify"))
    return corrected
