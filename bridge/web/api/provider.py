"""The workspace's AI provider. Its key is taken and never shown."""

from dataclasses import dataclass
from typing import Annotated, Literal

from bridge import providers, receivers
from bridge.channels.kinds import web_host
from bridge.errors import Invalid
from bridge.providers import ProviderShown
from bridge.tokens import Role
from bridge.vault import Secret
from bridge.web.api.endpoint import Call, endpoint
from bridge.web.api.types import Moment, says

_NAMES = ("openai", "anthropic", "deepseek", "moonshot", "xai", "openai-compatible", "offline")


@dataclass(frozen=True, slots=True)
class Provider:
    """Who scores. `key` is masked; `state` is ok, paused (it is tried again by itself) or stopped."""

    provider: str
    model: str | None
    base_url: str | None
    key: str | None
    state: Literal["ok", "paused", "stopped"]
    problem: str | None
    problem_at: Moment | None
    requests_per_minute: int | None
    price_known: bool
    notice: str


@dataclass(frozen=True, slots=True)
class ProviderChange:
    """The provider to use. Without a key the one that is there stays, if provider and address do too."""

    provider: Annotated[str, says(enum=_NAMES, maxLength=100)]
    model: Annotated[str, says(pattern="^[!-~]{1,200}$")] | None = None
    base_url: Annotated[str, says(pattern="^https?://[!-~]{1,500}$")] | None = None
    key: Annotated[str, says(pattern="^[!-~]{1,500}$", writeOnly=True)] | None = None


@dataclass(frozen=True, slots=True)
class ProviderTested:
    """What one real call told; `said` is in the provider's own words, without the key."""

    ok: bool
    words: str
    said: str
    seconds: float | None
    cost_usd: float | None


@endpoint("GET", "/provider", Role.AGENT, Provider)
def show_provider(call: Call) -> ProviderShown:
    """Show the AI provider, its key masked."""
    return providers.shown(call.runtime, call.slug)


@endpoint("PUT", "/provider", Role.ADMIN, Provider)
def set_provider(call: Call, body: ProviderChange) -> ProviderShown:
    """Set the AI provider; calls nobody."""
    if body.base_url is not None:
        receivers.refuse_private(call.runtime, "base_url", *web_host(body.base_url, "base_url"))
    key = None if body.key is None else Secret(body.key)
    try:
        return providers.set(call.runtime, call.slug, body.provider, key, body.model, body.base_url)
    except Invalid as error:
        field = error.field.replace("-", "_")
        raise Invalid(field, str(error).removeprefix(f"{error.field}: ")) from None


@endpoint("POST", "/provider/test", Role.ADMIN, ProviderTested, cost=50)
def test_provider(call: Call) -> providers.ProviderTest:
    """Make one real call to the AI provider.

    One that works starts a stopped provider again.
    """
    return providers.test(call.runtime, call.slug)
