"""One call to a provider: one customer text in, a verdict and its cost out, or one `CallFailed`.

Nothing is repeated here: what follows a failure is data in `outcomes`, and the scoring drain acts on it.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.http import AddressRefused, Http, HttpError, Reply, TimedOut, TooLarge, Unreachable
from bridge.model import ScorerName, Verdict
from bridge.scoring.providers import anthropic_messages, openai_chat, prompt
from bridge.scoring.providers.completion import Completion, Ending, Usage
from bridge.scoring.providers.failures import (
    decoded,
    outcome_in_answer,
    outcome_of,
    requests_per_minute,
    retry_after,
    words_of,
)
from bridge.scoring.providers.outcomes import CallFailed, Outcome
from bridge.scoring.providers.prices import cost
from bridge.scoring.providers.profiles import Codec
from bridge.scoring.providers.reply import BadReply, judgement
from bridge.scoring.providers.route import Route

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 20.0
DEADLINE = 30.0
"""Seconds on the clock for the whole call: DeepSeek sends blank lines while it is busy, so no read times out."""
LARGEST_REPLY = 64 * 1024
SAMPLE = "Thank you, this works perfectly!"

_CODECS = {Codec.OPENAI_CHAT: openai_chat, Codec.ANTHROPIC_MESSAGES: anthropic_messages}
_NO_REPLY: Mapping[type[HttpError], Outcome] = {
    AddressRefused: Outcome.BAD_ADDRESS,
    TimedOut: Outcome.TIMED_OUT,
    Unreachable: Outcome.UNREACHABLE,
    TooLarge: Outcome.BAD_REPLY,
}
_ENDINGS = {
    Ending.REFUSED: Outcome.REFUSED,
    Ending.TOO_LONG: Outcome.TOO_LONG,
    Ending.CUT: Outcome.BAD_REPLY,
    Ending.NONE: Outcome.BAD_REPLY,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A score, and what it took."""

    verdict: Verdict
    usage: Usage | None
    cost: int | None
    """Micro-dollars; None when the provider did not count tokens or the model's price is not in the table."""
    seconds: float
    requests_per_minute: int | None
    """The account's limit, where the provider tells it."""


def ask(http: Http, route: Route, text: str) -> Answer:
    """What the route's model says of one customer text.

    The verdict's caveats are those that only the model can tell (`sarcasm`). Raises CallFailed.
    """
    return _ask(http, route, text)


def try_out(http: Http, route: Route) -> Answer:
    """One real call about a sentence of ours, for `provider test`.

    Raises CallFailed, whose `said` holds the provider's own words; no other call keeps them.
    """
    return _ask(http, route, SAMPLE, keep_words=True)


def _ask(http: Http, route: Route, text: str, keep_words: bool = False) -> Answer:
    started = time.monotonic()
    try:
        reply = _post(http, route, text)
    except HttpError as failure:
        outcome = _NO_REPLY.get(type(failure), Outcome.BAD_REQUEST)
        raise _failed(route, outcome, started) from None
    if not 200 <= reply.status < 300:
        failed = _failed(route, outcome_of(reply.status, reply.body), started, reply)
        if keep_words:
            failed.said = words_of(reply.body, route.key)
        raise failed
    return _answer(route, text, reply, started)


def _post(http: Http, route: Route, text: str) -> Reply:
    codec = _CODECS[route.profile.codec]
    body = json.dumps(codec.body(route.profile, route.model, text), ensure_ascii=False, separators=(",", ":"))
    headers = {**route.profile.headers, "content-type": "application/json", "accept": "application/json"}
    if route.key is not None:
        headers[route.profile.auth_header] = route.profile.auth_prefix + route.key.reveal()
    return http.request(
        "POST",
        route.url,
        headers=headers,
        data=body.encode("utf-8", "replace"),  # half a surrogate pair, which is no letter, becomes "?"
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        deadline=DEADLINE,
        max_bytes=LARGEST_REPLY,
    )


def _answer(route: Route, text: str, reply: Reply, started: float) -> Answer:
    payload = decoded(reply.body)
    completion = _CODECS[route.profile.codec].completion(payload)
    outcome = outcome_in_answer(payload) or _ENDINGS.get(completion.ending)
    if outcome is not None:
        raise _failed(route, outcome, started, reply, completion)
    try:
        judged = judgement(completion.text, text)
    except BadReply:
        raise _failed(route, Outcome.BAD_REPLY, started, reply, completion) from None
    verdict = Verdict(
        score=judged.score,
        confidence=judged.confidence,
        indicators=judged.indicators,
        caveats=("sarcasm",) if judged.sarcasm else (),
        scorer=ScorerName(route.profile.name, route.model, prompt.VERSION),
    )
    return Answer(
        verdict=verdict,
        usage=completion.usage,
        cost=cost(route.profile, route.model, completion.usage, time.time()),
        seconds=time.monotonic() - started,
        requests_per_minute=requests_per_minute(reply.headers, route.profile.limit_header),
    )


def _failed(
    route: Route, outcome: Outcome, started: float, reply: Reply | None = None, completion: Completion | None = None
) -> CallFailed:
    usage = completion.usage if completion else None
    return CallFailed(
        outcome,
        route.profile.title,
        status=reply.status if reply else None,
        retry_after=retry_after(reply.headers, time.time()) if reply else None,
        requests_per_minute=requests_per_minute(reply.headers, route.profile.limit_header) if reply else None,
        usage=usage,
        cost=cost(route.profile, route.model, usage, time.time()),
        seconds=time.monotonic() - started,
    )
