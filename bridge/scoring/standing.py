"""How a workspace stands with its AI provider as a message of it is claimed: its route, its budget, what is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from bridge.scoring.breaker import PROBE_WITHIN
from bridge.scoring.providers import prompt
from bridge.store import providers, score_cache, usage
from bridge.store.providers import ProviderRow
from bridge.store.score_cache import CachedVerdict, CacheKey
from bridge.store.scores import PendingMessage
from bridge.store.workspaces import Workspace
from bridge.workspace_settings import from_json

MICRO_DOLLARS = 1_000_000


@dataclass(frozen=True, slots=True)
class Standing:
    """As it was when the message was claimed."""

    provider: ProviderRow
    budget: int | None
    """Micro-dollars a month; None: no limit."""
    spent: int
    """Micro-dollars of this month."""
    known: CachedVerdict | None = None
    """What the provider said of this very text."""

    @property
    def closed(self) -> str | None:
        """Why the provider is not asked, for as long as nobody changes that; None: it is."""
        if self.provider.stopped_at is not None:
            return self.provider.problem
        if self.budget is not None and self.spent >= self.budget:
            return "this month's budget is used up"
        return None


def source_of(provider: ProviderRow) -> str:
    """Names who would answer, for the cache: another model, address or prompt is another source."""
    return f"{provider.provider} {provider.model} {provider.base_url} {prompt.VERSION}"


def key_of(provider: ProviderRow, text_hash: str) -> CacheKey:
    """Where the cache keeps what this provider says of a text."""
    return CacheKey(provider.workspace_id, text_hash, source_of(provider))


def standings(connection: sa.Connection, messages: Sequence[PendingMessage], now: float) -> Mapping[int, Standing]:
    """The standing of each message (by row id) whose workspace has a provider.

    Where a pause of the breaker is over, one text is let through to try for all; the claim's lock keeps it one.
    """
    rows = providers.of_workspaces(connection, {message.workspace_id for message in messages})
    if not rows:
        return {}
    mine = [message for message in messages if message.workspace_id in rows]
    of_workspace = _of_workspaces(connection, mine, rows, now)
    keys = {one.row_id: key_of(rows[one.workspace_id], one.text_hash) for one in mine if one.text_hash is not None}
    known = score_cache.found(connection, set(keys.values()), now)
    found = {one.row_id: of_workspace[one.workspace_id] for one in mine}
    found |= {row: replace(found[row], known=known[key]) for row, key in keys.items() if key in known}
    return found | _probes(connection, mine, found, now)


def standing_of(connection: sa.Connection, workspace: Workspace, row: ProviderRow, now: float) -> Standing:
    """How a workspace stands, whatever the text."""
    return _of_limits(connection, {workspace.id: workspace.settings.monthly_budget_usd}, {workspace.id: row}, now)[
        workspace.id
    ]


def _of_workspaces(
    connection: sa.Connection, messages: Sequence[PendingMessage], rows: Mapping[int, ProviderRow], now: float
) -> dict[int, Standing]:
    limits = {message.workspace_id: from_json(message.settings).monthly_budget_usd for message in messages}
    return _of_limits(connection, limits, rows, now)


def _of_limits(
    connection: sa.Connection, limits: Mapping[int, float | None], rows: Mapping[int, ProviderRow], now: float
) -> dict[int, Standing]:
    budgets = {one: round(limit * MICRO_DOLLARS) for one, limit in limits.items() if limit is not None}
    spent = usage.spent_in_month(connection, budgets, now) if budgets else {}
    return {one: Standing(row, budgets.get(one), spent.get(one, 0)) for one, row in rows.items()}


def _probes(
    connection: sa.Connection, messages: Sequence[PendingMessage], found: Mapping[int, Standing], now: float
) -> dict[int, Standing]:
    """The standings that change because a pause is over: one text's are free of it, all others' wait for that one."""
    changed: dict[int, Standing] = {}
    trying: dict[int, tuple[object, float]] = {}
    for message in messages:
        standing = found[message.row_id]
        paused = standing.provider.paused_until
        if paused is None or paused > now or standing.known or standing.provider.stopped_at is not None:
            continue
        text = message.text_hash or message.row_id
        if message.workspace_id not in trying:
            trying[message.workspace_id] = (text, now + PROBE_WITHIN)
            providers.change(connection, standing.provider, paused_until=now + PROBE_WITHIN)
        first, until = trying[message.workspace_id]
        paused = None if text == first else until
        changed[message.row_id] = replace(standing, provider=replace(standing.provider, paused_until=paused))
    return changed
