"""POST /hooks/<hook>: what helpdesks send. Plain WSGI, in front of Flask: this path is the busy one.

The hook's path is a secret: whoever has it may try signatures. It is never logged but for its end.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from bridge.connector import BadSignature, ConnectorError, Unreadable
from bridge.errors import BridgeError
from bridge.receive import Receiver, TooLarge, UnknownHook
from bridge.store.inbox import Receipt
from bridge.web import headers as header
from bridge.web.failures import Failures
from bridge.web.problem import CONTENT_TYPE, problem

log = logging.getLogger("moodbridge.web")

PATH = "/hooks/"
RETRY_AFTER = "20"
"""Seconds. Standard Webhooks senders and helpdesks alike try again after this."""
MAY_SLOW_DOWN_FOR = "30"

_HEADERS = [*header.ALWAYS, header.NOT_STORED]
_STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Answer(NamedTuple):
    """An answer's status, its JSON, and headers of its own."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Hooks:
    """Answers the hooks' paths and hands everything else on to `application`."""

    def __init__(
        self,
        receiver: Receiver,
        application: WSGIApplication,
        answered: Callable[[int, float], None] = lambda _status, _seconds: None,
    ) -> None:
        """`answered` is told the status of each answer, and how many seconds it took."""
        self._receiver = receiver
        self._application = application
        self._answered = answered
        self._failures = Failures()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        if not path.startswith(PATH):
            return self._application(environ, start_response)
        began = time.perf_counter()
        answer = self._answer(path[len(PATH) :], environ)
        self._answered(answer.status, time.perf_counter() - began)
        content_type = "application/json" if answer.status < 400 else CONTENT_TYPE
        length = ("Content-Length", str(len(answer.body)))
        start_response(_STATUS[answer.status], [("Content-Type", content_type), length, *_HEADERS, *answer.headers])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def _answer(self, hook: str, environ: WSGIEnvironment) -> Answer:
        method = environ["REQUEST_METHOD"]
        if method in ("GET", "HEAD"):  # helpdesks look whether the address answers
            return Answer(200, b'{"hook":"events are taken by POST"}')
        if method != "POST":
            return Answer(405, problem(405, "Send events by POST"), (("Allow", "GET, HEAD, POST"),))
        try:
            receipt = self._receiver.receive(hook, self._body(hook, environ), _headers(environ))
        except (ConnectorError, UnknownHook, TooLarge) as error:
            return self._refused(hook, error)
        except BridgeError as error:  # the database, or a secret key that does not fit: it may work again later
            log.error("a hook cannot store what comes", extra={"hook": _end(hook)}, exc_info=error)
            return Answer(503, problem(503, "It cannot be stored now; send it again"), (("Retry-After", RETRY_AFTER),))
        except Exception as error:  # the edge of the request: the sender tries again, the log says why
            log.error("a hook failed", extra={"hook": _end(hook)}, exc_info=error)
            return Answer(500, problem(500, "This is our fault; send it again later"))
        return Answer(202, _receipt(receipt))

    def _body(self, hook: str, environ: WSGIEnvironment) -> bytes:
        """The whole body. One that is too large is not read; of one with no announced length, just too much is."""
        limit = self._receiver.limit(hook)
        announced = environ.get("CONTENT_LENGTH") or ""
        if not announced:
            return _read(environ, limit + 1)
        length = int(announced) if announced.isascii() and announced.isdigit() else 0
        if length > limit:
            raise TooLarge(f"more than {limit} bytes")
        return _read(environ, length)

    def _refused(self, hook: str, error: BridgeError) -> Answer:
        field = None
        if isinstance(error, UnknownHook):
            return Answer(404, problem(404, "There is no such hook"))
        if isinstance(error, TooLarge):
            status, detail = 413, f"This hook takes no body of {error}"
        elif isinstance(error, BadSignature):
            status, detail = 401, str(error)
            if not self._failures.allowed(hook):
                slow_down = ("Retry-After", MAY_SLOW_DOWN_FOR)
                return Answer(429, problem(429, "Too many requests that do not verify; send fewer"), (slow_down,))
        elif isinstance(error, Unreadable):
            status, detail, field = error.status, str(error), error.field
        else:
            status, detail = 422, str(error)
        log.warning("a hook refused a request", extra={"hook": _end(hook), "status": status, "field": field})
        return Answer(status, problem(status, detail, field))


def _read(environ: WSGIEnvironment, most: int) -> bytes:
    stream = environ["wsgi.input"]
    body: bytes = stream.read(most)
    while len(body) < most and (more := stream.read(most - len(body))):  # a server may give less at a time
        body += more
    return body


def _headers(environ: WSGIEnvironment) -> Mapping[str, str]:
    found = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    found["content-type"] = environ.get("CONTENT_TYPE") or ""
    return found


def _receipt(receipt: Receipt) -> bytes:
    return json.dumps(
        {"accepted": receipt.accepted, "duplicates": receipt.duplicates, "ignored": receipt.ignored}
    ).encode()


def _end(hook: str) -> str:
    return "****" + hook[-4:] if len(hook) > 8 else "****"
