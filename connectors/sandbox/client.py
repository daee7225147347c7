"""Reads tickets from the desk and writes labels into it, by its HTTP API.

Listing: the poll's read request `CHANGES` turns into one that names where it begins, so that a request
that is tried again after a crash begins there too; each page names the next. The cursor that the next
poll starts from is kept two minutes behind the desk's own clock; what is read twice, the engine knows.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPMethod
from urllib.parse import quote, urlencode

from bridge.connector import (
    CHANGES,
    Access,
    Backlog,
    Gone,
    HelpdeskDown,
    Listed,
    RateLimited,
    Received,
    Refused,
    Shown,
    Target,
    TargetKind,
    TicketFacts,
    TicketWrite,
    Unreadable,
    WriteResult,
    WriteStatus,
)
from bridge.http import AddressRefused, HttpError, Reply
from bridge.model import Message, Score, Sentiment, Trend
from connectors.sandbox.webhook import message_of

CURSOR = "changed_since"
"""The key of the connection's state under which the next poll's beginning is kept."""
_OVERLAP = timedelta(minutes=2)
_PAGE = 50
_MOST_IDS = 100
_WAIT = 5.0
"""Seconds to wait when the desk asks for a pause and does not say how long."""
_STATUSES = {
    "done": WriteStatus.DONE,
    "person": WriteStatus.PERSON,
    "unknown_ticket": WriteStatus.GONE,
    "ticket_closed": WriteStatus.GONE,
}


def read(access: Access, target: Target) -> Received:
    """The messages of one ticket, or of one page of the tickets changed lately. Raises ConnectorErrors."""
    if target.kind is TargetKind.TICKET:
        ticket = _object(_answer(call(access, HTTPMethod.GET, f"/tickets/{quote(target.name, safe='')}")))
        return Received(messages=_messages(ticket), facts=(_facts(access, ticket),))
    if target.kind is TargetKind.BACKLOG:
        return _read_backlog(access, target.name)
    if target != CHANGES:
        return _read_page(access, target.name)
    since = access.state.get(CURSOR) or _said(datetime.fromtimestamp(time.time(), UTC) - _OVERLAP)
    return Received(targets=(Target(TargetKind.LISTING, f"since={since}"),))


def write(access: Access, writes: Sequence[TicketWrite]) -> Sequence[WriteResult]:
    """Writes label, score and trend of up to 100 tickets; one result each, in order. Raises ConnectorErrors."""
    if len(writes) == 1:
        return (_write_one(access, writes[0]),)
    items = [{"ticket_id": wanted.ticket_id, **_wanted(access, wanted)} for wanted in writes]
    reply = call(access, HTTPMethod.PUT, "/tickets/sentiment", {"items": items})
    results = _objects(_object(_answer(reply)), "items")
    if [result.get("ticket_id") for result in results] != [wanted.ticket_id for wanted in writes]:
        raise HelpdeskDown("the desk's answer names other tickets than were written; it is read back")
    return tuple(_result(str(result["ticket_id"]), result.get("status"), result) for result in results)


def clear(access: Access, shown: Sequence[Shown]) -> Sequence[WriteResult]:
    """Takes label, score and trend away from tickets that show what we wrote. Raises ConnectorErrors."""
    return tuple(_clear(access, one) for one in shown)


def _clear(access: Access, shown: Shown) -> WriteResult:
    expected = shown.sentiment.label if shown.sentiment else ""
    path = f"/tickets/{quote(shown.ticket_id, safe='')}/sentiment?{urlencode({'expected': expected})}"
    reply = call(access, HTTPMethod.DELETE, path)
    if reply.status in (404, 409, 422):
        error = _error(reply)
        return _result(shown.ticket_id, error.get("code"), error)
    checked(reply)
    return WriteResult(shown.ticket_id, WriteStatus.DONE)


def look(access: Access, ticket_ids: Sequence[str]) -> Sequence[Shown]:
    """What these tickets show now, without those that are gone. Raises ConnectorErrors."""
    shown: list[Shown] = []
    for start in range(0, len(ticket_ids), _MOST_IDS):
        ids = ",".join(ticket_ids[start : start + _MOST_IDS])
        answer = _answer(call(access, HTTPMethod.GET, f"/tickets?{urlencode({'ids': ids})}"))
        shown.extend(_shown(ticket) for ticket in _objects(_object(answer), "items"))
    return shown


def call(access: Access, method: HTTPMethod, path: str, body: object = None) -> Reply:
    """One call of the desk's API. Raises HelpdeskDown when it gives no answer, Refused when it may not be asked."""
    try:
        return access.http.request(
            method,
            access.options["url"].rstrip("/") + "/api" + path,
            headers={"authorization": f"Bearer {access.options['token']}"},
            json=body,
        )
    except AddressRefused as error:
        raise Refused(str(error)) from None
    except HttpError as error:
        raise HelpdeskDown(f"the desk gives no answer: {error}") from None


def checked(reply: Reply) -> Reply:
    """The reply when it is a success. Raises the ConnectorError that its status stands for."""
    retry_after = reply.headers.get("retry-after", "")
    if reply.status == 429 or (reply.status == 503 and retry_after):
        raise RateLimited(float(retry_after) if retry_after.isdecimal() else _WAIT)
    if reply.status >= 500:
        raise HelpdeskDown(f"the desk answers {reply.status}")
    if reply.status in (401, 403):
        raise Refused("the desk refuses the token: connect again with the one it was started with")
    if reply.status == 404:
        raise Gone("the ticket is not on the desk")
    if not 200 <= reply.status < 300:
        raise Refused(f"the desk refuses the call ({reply.status}: {_error(reply).get('message')})")
    return reply


def _read_page(access: Access, name: str) -> Received:
    since, _, cursor = name.removeprefix("since=").partition("=")
    query = {"include": "posts", "limit": str(_PAGE), "updated_since": since} | ({"cursor": cursor} if cursor else {})
    page = _object(_answer(call(access, HTTPMethod.GET, f"/tickets?{urlencode(query)}")))
    tickets = _objects(page, "items")
    messages = tuple(message for ticket in tickets for message in _messages(ticket))
    facts = tuple(_facts(access, ticket) for ticket in tickets)
    following = page.get("next_cursor")
    if isinstance(following, str):
        return Received(messages, (Target(TargetKind.LISTING, f"since={since}={following}"),), facts=facts)
    _move_cursor(access, _said(_moment(page, "now") - _OVERLAP))
    return Received(messages, facts=facts)


def _read_backlog(access: Access, before: str) -> Received:
    query = {"limit": str(_MOST_IDS)} | ({"before": before} if before else {})
    page = _object(_answer(call(access, HTTPMethod.GET, f"/backlog?{urlencode(query)}")))
    tickets = _objects(page, "items")
    listed = tuple(Listed(str(ticket.get("ticket_id")), _messages(ticket)) for ticket in tickets)
    more = page.get("remaining")
    remaining = more if isinstance(more, int) else 0
    following = listed[-1].ticket_id if listed and remaining else None
    return Received(backlog=Backlog(listed, following, remaining))


def _move_cursor(access: Access, until: str) -> None:
    stands = access.state.get(CURSOR)
    if stands is None or stands < until:
        # When another read was faster, its cursor is as good.
        access.state.set(CURSOR, until, stands)


def _write_one(access: Access, wanted: TicketWrite) -> WriteResult:
    path = f"/tickets/{quote(wanted.ticket_id, safe='')}/sentiment"
    reply = call(access, HTTPMethod.PUT, path, _wanted(access, wanted))
    if reply.status in (404, 409, 422):
        error = _error(reply)
        return _result(wanted.ticket_id, error.get("code"), error)
    checked(reply)
    return WriteResult(wanted.ticket_id, WriteStatus.DONE)


def _wanted(access: Access, wanted: TicketWrite) -> dict[str, object]:
    after = wanted.after
    return {
        "label": after.label,
        "score": None if after.score is None else after.score / 100,
        "trend": after.trend.value,
        "prefix": access.prefix,
        "expected": wanted.before.label if wanted.before else None,
    }


def _result(ticket_id: str, code: object, answer: Mapping[str, object]) -> WriteResult:
    status = _STATUSES.get(str(code), WriteStatus.FAILED)
    if status is WriteStatus.PERSON:
        return WriteResult(
            ticket_id, status, label=str(answer.get("label")), label_at=_moment(answer, "set_at").timestamp()
        )
    reason = str(answer.get("message") or f"the desk answers {code}") if status is WriteStatus.FAILED else None
    return WriteResult(ticket_id, status, reason=reason)


def _shown(ticket: Mapping[str, object]) -> Shown:
    ticket_id = str(ticket.get("ticket_id"))
    if ticket.get("sentiment") is None:
        return Shown(ticket_id, None)
    mood = _object(ticket["sentiment"])
    score = mood.get("score")
    hundredths = Score(round(score * 100)) if isinstance(score, int | float) else None
    # A ticket that only a person has labelled has no trend yet, which reads as stable.
    said = mood.get("trend")
    trend = Trend(said) if isinstance(said, str) and said in tuple(Trend) else Trend.STABLE
    return Shown(ticket_id, Sentiment(str(mood.get("label")), hundredths, trend))


def _facts(access: Access, ticket: Mapping[str, object]) -> TicketFacts:
    """The desk has no priorities and no groups."""
    tags = ticket.get("tags")
    others = (
        [str(tag) for tag in tags if not str(tag).startswith(f"{access.prefix}_")] if isinstance(tags, list) else []
    )
    return TicketFacts(str(ticket.get("ticket_id")), tuple(others), stamp=str(ticket.get("updated_at")))


def _messages(ticket: Mapping[str, object]) -> tuple[Message, ...]:
    ticket_id = str(ticket.get("ticket_id"))
    found = (message_of(post, ticket_id, where="posts.") for post in _objects(ticket, "posts"))
    return tuple(message for message in found if message is not None)


def _answer(reply: Reply) -> object:
    try:
        return checked(reply).json()
    except HttpError as error:
        raise HelpdeskDown(f"the desk's answer cannot be read: {error}") from None


def _error(reply: Reply) -> Mapping[str, object]:
    """The desk's `error` object; empty when the answer is not the desk's."""
    try:
        body = reply.json()
    except HttpError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Unreadable("answer", "is not what the desk should send: is the address the desk's?")
    return value


def _objects(value: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    items = value.get(name)
    if not isinstance(items, list):
        raise Unreadable(name, "is missing in the desk's answer: is the address the desk's?")
    return [_object(item) for item in items]


def _moment(answer: Mapping[str, object], name: str) -> datetime:
    try:
        return datetime.fromisoformat(str(answer.get(name)))
    except ValueError:
        raise Unreadable(name, "is missing in the desk's answer: is the address the desk's?") from None


def _said(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
