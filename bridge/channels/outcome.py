"""One HTTP call to a receiver, and what its answer means."""

import email.utils
import math
import time
from dataclasses import dataclass, field

from bridge.http import Http, HttpError, Reply

READ_TIMEOUT = 20.0
DEADLINE = 25.0
"""Seconds for one call; Standard Webhooks 1.0.0 ("Request timeouts") recommends 15 to 30."""

LARGEST_ANSWER = 1_000_000

KEPT = 500
"""Characters of the answer that are kept."""


@dataclass(frozen=True, slots=True)
class Request:
    """A POST. Its URL, headers and body may hold secrets and a customer's words."""

    url: str = field(repr=False)
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try."""

    taken: bool
    error: str | None = None
    """Why not, in words that name no secret."""
    status: int | None = None
    answer: str = field(default="", repr=False)
    """Its first characters. It may repeat what was sent."""
    retry_after: float | None = None
    """Seconds that the receiver asks to wait."""
    gone: bool = False
    """It wants nothing more, ever."""
    final: bool = False
    """The same call will fail again: it is not tried again."""
    dropped: bool = False
    """Nobody was called, and nobody is to be: no failure."""


def post(http: Http, request: Request) -> Outcome:
    """Sends once; a redirect is not followed, since the address may have been judged for another reader."""
    try:
        reply = http.request(
            "POST",
            request.url,
            data=request.body,
            headers=request.headers,
            read_timeout=READ_TIMEOUT,
            deadline=DEADLINE,
            max_bytes=LARGEST_ANSWER,
        )
    except HttpError as error:
        return Outcome(False, str(error))
    return judged(reply)


def judged(reply: Reply) -> Outcome:
    """What an answer means (Standard Webhooks 1.0.0, "Delivery success and failure"): 2xx is taken, nothing else."""
    status = reply.status
    answer = reply.body[: 4 * KEPT].decode("utf-8", "replace")[:KEPT]
    if 200 <= status < 300:
        return Outcome(True, None, status, answer)
    if status == 410:
        return Outcome(False, "it answers 410 Gone: it wants no more of this", status, answer, gone=True)
    if 300 <= status < 400:
        error = f"it answers {status}: redirects are not followed, give the final address"
        return Outcome(False, error, status, answer)
    return Outcome(False, f"it answers {status}", status, answer, retry_after(reply.headers.get("retry-after")))


def retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header, a number or a date (RFC 9110, 2022, section 10.2.3); None when it is neither."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
