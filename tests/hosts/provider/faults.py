"""Every way in which a call goes wrong, by name. Those on the wire itself are done by `server`."""

import json
from collections.abc import Callable
from typing import Any

from tests.hosts.provider.answers import Response, answer, error, json_response, judged, text_in
from tests.hosts.provider.rules import Body, Dialect
from tests.hosts.provider.state import State

ON_THE_WIRE = ("hang", "blank_forever", "blank_lines", "closed", "cut_off")
"""Never an answer; blank lines and never an answer; blank lines, then the answer; hung up on; broken off."""

_PAGE = b"<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"
_HTML = {"content-type": "text/html; charset=utf-8"}


def failed(name: str, state: State, dialect: Dialect, body: Body) -> Response:
    """The answer of a call that fails in this way."""
    if name in _MODEL_WRITES:
        text = text_in(body)
        readable = name in ("extra_keys", "invented", "code_fence")
        return answer(dialect, body, _MODEL_WRITES[name](judged(state, text)), scored=text if readable else None)
    return _PROVIDER_ANSWERS[name](state, dialect, body)


def _changed(**changes: Any) -> Callable[[dict[str, Any]], str]:
    return lambda good: json.dumps({**good, **changes})


def _no_score(good: dict[str, Any]) -> str:
    return json.dumps({key: value for key, value in good.items() if key != "score"})


_MODEL_WRITES: dict[str, Callable[[dict[str, Any]], str]] = {
    "prose": lambda good: f"The customer seems fine, I would say {good['score']}.",
    "wrong_type": _changed(score="7"),
    "fraction": _changed(score=0.5),
    "out_of_range": _changed(score=11),
    "no_score": _no_score,
    "null_score": _changed(score=None),
    "extra_keys": _changed(label="urgent", reason="because"),
    "invented": _changed(indicators=["words that nobody wrote"]),
    "code_fence": lambda good: f"```json\n{json.dumps(good)}\n```",
    "empty_text": lambda good: "",
}


def _bad_key(state: State, dialect: Dialect, body: Body) -> Response:
    return error(dialect, dialect.wrong_key, "Incorrect API key provided: sk-th***4f9c.", "invalid_api_key")


def _no_money(state: State, dialect: Dialect, body: Body) -> Response:
    match dialect.name:
        case "openai":
            return error(dialect, 429, "You exceeded your current quota, please check your plan.", "insufficient_quota")
        case "anthropic":
            return error(dialect, 400, "Your credit balance is too low to access the Anthropic API.")
        case "moonshot":
            return error(dialect, 429, "Your account is suspended.", "exceeded_current_quota_error")
        case _:
            return error(dialect, 402, "Insufficient Balance", "invalid_request_error")


def _bad_model(state: State, dialect: Dialect, body: Body) -> Response:
    return error(dialect, 404, f"The model `{body.get('model')}` does not exist.", "model_not_found")


def _rate_limited(state: State, dialect: Dialect, body: Body) -> Response:
    return error(dialect, 429, "Rate limit reached.", "rate_limit_exceeded", retry_after=state.retry_after)


def _overloaded(state: State, dialect: Dialect, body: Body) -> Response:
    return error(dialect, 529 if dialect.is_anthropic else 503, "Overloaded", "server_error")


def _refused(state: State, dialect: Dialect, body: Body) -> Response:
    if dialect.name == "moonshot":
        return error(dialect, 400, "The request was rejected because it was considered high risk", "content_filter")
    return answer(dialect, body, "", "content_filter")


def _refusal_field(state: State, dialect: Dialect, body: Body) -> Response:
    value = json.loads(answer(dialect, body, "").body)
    if not dialect.is_anthropic:
        value["choices"][0]["message"] |= {"content": None, "refusal": "I cannot help with that."}
    else:
        value["stop_reason"] = "refusal"
    return json_response(200, value)


def _truncated(state: State, dialect: Dialect, body: Body) -> Response:
    return answer(dialect, body, '{"score": 7, "confid', "length")


def _empty(state: State, dialect: Dialect, body: Body) -> Response:
    value = json.loads(answer(dialect, body, "").body)
    value["content" if dialect.is_anthropic else "choices"] = []
    return json_response(200, value)


def _no_usage(state: State, dialect: Dialect, body: Body) -> Response:
    text = text_in(body)
    good = answer(dialect, body, json.dumps(judged(state, text)), scored=text)
    value = json.loads(good.body)
    del value["usage"]
    return json_response(200, value, good.scored)


_PROVIDER_ANSWERS: dict[str, Callable[[State, Dialect, Body], Response]] = {
    "bad_key": _bad_key,
    "no_money": _no_money,
    "bad_model": _bad_model,
    "rate_limited": _rate_limited,
    "overloaded": _overloaded,
    "server_error": lambda state, dialect, body: error(dialect, 500, "Internal error", "server_error"),
    "too_long": lambda state, dialect, body: error(
        dialect, 400, "This model's maximum context length is 8192 tokens.", "context_length_exceeded"
    ),
    "bad_request": lambda state, dialect, body: error(dialect, 422, "Failed to deserialize the JSON body"),
    "refused": _refused,
    "refusal_field": _refusal_field,
    "truncated": _truncated,
    "empty": _empty,
    "no_usage": _no_usage,
    "error_inside": lambda state, dialect, body: json_response(
        200, {"error": {"message": "Provider error", "code": 502}}
    ),
    "no_money_inside": lambda state, dialect, body: json_response(200, {"error": {"message": "Credits", "code": 402}}),
    "html": lambda state, dialect, body: Response(200, _PAGE, _HTML),
    "html_error": lambda state, dialect, body: Response(502, _PAGE, _HTML),
    "firewall": lambda state, dialect, body: Response(403, _PAGE, _HTML),
    "nothing": lambda state, dialect, body: Response(200, b"", {}),
    "huge": lambda state, dialect, body: Response(200, b" " * 1_000_000, {"content-type": "application/json"}),
    "redirect": lambda state, dialect, body: Response(307, b"", {"location": "http://127.0.0.1:1/elsewhere"}),
}

NAMES = (*_MODEL_WRITES, *_PROVIDER_ANSWERS, *ON_THE_WIRE)
