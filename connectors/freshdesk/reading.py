"""A ticket's messages: its description first, then its public conversations."""

from datetime import datetime
from typing import Any

from bridge.connector import Access, HelpdeskDown, Received, Target, TargetKind, TicketFacts
from bridge.model import Author, Message
from bridge.text.html import to_marked_text
from bridge.text.quoted import own_words
from connectors.freshdesk import listing
from connectors.freshdesk.client import Json, call

OUTBOUND = 10
SURVEY = 6
INCLUDED = 10
"""How many conversations come with a ticket; where there are as many, there may be more."""
PAGE = 100
PRIORITIES = {1: "low", 2: "medium", 3: "high", 4: "urgent"}


def read(access: Access, target: Target) -> Received:
    """The messages of one ticket, or what a page of a listing names. Raises ConnectorErrors."""
    if target.kind is TargetKind.BACKLOG:
        return listing.backlog(access, target.name)
    if target.kind is TargetKind.LISTING:
        return listing.changes(access, target.name)
    ticket = call(access, "GET", f"/tickets/{target.name}?include=conversations")
    said = ticket.get("conversations") or []
    if len(said) >= INCLUDED:
        said = _conversations(access, target.name)
    found = (_first(ticket), *(_further(target.name, one) for one in said))
    messages = tuple(message for message in found if message is not None)
    return Received(messages=messages, facts=(_facts(access, ticket),))


def moment(value: Any) -> float:
    """Unix seconds of one of Freshdesk's times. Raises HelpdeskDown when it is none."""
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        raise HelpdeskDown("Freshdesk's answer holds a time that is none") from None


def _conversations(access: Access, ticket_id: str) -> list[Json]:
    found: list[Json] = []
    while True:
        number = len(found) // PAGE + 1
        page = call(access, "GET", f"/tickets/{ticket_id}/conversations?per_page={PAGE}&page={number}")
        found += page
        if len(page) < PAGE:
            return found


def _first(ticket: Json) -> Message | None:
    if ticket.get("source") == OUTBOUND:
        return None
    text = _words(ticket.get("description_text"), ticket.get("description"))
    ticket_id = str(ticket["id"])
    author = _person(ticket.get("requester_id"))
    # Conversations are numbered: no number of theirs can look like this.
    return Message(ticket_id, f"ticket-{ticket_id}", Author.CUSTOMER, author, text, moment(ticket.get("created_at")))


def _further(ticket_id: str, said: Json) -> Message | None:
    if said.get("private") is not False or said.get("source") == SURVEY:
        return None
    author = Author.CUSTOMER if said.get("incoming") is True else Author.STAFF
    text = _words(said.get("body_text"), said.get("body")) if author is Author.CUSTOMER else None
    at = moment(said.get("created_at"))
    return Message(ticket_id, str(said["id"]), author, _person(said.get("user_id")), text, at)


def _words(plain: Any, html: Any) -> str:
    text = plain if isinstance(plain, str) and plain.strip() else to_marked_text(str(html or ""))
    return own_words(text.encode("utf-8", "replace").decode()).text


def _person(value: Any) -> str | None:
    return None if value is None else str(value)


def _facts(access: Access, ticket: Json) -> TicketFacts:
    tags = tuple(str(tag) for tag in ticket.get("tags") or () if not str(tag).startswith(f"{access.prefix}_"))
    group, priority = _person(ticket.get("group_id")), PRIORITIES.get(ticket.get("priority") or 0)
    return TicketFacts(str(ticket["id"]), tags, priority, group, str(ticket.get("updated_at")))
