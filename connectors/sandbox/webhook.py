"""The desk's webhooks: signed by Standard Webhooks, one event each.

`post.created` carries the words, `ticket.created` only names the ticket (it is read by the API then),
`label.changed` is a person's correction, `ticket.deleted` asks to forget; every other event is none of our business.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime

from bridge import signing
from bridge.connector import (
    Access,
    BadSignature,
    Forgotten,
    HookRequest,
    LabelChange,
    Received,
    Target,
    TargetKind,
    Unreadable,
)
from bridge.model import EXTERNAL_ID, Author, Message

_LABEL = re.compile(r"[a-z][a-z0-9_]{0,39}")


def verify(request: HookRequest, access: Access) -> None:
    """Raises BadSignature unless one of the hook's secrets signed these bytes within the last five minutes."""
    try:
        signing.verify(access.secrets, request.headers, request.body, request.now)
    except signing.WrongSignature as error:
        raise BadSignature(str(error)) from None


def parse(request: HookRequest, access: Access) -> Received:
    """What the event brings. Raises Unreadable, naming the field; fields that nobody knows are passed over."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Unreadable("content-type", "must be application/json", status=415)
    event = _object(_json(request.body), "body")
    kind = _text(event, "type", "")
    data = _object(event.get("data"), "data")
    if kind == "post.created":
        return _post_created(data)
    if kind == "ticket.created":
        return Received(targets=(Target(TargetKind.TICKET, _id(data, "ticket_id")),))
    if kind == "ticket.deleted":
        return Received(forgotten=(Forgotten(_id(data, "ticket_id"), None),))
    if kind == "label.changed":
        return Received(label_changes=(_label_change(data),))
    return Received(ignored=1)


def message_of(post: Mapping[str, object], ticket_id: str, where: str = "data.") -> Message | None:
    """The message in one post, as webhooks and API say it; None for an internal note. Raises Unreadable."""
    if _choice(post, "visibility", ("public", "internal"), where) == "internal":
        return None
    author = Author(_choice(post, "author", tuple(Author), where))
    return Message(
        ticket_id=ticket_id,
        message_id=_id(post, "post_id", where),
        author=author,
        author_id=_id(post, "author_id", where),
        text=_text(post, "text", where) if author is Author.CUSTOMER else None,
        written_at=_instant(post, "created_at", where),
    )


def _post_created(data: Mapping[str, object]) -> Received:
    message = message_of(data, _id(data, "ticket_id"))
    return Received(ignored=1) if message is None else Received(messages=(message,))


def _label_change(data: Mapping[str, object]) -> LabelChange:
    label = _text(data, "label")
    if not _LABEL.fullmatch(label):
        raise Unreadable("data.label", "must be a label's name")
    return LabelChange(
        ticket_id=_id(data, "ticket_id"),
        label=label,
        by=_id(data, "by"),
        at=_instant(data, "changed_at"),
    )


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    # Deep nesting ends in RecursionError, a number of thousands of digits in ValueError.
    except (ValueError, RecursionError):
        raise Unreadable("body", "must be JSON") from None


def _object(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Unreadable(name, "must be an object")
    return value


def _text(values: Mapping[str, object], name: str, where: str = "data.") -> str:
    value = values.get(name)
    if not isinstance(value, str):
        raise Unreadable(where + name, "must be text")
    # JSON can carry halves of a surrogate pair, which no database takes.
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise Unreadable(where + name, "must be valid Unicode")
    return value


def _id(values: Mapping[str, object], name: str, where: str = "data.") -> str:
    value = _text(values, name, where)
    if not EXTERNAL_ID.fullmatch(value):
        raise Unreadable(where + name, "must be an id of 1 to 200 letters, digits or . _ : @ + = ~ -")
    return value


def _choice(values: Mapping[str, object], name: str, choices: tuple[str, ...], where: str) -> str:
    value = _text(values, name, where)
    if value not in choices:
        raise Unreadable(where + name, f"must be one of {', '.join(choices)}")
    return value


def _instant(values: Mapping[str, object], name: str, where: str = "data.") -> float:
    try:
        moment = datetime.fromisoformat(_text(values, name, where))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 1970 <= moment.year < 9999:
        raise Unreadable(where + name, "must be a time with its zone, such as 2026-11-22T10:00:00Z")
    return moment.timestamp()
