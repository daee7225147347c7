"""The table of AI providers: where each is called, how its dialect differs, what it costs.

A new provider is a new row. Facts and prices were read from the providers' own pages on the date below; prices are
US dollars per million tokens, and the one place that computes with them is `prices`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

PRICES_AS_OF = "2026-11-22"


class Codec(StrEnum):
    OPENAI_CHAT = "openai_chat"
    ANTHROPIC_MESSAGES = "anthropic_messages"


class JsonMode(StrEnum):
    """What makes the model answer in JSON. The prompt describes the object in any case."""

    STRICT_SCHEMA = "strict_schema"
    SCHEMA = "schema"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens: read by the model, read from the provider's prompt cache, written."""

    input: float
    cached: float
    output: float


@dataclass(frozen=True, slots=True)
class Model:
    name: str
    price: Price
    peak_price: Price | None = None
    """What it costs in the profile's peak hours; None: the same."""


@dataclass(frozen=True)
class Profile:
    name: str
    """What `provider set --provider` takes."""
    title: str
    """What people read."""
    base_url: str | None
    """None: the workspace must name one."""
    models: tuple[Model, ...]
    """The models whose price we know; the first is the default. Any other may be set, at an unknown price."""
    codec: Codec = Codec.OPENAI_CHAT
    path: str = "/chat/completions"
    auth_header: str = "authorization"
    auth_prefix: str = "Bearer "
    headers: Mapping[str, str] = field(default_factory=dict)
    json_mode: JsonMode = JsonMode.STRICT_SCHEMA
    extra: Mapping[str, object] = field(default_factory=dict)
    """Merged into the body: the switch that turns hidden reasoning off (left on, it triples price and latency), and
    "do not store". Never a sampling parameter: most providers refuse them now."""
    output_field: str = "max_tokens"
    output_limit: int = 120
    """Tokens the reply may have. Where reasoning cannot be turned off it counts too, so the limit is larger there."""
    token_factor: float = 1.0
    """Tokens this provider counts for a text, against OpenAI's o200k vocabulary; for estimates alone."""
    hidden_tokens: int = 0
    """Reasoning tokens a reply costs where it cannot be turned off; a guess, for estimates alone."""
    peak_hours: tuple[tuple[int, int], ...] = ()
    """Hours of the day, UTC, Monday to Friday, in which `peak_price` holds."""
    limit_header: str | None = None
    """The reply's header that tells the account's requests per minute (Groq's of the same name counts days)."""
    host: str | None = None
    """An `openai-compatible` endpoint with this host (".example": any host under it) has this row;
    None: the row for any other."""
    notice: str = ""
    """What an admin should know about the customers' words there."""


_COMPATIBLE = "openai-compatible"
_UNREAD = "Read this provider's terms on retention and training before you use it."

PROFILES: tuple[Profile, ...] = (
    Profile(
        name="openai",
        title="OpenAI",
        base_url="https://api.openai.com/v1",
        models=(
            Model("gpt-6-luna", Price(0.10, 0.01, 0.50)),
            Model("gpt-5.6-luna", Price(0.20, 0.02, 1.20)),
            Model("gpt-5.4-nano", Price(0.20, 0.02, 1.25)),
            Model("gpt-5.4-mini", Price(0.75, 0.075, 4.50)),
        ),
        extra={"reasoning_effort": "none", "store": False},
        output_field="max_completion_tokens",
        limit_header="x-ratelimit-limit-requests",
        notice="Not used for training; kept up to 30 days against abuse, unless zero retention was agreed.",
    ),
    Profile(
        name="anthropic",
        title="Anthropic",
        base_url="https://api.anthropic.com",
        models=(Model("claude-haiku-5-5", Price(0.10, 0.01, 0.50)),),
        codec=Codec.ANTHROPIC_MESSAGES,
        path="/v1/messages",
        auth_header="x-api-key",
        auth_prefix="",
        headers={"anthropic-version": "2026-10-21"},
        extra={"thinking": {"type": "disabled"}, "output_config": {"effort": "low"}},
        token_factor=1.3,
        limit_header="anthropic-ratelimit-requests-limit",
        notice="Zero retention only by contract. Its safety classifiers refuse some abusive messages: those are scored "
        "by the embedded scorer.",
    ),
    Profile(
        name="deepseek",
        title="DeepSeek",
        base_url="https://api.deepseek.com",
        models=(Model("deepseek-flash", Price(0.15, 0.003, 0.60), Price(0.30, 0.006, 1.20)),),
        json_mode=JsonMode.OBJECT,  # its chat endpoint answers 400 to json_schema
        extra={"thinking": {"type": "disabled"}},
        peak_hours=((1, 4), (6, 10)),
        notice="A Chinese company that hosts in China; its terms on retention and training could not be verified.",
    ),
    Profile(
        name="moonshot",
        title="Moonshot (Kimi)",
        base_url="https://api.moonshot.ai/v1",
        models=(Model("kimi-k2.6", Price(0.95, 0.16, 4.00)),),
        json_mode=JsonMode.OBJECT,
        extra={"thinking": {"type": "disabled"}},
        output_field="max_completion_tokens",
        notice="A Chinese company; its terms on retention could not be verified. Keys of api.moonshot.ai and "
        "api.moonshot.cn are not interchangeable. The first tier allows three calls a minute.",
    ),
    Profile(
        name="xai",
        title="xAI",
        base_url="https://api.x.ai/v1",
        models=(Model("grok-4.3", Price(1.25, 0.20, 2.50)),),
        extra={"reasoning_effort": "none"},
        notice="Not used for training; kept 30 days, unless zero retention is set for the team.",
    ),
    Profile(
        name=_COMPATIBLE,
        title="OpenAI-compatible endpoint",
        base_url=None,
        models=(),
        json_mode=JsonMode.SCHEMA,
        output_limit=1000,
        notice=_UNREAD,
    ),
    Profile(
        name=_COMPATIBLE,
        title="Google Gemini",
        base_url=None,
        host="generativelanguage.googleapis.com",
        models=(
            Model("gemini-2.5-flash-lite", Price(0.10, 0.01, 0.40)),
            Model("gemini-3.1-flash-lite", Price(0.25, 0.025, 1.50)),
            Model("gemini-3.5-flash-lite", Price(0.30, 0.03, 2.50)),
        ),
        json_mode=JsonMode.SCHEMA,
        output_limit=1000,
        notice=_UNREAD,
    ),
    Profile(
        name=_COMPATIBLE,
        title="Mistral",
        base_url=None,
        host="api.mistral.ai",
        models=(
            Model("ministral-3b-latest", Price(0.10, 0.10, 0.10)),
            Model("ministral-8b-latest", Price(0.15, 0.15, 0.15)),
            Model("mistral-small-latest", Price(0.15, 0.15, 0.60)),
        ),
        notice="A French company. " + _UNREAD,
    ),
    Profile(
        name=_COMPATIBLE,
        title="Groq",
        base_url=None,
        host="api.groq.com",
        models=(Model("openai/gpt-oss-20b", Price(0.075, 0.0375, 0.30)),),
        extra={"reasoning_effort": "low"},  # this model cannot go without
        output_field="max_completion_tokens",
        output_limit=1000,
        hidden_tokens=100,
        notice=_UNREAD,
    ),
    Profile(
        name=_COMPATIBLE,
        title="OpenRouter",
        base_url=None,
        host="openrouter.ai",
        models=(),
        extra={"reasoning": {"effort": "none"}},
        output_limit=1000,
        notice="Hands the messages on to other providers. " + _UNREAD,
    ),
    Profile(
        name=_COMPATIBLE,
        title="Azure OpenAI",
        base_url=None,
        host=".openai.azure.com",
        models=(),
        auth_header="api-key",
        auth_prefix="",
        output_field="max_completion_tokens",
        output_limit=1000,
        notice="The model is the name of your deployment.",
    ),
)

NAMES: tuple[str, ...] = tuple(dict.fromkeys(profile.name for profile in PROFILES))
"""What `provider set --provider` takes, besides `offline`."""


def profile_for(name: str, host: str | None = None) -> Profile | None:
    """The row of a provider; among `openai-compatible` ones the row of that host. None: no such provider."""
    rows = [profile for profile in PROFILES if profile.name == name]
    known = [row for row in rows if row.host and _is_host(host or "", row.host)]
    return next(iter(known + [row for row in rows if row.host is None]), None)


def _is_host(host: str, wanted: str) -> bool:
    return host == wanted or (wanted.startswith(".") and host.endswith(wanted))


def model_of(profile: Profile, name: str) -> Model | None:
    """What we know of a model; None for one that is not in the table."""
    return next((model for model in profile.models if model.name == name), None)
