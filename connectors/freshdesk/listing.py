"""What changed since the last look, and the tickets there are, the newest first.

Listings are named `changes` (begin), `since:<time>/<page>` and `polled:<time>` (all before it is stored). Pages hold
100 tickets, 300 pages at most; without `updated_since` Freshdesk leaves out what is older than 30 days.
"""

import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from bridge.connector import CHANGES, Access, Backlog, Listed, Received, Target, TargetKind, Unreadable
from connectors.freshdesk.client import call

CURSOR = "changed_since"
OVERLAP = timedelta(minutes=2)
PAGE = 100
LAST_PAGE = 300
SKIPPED = {10: "by_staff"}


def changes(access: Access, name: str) -> Received:
    """The tickets of one page that changed, to be read, and the page that follows. Raises ConnectorErrors."""
    if name == CHANGES.name:
        since = access.state.get(CURSOR) or _said(datetime.fromtimestamp(time.time(), UTC) - OVERLAP)
        return _next(f"since:{since}/1")
    word, _, rest = name.partition(":")
    if word == "polled":
        stands = access.state.get(CURSOR)
        if stands is None or stands < rest:
            access.state.set(CURSOR, rest, stands)
        return Received()
    since, _, number = rest.partition("/")
    if word != "since" or not number.isdigit():
        raise Unreadable("listing", f"{name} is no listing of Freshdesk")
    query = {"updated_since": since, "order_by": "updated_at", "order_type": "asc", "per_page": PAGE, "page": number}
    tickets = call(access, "GET", f"/tickets?{urlencode(query)}")
    targets = [Target(TargetKind.TICKET, str(ticket["id"])) for ticket in tickets]
    if len(tickets) == PAGE and int(number) < LAST_PAGE:
        return Received(targets=(*targets, *_next(f"since:{since}/{int(number) + 1}").targets))
    if tickets:
        until = datetime.fromisoformat(str(tickets[-1]["updated_at"])) - OVERLAP
        targets += _next(f"polled:{_said(until)}").targets
    return Received(targets=tuple(targets))


def backlog(access: Access, name: str) -> Received:
    """One page of the tickets there are; its position is the page's number. Raises ConnectorErrors."""
    number = int(name) if name.isdigit() else 1
    order = {"order_by": "created_at", "order_type": "desc", "updated_since": "1970-01-01T00:00:00Z"}
    tickets = call(access, "GET", f"/tickets?{urlencode({**order, 'per_page': PAGE, 'page': number})}")
    listed = tuple(Listed(str(ticket["id"]), skip=SKIPPED.get(ticket.get("source"))) for ticket in tickets)
    more = len(tickets) == PAGE and number < LAST_PAGE
    return Received(backlog=Backlog(listed, str(number + 1) if more else None))


def _next(name: str) -> Received:
    return Received(targets=(Target(TargetKind.LISTING, name),))


def _said(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
