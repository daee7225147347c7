"""Lists tickets for the backfill, the newest first: one call for 100 tickets, one more tells their authors and lengths.

developer.zendesk.com "Search", export (2026-08): ordered by `created_at`, the newest first; its cursor dies within
the hour, so a position is the time of creation of the last ticket of a page. "Tickets", side-loads: a ticket whose
`comment_count` is 1 holds nothing but its description. The description's id as a comment is not told: it is called
`description` until the ticket's comments are read, which forgets it.
"""

from collections.abc import Mapping
from typing import Any

from bridge.connector import Access, Backlog, Forgotten, Listed, Received
from bridge.model import Author, Message
from connectors.zendesk.desk import Desk
from connectors.zendesk.session import Rejected
from connectors.zendesk.texts import MESSAGING, words
from connectors.zendesk.times import moment

PAGE = 100
DESCRIPTION = "description"

Json = Mapping[str, Any]


def read(_access: Access, desk: Desk, position: str) -> Received:
    """One page of the tickets made until `position` (a time as Zendesk says it; empty: now). Raises ConnectorErrors."""
    until, _, cursor = position.partition(" ")
    found, following = _page(desk, f"created<={until}" if until else "created>1970-01-01", cursor)
    if not found:
        return Received(backlog=Backlog((), None, 0))
    last = str(found[-1]["created_at"])
    # Within a second that holds more than a page, the cursor alone goes on.
    place = f"{last} {following}" if last == str(found[0]["created_at"]) else last
    roles, counts = _side_loads(desk, [str(one["id"]) for one in found])
    listed = tuple(_listed(one, roles, counts) for one in found)
    return Received(backlog=Backlog(listed, place if following else None))


def in_place_of_description(ticket_id: str) -> Forgotten:
    """The comments of a ticket are known now: what stood for the first one goes."""
    return Forgotten(ticket_id, DESCRIPTION, expected=False)


def _page(desk: Desk, query: str, cursor: str) -> tuple[list[Json], str]:
    """The page's tickets, and the cursor of the next one; empty after the last. A cursor that died begins the query."""
    asked = {"query": query, "filter[type]": "ticket", "page[size]": str(PAGE)}
    try:
        whole = desk.session.json("/api/v2/search/export", **(asked | ({"page[after]": cursor} if cursor else {})))
    except Rejected:
        if not cursor:
            raise
        whole = desk.session.json("/api/v2/search/export", **asked)
    meta = whole.get("meta") or {}
    return list(whole.get("results") or ()), str(meta.get("after_cursor") or "") if meta.get("has_more") else ""


def _side_loads(desk: Desk, ids: list[str]) -> tuple[dict[int, str], dict[str, int]]:
    """The roles of the tickets' people, and how many comments each ticket has."""
    if not ids:
        return {}, {}
    whole = desk.session.json("/api/v2/tickets/show_many", ids=",".join(ids), include="users,comment_count")
    roles = {int(user["id"]): str(user["role"]) for user in whole.get("users") or ()}
    counts = {str(one["id"]): int(one.get("comment_count") or 0) for one in whole.get("tickets") or ()}
    return roles, counts


def _listed(one: Json, roles: Mapping[int, str], counts: Mapping[str, int]) -> Listed:
    ticket_id, channel = str(one["id"]), str((one.get("via") or {}).get("channel", ""))
    written_at, submitter = moment(str(one.get("created_at", ""))), int(one.get("submitter_id") or 0)
    role = roles.get(submitter)
    if counts.get(ticket_id) != 1 or channel in MESSAGING or written_at is None or role is None:
        return Listed(ticket_id)  # its comments tell
    if role != "end-user":
        return Listed(ticket_id, skip="by_staff")
    text = words(str(one.get("description") or ""), "")
    message = Message(ticket_id, DESCRIPTION, Author.CUSTOMER, str(submitter), text, written_at)
    return Listed(ticket_id, (message,))
