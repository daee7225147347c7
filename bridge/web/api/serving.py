"""Answers one call of an endpoint: who may, how often, what is asked, done once, shown by its type."""

from collections.abc import Iterator
from typing import Any

from flask import Response, g, request

from bridge import once
from bridge.errors import Invalid, NotFound
from bridge.runtime import Runtime
from bridge.tokens import Holder
from bridge.web import bearer
from bridge.web.answers import NOTHING_HERE, Forbidden, json_answer, problem_answer
from bridge.web.api import noting, reading
from bridge.web.api.endpoint import CSV, Call, Endpoint
from bridge.web.api.rate_limit import RateLimit
from bridge.web.api.showing import show
from bridge.web.api.types import Nothing

REPLAYED = "Idempotent-Replayed"
LONGEST_KEY = 255


def sign_in(runtime: Runtime, limit: RateLimit, endpoints: dict[str, Endpoint]) -> Response | None:
    """Signs the caller in, for this workspace alone; an answer when there were too many calls.

    Raises Unauthorized, and NotFound for a stranger, before anything else is looked at.
    """
    holder = bearer.holder(runtime)
    if (request.view_args or {}).get("slug") != holder.slug:
        raise NotFound(NOTHING_HERE)
    g.holder = holder
    called = endpoints.get(request.method + " " + (request.url_rule.rule if request.url_rule else ""))
    left = limit.count(holder.token_id, called.cost if called else 1)
    g.rate_limit = left.headers
    return None if left.allowed else problem_answer(429, "Too many calls; wait as Retry-After says")


def add_rate_limit(response: Response) -> Response:
    """The headers that tell how many calls are left."""
    response.headers.update(g.get("rate_limit", {}))
    return response


def answer(runtime: Runtime, endpoint: Endpoint, slug: str, path: dict[str, str]) -> Response:
    """Does what is asked. Raises Forbidden, Invalid, and what the handler raises."""
    holder: Holder = g.holder
    if not holder.role.reaches(endpoint.role):
        raise Forbidden
    wanted: dict[str, Any] = {"query": reading.query(endpoint.query or Nothing)}
    if endpoint.query is None:
        del wanted["query"]
    given: frozenset[str] = frozenset()
    if endpoint.body is not None:
        given, wanted["body"] = reading.body(endpoint.body)
    call = Call(runtime, slug, holder, given)
    key = _idempotency_key() if endpoint.method == "POST" else None
    if key is None or endpoint.at_least_once:
        return _done(endpoint, call, path, wanted)
    return _once(runtime, endpoint, call, key, path, wanted)


def _idempotency_key() -> str | None:
    key = request.headers.get(once.HEADER)
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise Invalid(once.HEADER, f"give 1 to {LONGEST_KEY} printable ASCII characters")
    return key


def _done(endpoint: Endpoint, call: Call, path: dict[str, str], wanted: dict[str, Any]) -> Response:
    value = endpoint.handle(call, **path, **wanted)
    noting.note(endpoint, call, path, wanted.get("body"))
    return _shown(endpoint, value)


def _once(
    runtime: Runtime, endpoint: Endpoint, call: Call, key: str, path: dict[str, str], wanted: dict[str, Any]
) -> Response:
    """As the first request with this key was answered; only answers that say that it was done are kept."""
    asked = "\n".join((endpoint.name, request.full_path, request.get_data().decode(errors="replace")))
    claim = once.begin(runtime, call.holder.workspace_id, key, asked)
    if isinstance(claim, once.Kept):
        replayed = Response(claim.body, claim.status, content_type=endpoint.media)
        replayed.headers[REPLAYED] = "true"
        return replayed
    try:
        done = _done(endpoint, call, path, wanted)
    except Exception:
        once.forget(runtime, claim)
        raise
    once.keep(runtime, claim, done.status_code, done.get_data(as_text=True))
    return done


def _shown(endpoint: Endpoint, value: Any) -> Response:
    if endpoint.answers is None:
        return Response(status=endpoint.status)
    if endpoint.media == CSV:
        return _file(value)
    return json_answer(show(endpoint.answers, value), endpoint.status)


def _file(lines: Iterator[str]) -> Response:
    """The lines as they come. The first is read before the answer begins, so that an error is still told as one."""
    first = next(lines, "")

    def all_lines() -> Iterator[str]:
        yield first
        yield from lines

    return Response(all_lines(), content_type=f"{CSV}; charset=utf-8")
