"""Shows in Zendesk which tickets need a person: a tag, a raised priority, an internal note, in one update.

The update carries the ticket's version ("Protecting against ticket update collisions") and the tags as that version
has them, so that no agent's tag is lost. The tag tells that it was done: there is no second note.
"""

from bridge.connector import Access, Mark, WriteResult, WriteStatus
from connectors.zendesk import bulk
from connectors.zendesk.desk import Change, Desk, Ticket
from connectors.zendesk.session import Rejected

RAISED = "high"
LOWER = (None, "", "low", "normal")
"""Priorities that are raised; a high or urgent ticket stays as it is. None is taken back after a recovery."""


def mark(access: Access, wanted: Mark) -> WriteResult:
    """Marks or unmarks a ticket. Raises ConnectorErrors."""
    desk, tag = Desk(access), f"{access.prefix}_escalated"
    ticket = desk.tickets([wanted.ticket_id]).get(wanted.ticket_id)
    if ticket is None:
        return WriteResult(wanted.ticket_id, WriteStatus.GONE, reason="deleted, or our user may not see it")
    if (tag in ticket.tags) == wanted.on:
        return WriteResult(wanted.ticket_id, WriteStatus.DONE)
    if ticket.status == "closed":
        return WriteResult(wanted.ticket_id, WriteStatus.GONE, reason="closed")
    try:
        desk.update(wanted.ticket_id, _change(wanted, ticket, tag))
    except Rejected as problem:
        if problem.status == 409:
            return bulk.later(wanted.ticket_id, bulk.CONFLICT_PAUSE, "somebody else is changing it")
        if problem.closed or problem.status == 404:
            return WriteResult(wanted.ticket_id, WriteStatus.GONE, reason="closed or deleted")
        return WriteResult(wanted.ticket_id, WriteStatus.FAILED, reason=str(problem))
    return WriteResult(wanted.ticket_id, WriteStatus.DONE)


def _change(wanted: Mark, ticket: Ticket, tag: str) -> Change:
    tags = [*ticket.tags, tag] if wanted.on else [one for one in ticket.tags if one != tag]
    change: Change = {"tags": tags, "safe_update": True, "updated_stamp": ticket.stamp}
    if wanted.on and wanted.raise_priority and ticket.priority in LOWER:
        change["priority"] = RAISED
    if wanted.on and wanted.note is not None:
        change["comment"] = {"body": wanted.note, "public": False}
    return change
