"""What the fake provider answers, in the words and shapes of each dialect."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.hosts.provider.rules import Body, Dialect, thinks
from tests.hosts.provider.state import State

_FENCED = re.compile(r"\A([^\n]+)\n(.*)\n\1\Z", re.DOTALL)


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    scored: str | None = None
    """The text that this answer scores readably."""


def json_response(status: int, value: object, scored: str | None = None, **headers: str) -> Response:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    body = json.dumps(value).encode()
    return Response(status, body, {"content-type": "application/json", **named}, scored)


def text_in(body: Body) -> str:
    """The customer's words: what stands between the two marker lines of the last message."""
    content: str = body["messages"][-1]["content"]
    fenced = _FENCED.match(content)
    return fenced[2] if fenced else content


def judged(state: State, text: str) -> dict[str, Any]:
    """What a good model writes about a text."""
    words = text.split()
    indicators = [" ".join(words[:2])[:80]] if words else []
    return {"score": state.score_of(text), "confidence": 17, "sarcasm": "/s" in text, "indicators": indicators}


def answer(dialect: Dialect, body: Body, content: str, ending: str = "stop", scored: str | None = None) -> Response:
    """A 200 with the model's words. A model left to reason spends its output limit on that first."""
    if thinks(dialect, body):
        content, ending, scored = "", "length", None
    if dialect.is_anthropic:
        return json_response(200, _messages_answer(body, content, ending), scored, request_id="req_1")
    return json_response(200, _chat_answer(dialect, body, content, ending), scored, x_request_id="req_1")


def tokens(text: str) -> int:
    return len(text) // 4 + 1


def _chat_answer(dialect: Dialect, body: Body, content: str, ending: str) -> dict[str, Any]:
    read = sum(tokens(message["content"]) for message in body["messages"])
    written = tokens(content)
    usage: dict[str, Any] = {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {"cached_tokens": 0},
    }
    if dialect.name == "deepseek":
        usage |= {"prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": read - 64}
        del usage["prompt_tokens_details"]
    message = {"role": "assistant", "content": content, "refusal": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": body["model"] + "-2026-09-22",
        "choices": [{"index": 0, "message": message, "finish_reason": ending, "logprobs": None}],
        "usage": usage,
    }


def _messages_answer(body: Body, content: str, ending: str) -> dict[str, Any]:
    reasons = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
    blocks = [{"type": "thinking", "thinking": "..."}, {"type": "text", "text": content}]
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": blocks if content else [],
        "stop_reason": reasons[ending],
        "stop_sequence": None,
        "usage": {
            "input_tokens": tokens(body.get("system", "")) + tokens(body["messages"][-1]["content"]),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": tokens(content),
        },
    }


_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


def error(dialect: Dialect, status: int, message: str, code: str | None = None, **headers: str) -> Response:
    """An error in the dialect's shape."""
    kind = code or "invalid_request_error"
    match dialect.errors:
        case "anthropic":
            kind = _ANTHROPIC_TYPES.get(status, "api_error")
            value: object = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}
        case "xai":
            value = {"code": code or "Client specified an invalid argument", "error": message}
        case "flat":
            value = {"object": "error", "message": message, "type": kind, "param": None, "code": code}
        case "list":
            value = [{"error": {"code": status, "message": message, "status": "INVALID_ARGUMENT"}}]
        case _:
            value = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return json_response(status, value, None, **headers)
