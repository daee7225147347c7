"""The signed webhook (Standard Webhooks 1.0.0)."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from bridge import signing
from bridge.channels.fact import Fact
from bridge.channels.outcome import Request

LARGEST = 20_000
"""Bytes. Receivers may count on less ("Payload size")."""


def request(url: str, secrets: Sequence[str], fact: Fact, now: float) -> Request:
    """The call, signed now with each of the secrets that are good (two for a day after one was renewed)."""
    body = body_of(fact)
    stamp = int(now)
    headers = signing.headers(secrets[0], fact.webhook_id, stamp, body)
    headers["webhook-signature"] = " ".join(signing.sign(one, fact.webhook_id, stamp, body) for one in secrets)
    return Request(url, body, {**headers, "content-type": "application/json"})


def body_of(fact: Fact) -> bytes:
    """`{"type","timestamp","data"}`: the same bytes at every try. What would be too large keeps only what names it."""
    names: dict[str, object] = {"workspace": fact.workspace}
    if fact.connection is not None:
        names["connection"] = fact.connection
    if fact.ticket_id is not None:
        names |= {"ticket_id": fact.ticket_id, "message_id": fact.message_id}
    names["origin"] = str(fact.origin)
    data = {**names, **fact.data}
    if fact.type.of_ticket:
        data["indicators"] = list(fact.indicators)
    body = _body(fact, data)
    return body if len(body) < LARGEST else _body(fact, {**names, "truncated": True})


def _body(fact: Fact, data: dict[str, object]) -> bytes:
    at = datetime.fromtimestamp(fact.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    whole = {"type": str(fact.type), "timestamp": at, "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
