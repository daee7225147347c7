"""What the `api` connector's webhooks are: signed by Standard Webhooks, one message or a list of up to 500."""

import json
from datetime import UTC, datetime

from bridge.connector import Access, BadSignature, HookRequest, Received, TicketFacts, Unreadable
from bridge.model import EXTERNAL_ID, Author, Message
from bridge.signing import WrongSignature
from bridge.signing import verify as verify_signature
from bridge.text.html import to_text

MOST_ITEMS = 500
MOST_TAGS = 50


def verify(request: HookRequest, access: Access) -> None:
    """Raises BadSignature unless one of the connection's secrets signed these bytes within five minutes."""
    try:
        verify_signature(access.secrets, request.headers, request.body, request.now)
    except WrongSignature as error:
        raise BadSignature(str(error)) from error


def parse(request: HookRequest, _access: Access) -> Received:
    """The messages of a `message.created` event; other types are ignored. One bad item refuses all."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise Unreadable("content-type", "send application/json", status=415)
    try:
        event = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("body", "this is not JSON in UTF-8") from error
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise Unreadable("type", "send an object with type, timestamp and data")
    if event["type"] != "message.created":
        return Received(ignored=1)
    data = event.get("data")
    if isinstance(data, list):
        if not 1 <= len(data) <= MOST_ITEMS:
            raise Unreadable("data", f"send 1 to {MOST_ITEMS} messages at once")
        places = [(item, f"data[{index}].") for index, item in enumerate(data)]
    else:
        places = [(data, "data.")]
    messages = tuple(_message(item, where) for item, where in places)
    facts = (_facts(item, message, where) for (item, where), message in zip(places, messages, strict=True))
    return Received(messages, facts=tuple(one for one in facts if one is not None))


def _message(item: object, where: str) -> Message:
    if not isinstance(item, dict):
        raise Unreadable(where.rstrip("."), "a message is an object")
    author = _author(item, where)
    for name in ("channel", "subject"):
        _optional_text(item, name, where)
    return Message(
        ticket_id=_id(item, "ticket_id", where),
        message_id=_id(item, "message_id", where),
        author=author,
        author_id=_author_id(item, where),
        text=_text(item, where) if author is Author.CUSTOMER else None,
        written_at=_time(item, where),
    )


def _facts(item: object, message: Message, where: str) -> TicketFacts | None:
    """What the message says of its ticket, if anything."""
    if not isinstance(item, dict) or not {"tags", "priority", "group"} & set(item):
        return None
    tags = item.get("tags")
    if tags is not None and not (
        isinstance(tags, list) and len(tags) <= MOST_TAGS and all(isinstance(tag, str) for tag in tags)
    ):
        raise Unreadable(f"{where}tags", f"give a list of up to {MOST_TAGS} texts")
    named = {name: _optional_text(item, name, where) for name in ("priority", "group")}
    for name, value in (*named.items(), *(("tags", tag) for tag in tags or ())):
        if value is not None and not (1 <= len(value) <= 100 and value.isprintable()):
            raise Unreadable(f"{where}{name}", "give 1 to 100 printable characters")
    stamp = f"{message.written_at:017.3f}"
    return TicketFacts(
        message.ticket_id, None if tags is None else tuple(tags), named["priority"], named["group"], stamp
    )


def _id(item: dict[str, object], name: str, where: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not EXTERNAL_ID.fullmatch(value):
        raise Unreadable(f"{where}{name}", "give 1 to 200 characters of A-Z a-z 0-9 . _ : @ + = ~ -")
    return value


def _author_id(item: dict[str, object], where: str) -> str | None:
    value = _optional_text(item, "author_id", where)
    if value is not None and not (1 <= len(value) <= 200 and value.isprintable()):
        raise Unreadable(f"{where}author_id", "give 1 to 200 printable characters")
    return value


def _author(item: dict[str, object], where: str) -> Author:
    try:
        return Author(_optional_text(item, "author", where) or "")
    except ValueError:
        raise Unreadable(f"{where}author", "say customer or staff") from None


def _optional_text(item: dict[str, object], name: str, where: str) -> str | None:
    value = item.get(name)
    if value is not None and not isinstance(value, str):
        raise Unreadable(f"{where}{name}", "give text")
    return value


def _text(item: dict[str, object], where: str) -> str:
    text = _optional_text(item, "text", where)
    html = _optional_text(item, "html", where)
    if text is None and html is None:
        raise Unreadable(f"{where}text", "give text or html")
    if text is not None:
        return _whole(text, f"{where}text")
    return to_text(_whole(html or "", f"{where}html"))


def _whole(value: str, field: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unreadable(field, "there is half a character (a lone surrogate) in it") from None
    return value


def _time(item: dict[str, object], where: str) -> float:
    value = _optional_text(item, "created_at", where)
    if value is None:
        raise Unreadable(f"{where}created_at", "give the time of writing, such as 2026-11-22T10:00:00Z")
    try:
        at = datetime.fromisoformat(value)
        stamp = (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise Unreadable(f"{where}created_at", "give a time such as 2026-11-22T10:00:00Z") from None
    if not 0 <= stamp <= 32_503_680_000:
        raise Unreadable(f"{where}created_at", "give a time between 1970 and 3000")
    return stamp
