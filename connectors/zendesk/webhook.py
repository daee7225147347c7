"""What Zendesk's webhooks say: the signature, and events as messages, read requests and things to forget.

developer.zendesk.com "Verifying webhook authenticity", "Webhook event types", "Ticket events" and "Messaging events"
(2026). Ids in events are strings, enums upper case. Two kinds are understood: event-subscribed webhooks, and
trigger-connected ones as ids only (free text in a trigger's JSON is not escaped safely).
"""

import base64
import dataclasses
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

from bridge.connector import (
    Access,
    BadSignature,
    Forgotten,
    HookRequest,
    Received,
    Seen,
    Target,
    TargetKind,
    Unreadable,
)
from bridge.model import EXTERNAL_ID, Author, Message
from connectors.zendesk import record
from connectors.zendesk.facts import facts_of
from connectors.zendesk.names import label_in
from connectors.zendesk.texts import MESSAGING, words
from connectors.zendesk.times import moment, stamp

TOLERANCE = 300.0
NUMBER = re.compile(r"[0-9]{1,20}")
SUBSCRIPTIONS = (
    "zen:event-type:ticket.comment_added",
    "zen:event-type:ticket.created",
    "zen:event-type:ticket.comment_redacted",
    "zen:event-type:ticket.comment_made_private",
    "zen:event-type:ticket.permanently_deleted",
    "zen:event-type:messaging_ticket.message_added",
)
FORGET = frozenset(("ticket.comment_redacted", "ticket.comment_made_private"))

Json = Mapping[str, Any]


def verify(request: HookRequest, access: Access) -> None:
    """Raises BadSignature unless one of the secrets signed the raw body within the last 5 minutes.

    The time is that of the attempt, so late retries pass. The secret is used as it reads, not base64-decoded.
    """
    sent = request.headers.get("x-zendesk-webhook-signature", "")
    timestamp = request.headers.get("x-zendesk-webhook-signature-timestamp", "")
    signed_at = moment(timestamp)
    if signed_at is None or abs(request.now - signed_at) > TOLERANCE:
        raise BadSignature("the signature's time is missing or not of the last 5 minutes")
    for secret in access.secrets:
        digest = hmac.new(secret.encode(), timestamp.encode() + request.body, hashlib.sha256).digest()
        if hmac.compare_digest(base64.b64encode(digest), sent.encode("utf-8", "replace")):
            return
    raise BadSignature("the signature is not ours: connect again, so that the webhook's secret is read anew")


def parse(request: HookRequest, access: Access) -> Received:
    """What a verified webhook says. Raises Unreadable, naming the field."""
    try:
        event = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Unreadable("body", "is not JSON", status=415) from None
    if not isinstance(event, dict):
        raise Unreadable("body", "is not a JSON object")
    kind = event.get("type")
    if kind is None:
        return _read_first(_id(event, "ticket_id", NUMBER))
    if not isinstance(kind, str):
        raise Unreadable("type", "is not a text")
    kind = kind.removeprefix("zen:event-type:")
    if kind == "ticket.comment_added":
        return _comment(event, access)
    if kind == "messaging_ticket.message_added":
        return _chat(event, access)
    if kind == "ticket.created":
        # It has no comment id, and Zendesk may or may not tell of the first comment too: reading gives it its id.
        facts = facts_of(_part(event, "detail"), _ticket(event), access)
        return dataclasses.replace(_read_first(_ticket(event), _seen(event, access)), facts=facts)
    if kind == "ticket.permanently_deleted":
        return Received(forgotten=(Forgotten(_ticket(event), None),))
    if kind in FORGET:
        return Received(forgotten=(Forgotten(_ticket(event), _id(_part(event, "event", "comment"), "id")),))
    return Received(ignored=1)


def _comment(event: Json, access: Access) -> Received:
    ticket_id, comment = _ticket(event), _part(event, "event", "comment")
    author = _part(comment, "author")
    public, staff = comment.get("is_public"), author.get("is_staff")
    if not isinstance(public, bool) or not isinstance(staff, bool):
        raise Unreadable("event.comment", "does not tell whether it is public and by staff")
    if not public or (staff and _ours(event, access)):
        return Received(ignored=1)
    via = _part(event, "detail").get("via")
    if not staff and isinstance(via, dict) and via.get("channel") in MESSAGING:
        # May be the transcript of a whole conversation: reading tells who wrote what.
        return _read_first(ticket_id, _seen(event, access))
    text = None if staff else words(_optional(comment, "body"), _optional(comment, "html_body"))
    message = Message(
        ticket_id,
        _id(comment, "id"),
        Author.STAFF if staff else Author.CUSTOMER,
        _id(author, "id"),
        text,
        _written_at(event),
    )
    facts = facts_of(_part(event, "detail"), ticket_id, access)
    return Received(messages=(message,), seen=_seen(event, access), facts=facts)


def _chat(event: Json, access: Access) -> Received:
    actor, said = _part(event, "event", "actor"), _part(event, "event", "message")
    authors = {"end_user": Author.CUSTOMER, "agent": Author.STAFF}
    author = authors.get(str(actor.get("type")))
    if author is None or (author is Author.STAFF and _ours(event, access)):
        return Received(ignored=1)
    text = words(_optional(said, "body"), "") if author is Author.CUSTOMER else None
    author_id = _id(actor, "id") if actor.get("id") else None
    message = Message(_ticket(event), _id(said, "id"), author, author_id, text, _written_at(event))
    return Received(messages=(message,), seen=_seen(event, access))


def _read_first(ticket_id: str, seen: tuple[Seen, ...] = ()) -> Received:
    return Received(targets=(Target(TargetKind.TICKET, ticket_id),), seen=seen)


def _ours(event: Json, access: Access) -> bool:
    actor = _part(event, "detail").get("actor_id")
    installed = record.find(access) if actor else None
    return installed is not None and str(actor) == str(installed.user_id)


def _seen(event: Json, access: Access) -> tuple[Seen, ...]:
    """Nothing where the event does not tell, or tells of two labels at once."""
    detail = _part(event, "detail")
    tags, updated_at = detail.get("tags"), moment(str(detail.get("updated_at", "")))
    if not isinstance(tags, list) or updated_at is None:
        return ()
    labels = {label for tag in tags if isinstance(tag, str) and (label := label_in(access, tag))}
    if len(labels) > 1:
        return ()
    return (Seen(_ticket(event), next(iter(labels), None), stamp(updated_at)),)


def _written_at(event: Json) -> float:
    """In whole seconds, as the API gives it for the same comment: the order must not depend on the way in."""
    at = moment(str(event.get("time", "")))
    if at is None:
        raise Unreadable("time", "is not a date and time (RFC 3339)")
    return float(int(at))


def _ticket(event: Json) -> str:
    return _id(_part(event, "detail"), "id", NUMBER)


def _part(event: Json, *names: str) -> Json:
    inner: Any = event
    for name in names:
        inner = inner.get(name) if isinstance(inner, dict) else None
    if not isinstance(inner, dict):
        raise Unreadable(".".join(names), "is missing")
    return inner


def _id(part: Json, name: str, form: re.Pattern[str] = EXTERNAL_ID) -> str:
    value = part.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not form.fullmatch(str(value)):
        raise Unreadable(name, "is not an id")
    return str(value)


def _optional(part: Json, name: str) -> str:
    value = part.get(name)
    if value is not None and not isinstance(value, str):
        raise Unreadable(name, "is not a text")
    return value or ""
