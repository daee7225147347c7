"""Takes our label, score and trend away again: a drop-down set to null loses its tag ("Ticket fields", 2026-08)."""

from collections.abc import Sequence

from bridge.connector import Access, Refused, Shown, WriteResult, WriteStatus
from connectors.zendesk import bulk, record
from connectors.zendesk.desk import Desk, Ticket
from connectors.zendesk.record import Record
from connectors.zendesk.session import Rejected
from connectors.zendesk.values import nothing, sentiment_of


def clear(access: Access, shown: Sequence[Shown]) -> list[WriteResult]:
    """One read and one job for up to 100 tickets; a label that is not the one given is a person's and stays."""
    desk, installed = Desk(access), record.load(access)
    found = desk.tickets([one.ticket_id for one in shown])
    results, changes = {}, {}
    for one in shown:
        ticket = found.get(one.ticket_id)
        result = _settled(access, installed, one, ticket)
        if result is not None:
            results[one.ticket_id] = result
        elif ticket is not None:
            changes[one.ticket_id] = nothing(installed, ticket.stamp)
    if changes:
        try:
            job_id = desk.update_many(changes)
        except Rejected as problem:
            raise Refused(str(problem)) from None
        results |= bulk.outcome(desk, job_id, list(changes))
    return [results[one.ticket_id] for one in shown]


def _settled(access: Access, installed: Record, one: Shown, ticket: Ticket | None) -> WriteResult | None:
    if ticket is None:
        return WriteResult(one.ticket_id, WriteStatus.GONE, reason="deleted, or our user may not see it")
    stands = sentiment_of(access, installed, ticket)
    if stands is None:
        return WriteResult(one.ticket_id, WriteStatus.DONE)
    if one.sentiment is not None and stands.label != one.sentiment.label:
        return WriteResult(one.ticket_id, WriteStatus.PERSON, label=stands.label)
    return WriteResult(one.ticket_id, WriteStatus.GONE, reason="closed") if ticket.status == "closed" else None
