"""The dry run of a backfill: reads old tickets as the run would, and stores and writes nothing."""

from collections.abc import Iterator

from bridge.connections import access_to, connector_of
from bridge.connector import NEWEST, Gone, Received, Target, TargetKind
from bridge.errors import Invalid
from bridge.exports import Told
from bridge.model import Author, Message
from bridge.runtime import Runtime
from bridge.store import connections, positions, tickets_known, workspaces
from bridge.store.connections import ConnectionRow


def unscored(runtime: Runtime, slug: str, limit: int) -> Iterator[Told]:
    """The messages of up to `limit` tickets without a score, the newest first, from where the backfill stands.

    Raises NotFound; Invalid when no helpdesk of the workspace can be listed; what connectors raise.
    """
    with runtime.database.read() as connection:
        workspace = workspaces.by_slug(connection, slug)
        rows = connections.of_workspace(connection, workspace.id)
        begin = {row.id: positions.of(connection, row.id).position or NEWEST.name for row in rows}
    listable = [
        row for row in rows if row.status != "disconnected" and connector_of(runtime, row.kind).capabilities.backlog
    ]
    if not listable:
        raise Invalid("connections", f"{slug} has no helpdesk whose tickets can be listed: connect one first")
    left = limit
    for row in listable:
        for ticket in _tickets(runtime, row, begin[row.id]):
            if left == 0:
                return
            left -= 1
            yield from ticket


def _tickets(runtime: Runtime, row: ConnectionRow, position: str | None) -> Iterator[list[Told]]:
    while position is not None:
        page = _read(runtime, row, Target(TargetKind.BACKLOG, position)).backlog
        if page is None:
            return
        with runtime.database.read() as connection:
            known = tickets_known.scored(connection, row.id, [one.ticket_id for one in page.tickets])
        for one in page.tickets:
            if one.skip is not None or one.ticket_id in known:
                continue
            messages = one.messages
            if messages is None:
                messages = _read(runtime, row, Target(TargetKind.TICKET, one.ticket_id)).messages
            yield [_told(message) for message in messages]
        position = page.following


def _read(runtime: Runtime, row: ConnectionRow, target: Target) -> Received:
    read = connector_of(runtime, row.kind).read
    if read is None:
        return Received()
    try:
        return read(access_to(runtime, row), target)
    except Gone:
        return Received()


def _told(message: Message) -> Told:
    return Told(message.ticket_id, message.text or "", message.author is Author.STAFF, message.written_at)
