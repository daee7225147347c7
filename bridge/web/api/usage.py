"""What scoring cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from bridge import providers
from bridge.tokens import Role
from bridge.web.api.endpoint import Call, endpoint
from bridge.web.api.types import Json, says

_Month = Annotated[str, says(pattern="^20[0-9]{2}-(0[1-9]|1[0-2])$")]


@dataclass(frozen=True, slots=True)
class Cache:
    """What is kept of the provider's answers, and how often one was used again."""

    texts: int
    hits: int


@dataclass(frozen=True, slots=True)
class UsageDay:
    """A day (UTC)."""

    day: str
    cost_usd: float
    calls: int
    failed: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    unpriced: int
    cached: int
    offline: int


@dataclass(frozen=True, slots=True)
class Usage:
    """A month (UTC). `cost_usd` leaves out `unpriced` calls; `budget_used` is a share, `budget_reached` in per cent."""

    month: str
    cost_usd: float
    budget_usd: float | None
    budget_used: float | None
    budget_reached: Sequence[int]
    calls: int
    failed: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    unpriced: int
    cached: int
    offline: int
    cache: Cache
    days: Sequence[UsageDay]


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """Which month; the present one unless given."""

    month: _Month | None = None


@endpoint("GET", "/usage", Role.AGENT, Usage)
def show_usage(call: Call, query: UsageQuery) -> Usage:
    """Show what a month's scoring took."""
    told: dict[str, Json] = providers.usage(call.runtime, call.slug, query.month).public()
    days = [UsageDay(**day) for day in told.pop("days")]
    return Usage(**told | {"cache": Cache(**told["cache"]), "days": days})
