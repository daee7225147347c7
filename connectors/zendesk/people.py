"""Labels that people chose in Zendesk: whether a label that is not the expected one is a person's, and since when."""

from bridge.connector import (
    Access,
    ConnectorError,
    RateLimited,
    Refused,
    TicketWrite,
    WriteResult,
    WriteStatus,
)
from connectors.zendesk.bulk import later
from connectors.zendesk.desk import Desk, Ticket
from connectors.zendesk.names import label_option
from connectors.zendesk.record import Record
from connectors.zendesk.times import moment

OUTAGE_PAUSE = 15.0
LOOKED_UP = 10
"""Tickets of one write call whose audits are read; the others come again, so that a call stays short."""


def unexpected(write: TicketWrite, label: str) -> bool:
    """Whether the label that stands on a ticket is neither what we wrote last nor what we are about to write."""
    return label not in {write.after.label, write.before.label if write.before else None}


def judge(access: Access, desk: Desk, installed: Record, ticket: Ticket, label: str) -> WriteResult | None:
    """The result where a person chose the label that stands on a ticket; None: we wrote it.

    An unexpected label may be ours: of a write whose outcome nobody saw, or of a bridge before this one. The ticket's
    audits tell who chose it and when, in one call, which is rare. Where they do not tell or may not be read, a person
    is believed, and the ticket's last update is the latest it can have been.
    """
    try:
        changes = sorted(desk.changes_of(ticket.id, installed.label_field))
    except RateLimited as limited:
        return later(ticket.id, limited.retry_after, str(limited))
    except Refused:
        changes = []
    except ConnectorError as problem:
        return later(ticket.id, OUTAGE_PAUSE, str(problem))
    option = label_option(access, label)
    chosen = [(at, author) for at, author, value in changes if value == option]
    if chosen and chosen[-1][1] == installed.user_id:
        return None
    at = moment(chosen[-1][0]) if chosen else moment(ticket.stamp)
    return WriteResult(ticket.id, WriteStatus.PERSON, label=label, label_at=at)
