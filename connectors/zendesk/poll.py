"""Reads what happened to tickets since the last look: fills the gaps that webhooks leave, or does all their work.

Zendesk drops events of an endpoint that fails, it does not keep them. developer.zendesk.com "Incremental Exports",
ticket events (2026-08): 1,000 events a page, comments by `comment_events`; the newest minute is hidden, `start_time`
must be older than a minute; 10 calls a minute for the whole account, of which `rate` takes 2. What happens in
messaging conversations is not among them. Our own writes carry no comment, so they are passed over; a label that
somebody else chose is told.

Listings are named `changes` (begin), `events:<unix>` (a page) and `polled:<unix>` (all before it is
stored). Each asks for the next by a read request, which is stored together with the page's messages: so the place to
go on from never runs ahead of what is kept.
"""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.connector import CHANGES, Access, Forgotten, LabelChange, Received, Target, TargetKind, Unreadable
from bridge.model import Author, Message
from connectors.zendesk import record
from connectors.zendesk.desk import Desk
from connectors.zendesk.names import label_in
from connectors.zendesk.record import Record
from connectors.zendesk.texts import MESSAGING, words
from connectors.zendesk.times import moment

KEY = "poll"
WITH_WEBHOOK = 600.0
ALONE = 60.0
"""Seconds between two polls: a safety net beside the webhook, or the only way in."""
UNDER_WAY = 300.0
"""Seconds after a page in which the next one of the same poll is waited for."""
OVERLAP = 120
HIDDEN = 61
"""Zendesk takes no start within the last minute."""
USERS = 100


def read(access: Access, desk: Desk, name: str) -> Received:
    """What one listing brought, and what to read next. Raises ConnectorErrors."""
    word, _, value = name.partition(":")
    if name == CHANGES.name:
        return _begin(access)
    if word == "events" and value.isdigit():
        received = _page(access, desk, int(value))
        _keep(access, at=time.time())
        return received
    if word == "polled" and value.isdigit():
        _keep(access, seen=float(value), at=0.0)
        return Received()
    raise Unreadable("listing", f"{name} is no listing of Zendesk")


def every(access: Access) -> float:
    """Seconds between two polls of this connection."""
    installed = record.find(access)
    return ALONE if installed is not None and installed.webhook is None else WITH_WEBHOOK


def start_from(access: Access, at: float) -> None:
    """Lets the first poll begin at `at`; does nothing once a poll began."""
    if access.state.get(KEY) is None:
        _keep(access, seen=at)


def _begin(access: Access) -> Received:
    now = time.time()
    start_from(access, now)
    kept = _kept(access.state.get(KEY))
    if now - kept.get("at", 0.0) < UNDER_WAY:
        return Received()  # a poll of many pages: two at once would take each other's calls
    start = int(min(kept["seen"] - OVERLAP, now - HIDDEN))
    return Received(targets=(Target(TargetKind.LISTING, f"events:{start}"),))


def _page(access: Access, desk: Desk, start: int) -> Received:
    page = desk.ticket_events(start)
    events: Sequence[Mapping[str, Any]] = page.get("ticket_events") or ()
    comments = [
        (str(event.get("ticket_id")), child)
        for event in events
        for child in event.get("child_events") or ()
        if child.get("event_type") == "Comment" and child.get("public") is True
    ]
    roles = _roles(desk, {int(child["author_id"]) for _, child in comments})
    messages, chats = [], []
    for ticket_id, child in comments:
        if (child.get("via") or {}).get("channel") in MESSAGING:
            chats.append(ticket_id)
        elif message := _message(ticket_id, child, roles):
            messages.append(message)
    targets = [Target(TargetKind.TICKET, ticket_id) for ticket_id in dict.fromkeys(chats)]
    end = page.get("end_time")
    if isinstance(end, int) and page.get("end_of_stream") is False:
        # More than a page within one second: Zendesk would give the same page for ever.
        targets.append(Target(TargetKind.LISTING, f"events:{max(end, start + 1)}"))
    elif isinstance(end, int):
        targets.append(Target(TargetKind.LISTING, f"polled:{end}"))
    changes = _label_changes(access, record.load(access), events)
    return Received(tuple(messages), tuple(targets), changes, forgotten=_forgotten(events))


def _label_changes(access: Access, installed: Record, events: Sequence[Mapping[str, Any]]) -> tuple[LabelChange, ...]:
    """The labels that others chose: changes of our drop-down by another user than ours."""
    found = []
    for event in events:
        by, at = event.get("updater_id"), event.get("timestamp")
        if by == installed.user_id or not isinstance(at, (int, float)):
            continue
        for child in event.get("child_events") or ():
            values = child.get("custom_ticket_fields") or {}
            label = label_in(access, str(values.get(str(installed.label_field)) or ""))
            if label and child.get("event_type") == "Change":
                found.append(
                    LabelChange(str(event.get("ticket_id")), label, None if by is None else str(by), float(at))
                )
    return tuple(found)


def _forgotten(events: Sequence[Mapping[str, Any]]) -> tuple[Forgotten, ...]:
    """Comments that were redacted or made private, by the names that "Ticket Audits" (2026-08) gives these events."""
    children = [(str(event.get("ticket_id")), child) for event in events for child in event.get("child_events") or ()]
    taken_back = {
        (ticket_id, str(child["comment_id"]))
        for ticket_id, child in children
        if child.get("comment_id")
        and (
            child.get("event_type") == "CommentRedactionEvent"
            or (child.get("event_type") == "CommentPrivacyChange" and child.get("public") is False)
        )
    }
    return tuple(Forgotten(*one) for one in sorted(taken_back))


def _roles(desk: Desk, authors: set[int]) -> dict[int, str]:
    known = sorted(author for author in authors if author > 0)
    roles: dict[int, str] = {}
    for first in range(0, len(known), USERS):
        roles |= desk.roles(known[first : first + USERS])
    return roles


def _message(ticket_id: str, child: Mapping[str, Any], roles: Mapping[int, str]) -> Message | None:
    author_id, written_at = int(child["author_id"]), moment(str(child.get("created_at", "")))
    role = roles.get(author_id)
    if role is None or written_at is None:
        return None
    customer = role == "end-user"
    text = words(str(child.get("plain_body") or child.get("body") or ""), str(child.get("html_body") or ""))
    author = Author.CUSTOMER if customer else Author.STAFF
    return Message(ticket_id, str(child["id"]), author, str(author_id), text if customer else None, written_at)


def _kept(text: str | None) -> dict[str, float]:
    return json.loads(text) if text else {}


def _keep(access: Access, *, seen: float = 0.0, at: float | None = None) -> None:
    """`seen`: all before it is stored; it never moves back. `at`: when a page was read; 0 after the last one."""
    while True:
        text = access.state.get(KEY)
        kept = _kept(text)
        kept["seen"] = max(seen, kept.get("seen", 0.0))
        if at is not None:
            kept["at"] = at
        if access.state.set(KEY, json.dumps(kept), text):
            return
