"""Answers in JSON, and errors as problem details."""

import json
import logging
from collections.abc import Callable, Mapping

from flask import Flask, Response, has_request_context, render_template, request
from werkzeug.exceptions import HTTPException

from bridge.address import AddressRefused, HttpError
from bridge.connector import ConnectorError
from bridge.errors import Invalid, NotFound
from bridge.once import AtWork
from bridge.store.database import DatabaseDown
from bridge.web import headers
from bridge.web.problem import CONTENT_TYPE, problem

log = logging.getLogger("moodbridge.web")

NOTHING_HERE = "There is no such thing here"
"""Of everything that is not found, so that a stranger cannot tell what exists."""

_WORDS = {
    400: "The request is malformed",
    401: "Send a token that works: Authorization: Bearer mb_...",
    403: "This token's role may not do that",
    404: NOTHING_HERE,
    405: "This address does not take that method",
    413: "The body is too large",
    415: "Send application/json",
}


_PAGE_WORDS = {
    400: "This form is no longer good. Go back, load the page anew and send it again",
    403: "Your role may not do that. An owner of the workspace can change it",
}
_PAGES = ("entrance", "connecting", "settings", "looking")


def _looks_at_pages() -> bool:
    return has_request_context() and (
        request.blueprint in _PAGES or (request.blueprint is None and "text/html" in request.headers.get("Accept", ""))
    )


class Unauthorized(Exception):
    """No token, or one that does not work."""


class Forbidden(Exception):
    """The token's role is too low."""


class UnsupportedType(Exception):
    """The body is not of a type that is taken here."""


def json_answer(value: object, status: int = 200) -> Response:
    """`value` as JSON."""
    return Response(json.dumps(value, ensure_ascii=False), status, content_type="application/json")


def problem_answer(
    status: int, detail: str | None = None, field: str | None = None, more: Mapping[str, str] | None = None
) -> Response:
    """Problem details, or a page for who visits our pages; `more` are headers."""
    if _looks_at_pages():
        title = {404: "Nothing here", 403: "Not with your role"}.get(status, "That did not work")
        words = _PAGE_WORDS.get(status) or detail or _WORDS.get(status, "It did not work")
        html = render_template("problem.html", title=title, detail=words)
        return Response(html, status, dict(more or {}), content_type="text/html; charset=utf-8")
    body = problem(status, detail or _WORDS.get(status, "It did not work"), field)
    return Response(body, status, dict(more or {}), content_type=CONTENT_TYPE)


def answer_errors(app: Flask) -> None:
    """Makes every error of the application a problem, without a word about our inside."""

    @app.errorhandler(Exception)
    def answer(error: Exception) -> Response:
        if isinstance(error, HTTPException):
            kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
            return problem_answer(error.code or 500, more=kept)
        if isinstance(error, Unauthorized):
            return problem_answer(401, more={"WWW-Authenticate": 'Bearer realm="moodbridge"'})
        if isinstance(error, Forbidden):
            return problem_answer(403)
        if isinstance(error, UnsupportedType):
            return problem_answer(415)
        if isinstance(error, NotFound):
            return problem_answer(404)
        if isinstance(error, Invalid):
            return problem_answer(422, str(error), error.field)
        if isinstance(error, AtWork):
            return problem_answer(409, str(error), more={"Retry-After": "1"})
        if isinstance(error, AddressRefused) or (isinstance(error, ConnectorError) and error.permanent):
            return problem_answer(422, str(error))
        if isinstance(error, HttpError | ConnectorError):
            return problem_answer(502, str(error))
        if isinstance(error, DatabaseDown):
            log.error("the database does not answer", exc_info=error)
            return problem_answer(503, "The database does not answer now; try again", more={"Retry-After": "5"})
        log.error("a request failed", extra={"endpoint": request.endpoint}, exc_info=error)
        return problem_answer(500, "This is our fault; the log says more")


def add_headers(https: bool) -> Callable[[Response], Response]:
    """Adds to an answer the headers that every one carries."""
    always = [*headers.ALWAYS, *([headers.ONLY_HTTPS] if https else [])]

    def add(response: Response) -> Response:
        response.headers.extend(always)
        if request.endpoint != "static":
            response.headers[headers.NOT_STORED[0]] = headers.NOT_STORED[1]
        return response

    return add
