"""What each provider accepts: a request that the real one answers 400 to is refused here too.

Taken from the providers' API references and from the request code of their SDKs, November 2026.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Body = Mapping[str, Any]
Rule = Callable[[Body], str | None]
"""What is wrong with a body, in the provider's manner; None when it is fine."""


@dataclass(frozen=True)
class Dialect:
    name: str
    base: str
    """The path part of its base URL."""
    path: str
    models: frozenset[str]
    fields: frozenset[str]
    rules: tuple[Rule, ...]
    errors: str = "openai"
    """The shape of its error bodies."""
    wrong_key: int = 401
    key_needed: bool = True

    @property
    def is_anthropic(self) -> bool:
        return self.errors == "anthropic"


def fault_of(dialect: Dialect, body: Body) -> str | None:
    """The first thing that the provider would object to."""
    for name in body:
        if name not in dialect.fields:
            return f"Unrecognized request argument supplied: {name}"
    return next((problem for rule in dialect.rules if (problem := rule(body))), None)


def thinks(dialect: Dialect, body: Body) -> bool:
    """Whether the model reasons before it answers: on everywhere until it is switched off."""
    if dialect.name in ("openai", "xai"):
        return body.get("reasoning_effort") != "none"
    if dialect.name in ("anthropic", "deepseek", "moonshot"):
        return body.get("thinking") != {"type": "disabled"}
    return False


def _messages(roles: tuple[str, ...]) -> Rule:
    def rule(body: Body) -> str | None:
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            return "messages: field required"
        for message in messages:
            if set(message) != {"role", "content"} or message["role"] not in roles:
                return "messages: invalid message"
            if not isinstance(message["content"], str) or not message["content"]:
                return "messages: content must not be empty"
        return None if messages[-1]["role"] == "user" else "messages: the last message must be the user's"

    return rule


def _without(*fields: str) -> Rule:
    def rule(body: Body) -> str | None:
        return next((f"{name} is not supported by this model" for name in fields if name in body), None)

    return rule


def _whole_number(field: str, required: bool = False) -> Rule:
    def rule(body: Body) -> str | None:
        if field not in body:
            return f"{field}: field required" if required else None
        return None if type(body[field]) is int and body[field] > 0 else f"{field}: must be a positive integer"

    return rule


def _one_of(field: str, *values: object) -> Rule:
    def rule(body: Body) -> str | None:
        return None if body.get(field, values[0]) in values else f"{field}: unsupported value"

    return rule


def _no_schema(body: Body) -> str | None:
    kind = body.get("response_format", {}).get("type")
    if kind == "json_schema":
        return "This response_format type is unavailable now"
    if kind == "json_object" and "json" not in "".join(m["content"] for m in body["messages"]).lower():
        return "Prompt must contain the word 'json' in some form to use 'response_format' of type 'json_object'."
    return None


def _schema(body: Body) -> str | None:
    response_format = body.get("response_format")
    if response_format is None or response_format == {"type": "json_object"}:
        return None
    if response_format.get("type") != "json_schema" or set(response_format) != {"type", "json_schema"}:
        return "response_format: unsupported value"
    named = response_format["json_schema"]
    if not named.get("name") or not set(named) <= {"name", "schema", "strict"}:
        return "response_format.json_schema.name: field required"
    return _closed(named.get("schema"))


def _output_config(body: Body) -> str | None:
    config = body.get("output_config", {})
    if not set(config) <= {"effort", "format"} or config.get("effort", "low") not in ("low", "medium", "high"):
        return "output_config: Extra inputs are not permitted"
    wanted = config.get("format")
    if wanted is None:
        return None
    if set(wanted) != {"type", "schema"} or wanted["type"] != "json_schema":
        return "output_config.format: unsupported value"
    return _closed(wanted["schema"])


def _closed(schema: Any) -> str | None:
    """Strict mode: every property required, nothing else allowed, no ranges."""
    if not isinstance(schema, dict) or schema.get("additionalProperties") is not False:
        return "Invalid schema: 'additionalProperties' is required to be supplied and to be false"
    if set(schema.get("required", ())) != set(schema["properties"]):
        return "Invalid schema: 'required' must include every key in properties"
    limits = {"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"}
    if any(limits & set(each) for each in schema["properties"].values()):
        return "Invalid schema: keyword not supported"
    return None


_CHAT = frozenset({"model", "messages", "response_format", "temperature", "top_p", "stop", "stream", "seed", "user"})
_ROLES = ("system", "user", "assistant")
_THINKING = _one_of("thinking", {"type": "disabled"}, {"type": "enabled"})
_EFFORT = _one_of("reasoning_effort", "none", "low", "medium", "high", "xhigh", "max")


def _sampling_needs_no_reasoning(body: Body) -> str | None:
    thinking = body.get("reasoning_effort") != "none"
    return "Unsupported value: 'temperature'" if thinking and {"temperature", "top_p"} & set(body) else None


DIALECTS = (
    Dialect(
        "openai",
        "/openai/v1",
        "/chat/completions",
        frozenset({"gpt-6-luna", "gpt-5.6-luna"}),
        _CHAT | {"max_completion_tokens", "max_tokens", "reasoning_effort", "store", "service_tier"},
        (
            _messages(_ROLES),
            _without("max_tokens"),
            _whole_number("max_completion_tokens"),
            _EFFORT,
            _sampling_needs_no_reasoning,
            _schema,
        ),
    ),
    Dialect(
        "anthropic",
        "/anthropic",
        "/v1/messages",
        frozenset({"claude-haiku-5-5"}),
        frozenset({"model", "messages", "system", "max_tokens", "output_config", "thinking", "metadata"})
        | {"temperature", "top_p", "top_k"},
        (
            _messages(("user", "assistant")),
            _without("temperature", "top_p", "top_k"),
            _whole_number("max_tokens", required=True),
            _one_of("thinking", {"type": "disabled"}, {"type": "adaptive"}),
            _output_config,
        ),
        errors="anthropic",
    ),
    Dialect(
        "deepseek",
        "/deepseek",
        "/chat/completions",
        frozenset({"deepseek-flash"}),
        _CHAT | {"max_tokens", "thinking", "user_id"},  # the other limit's name is ignored: then nothing limits
        (_messages(_ROLES), _whole_number("max_tokens"), _THINKING, _no_schema),
    ),
    Dialect(
        "moonshot",
        "/moonshot/v1",
        "/chat/completions",
        frozenset({"kimi-k2.6"}),
        (_CHAT | {"max_tokens", "max_completion_tokens", "thinking"}) - {"temperature", "top_p"},
        (_messages(_ROLES), _whole_number("max_tokens"), _whole_number("max_completion_tokens"), _THINKING, _no_schema),
    ),
    Dialect(
        "xai",
        "/xai/v1",
        "/chat/completions",
        frozenset({"grok-4.3"}),
        (_CHAT | {"max_tokens", "reasoning_effort"}) - {"stop"},
        (_messages(_ROLES), _whole_number("max_tokens"), _one_of("reasoning_effort", "none", "low", "high"), _schema),
        errors="xai",
        wrong_key=400,
    ),
    Dialect(
        "compatible",
        "/compatible/v1",
        "/chat/completions",
        frozenset({"local-model"}),
        _CHAT | {"max_tokens"},
        (_messages(_ROLES), _whole_number("max_tokens"), _schema),
        key_needed=False,
    ),
    Dialect(
        "mistral",
        "/mistral/v1",
        "/chat/completions",
        frozenset({"ministral-8b-latest"}),
        _CHAT | {"max_tokens"},
        (_messages(_ROLES), _whole_number("max_tokens"), _schema),
        errors="flat",
    ),
    Dialect(
        "gemini",
        "/gemini/v1beta/openai",
        "/chat/completions",
        frozenset({"gemini-2.5-flash-lite"}),
        _CHAT | {"max_tokens", "reasoning_effort"},
        (_messages(_ROLES), _whole_number("max_tokens"), _schema),
        errors="list",
        wrong_key=400,
    ),
)
