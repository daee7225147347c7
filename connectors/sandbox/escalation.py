"""Shows on the desk which tickets need a person: a tag and an internal note. The desk has no priorities."""

from http import HTTPMethod
from urllib.parse import quote

from bridge.connector import Access, Gone, Mark, Refused, WriteResult, WriteStatus
from connectors.sandbox.client import call, checked


def mark(access: Access, wanted: Mark) -> WriteResult:
    """Marks or unmarks a ticket; a ticket that is marked gets no second note. Raises ConnectorErrors."""
    path = f"/tickets/{quote(wanted.ticket_id, safe='')}/escalation"
    body: dict[str, object] = {"tag": f"{access.prefix}_escalated", "escalated": "yes" if wanted.on else "no"}
    if wanted.note is not None:
        body["note"] = wanted.note
    reply = call(access, HTTPMethod.PUT, path, body)
    if reply.status == 422:
        return WriteResult(wanted.ticket_id, WriteStatus.GONE, reason="closed")
    try:
        checked(reply)
    except Gone:
        return WriteResult(wanted.ticket_id, WriteStatus.GONE, reason="deleted")
    except Refused as error:
        return WriteResult(wanted.ticket_id, WriteStatus.FAILED, reason=str(error))
    return WriteResult(wanted.ticket_id, WriteStatus.DONE)
