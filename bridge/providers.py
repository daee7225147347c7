"""A workspace's AI provider: set, show, test, usage, cache. What the command line and the API both do."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from bridge.errors import BridgeError, Invalid
from bridge.model import Verdict
from bridge.runtime import Runtime
from bridge.scoring import books
from bridge.scoring.caveats import OFFLINE_FALLBACK
from bridge.scoring.consult import Told, asked, route_of, spent_by
from bridge.scoring.providers.ask import try_out
from bridge.scoring.providers.outcomes import CallFailed, Then
from bridge.scoring.providers.profiles import model_of
from bridge.scoring.providers.route import Route, route
from bridge.scoring.scorers import noted, offline_verdict, reading
from bridge.scoring.standing import MICRO_DOLLARS, standing_of
from bridge.store import providers as rows
from bridge.store import score_cache
from bridge.store import usage as usage_rows
from bridge.store import workspaces as workspace_rows
from bridge.store.providers import ProviderRow
from bridge.store.usage import Usage
from bridge.store.workspaces import Workspace
from bridge.vault import Secret, masked

OFFLINE = "offline"
"""The name of the embedded scorer: no provider is set."""


@dataclass(frozen=True, slots=True)
class ProviderShown:
    """A workspace's provider as people and programs see it. `key` is masked."""

    provider: str
    model: str | None = None
    base_url: str | None = None
    key: str | None = None
    state: str = "ok"
    """ok; paused: it fails and is tried again by itself; stopped: until somebody mends it."""
    problem: str | None = None
    """The newest failure, and what to do."""
    problem_at: float | None = None
    requests_per_minute: int | None = None
    price_known: bool = True
    """Without it what calls cost is not known, and no budget holds."""
    notice: str = ""
    """What to know about the customers' words there."""


@dataclass(frozen=True, slots=True)
class ProviderTest:
    """What one real call told."""

    ok: bool
    words: str
    said: str = ""
    """The provider's own words, without the key."""
    seconds: float | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class UsageShown:
    """A month (UTC) of scoring. `cost_usd` leaves out `unpriced` calls, whose price is not known."""

    month: str
    cost_usd: float
    budget_usd: float | None
    total: Usage
    days: tuple[tuple[str, Usage], ...]
    reached: dict[int, float]
    """When which share of the budget (per cent) was reached."""
    cached_texts: int
    cache_hits: int

    @property
    def today(self) -> Usage:
        return dict(self.days).get(usage_rows.day_of(time.time()), Usage())

    def public(self) -> dict[str, object]:
        """As JSON shows it."""
        used = None if not self.budget_usd else round(self.cost_usd / self.budget_usd, 4)
        return {
            "month": self.month,
            "cost_usd": self.cost_usd,
            "budget_usd": self.budget_usd,
            "budget_used": used,
            "budget_reached": sorted(self.reached),
            **_counts(self.total),
            "cache": {"texts": self.cached_texts, "hits": self.cache_hits},
            "days": [{"day": day, "cost_usd": one.cost / MICRO_DOLLARS, **_counts(one)} for day, one in self.days],
        }


def _counts(one: Usage) -> dict[str, int]:
    return {name: count for name, count in asdict(one).items() if name != "cost"}


def set(
    runtime: Runtime,
    slug: str,
    provider: str,
    key: Secret | None = None,
    model: str | None = None,
    base_url: str | None = None,
) -> ProviderShown:
    """Sets the provider; calls nobody. Without a key the one that is there stays, if provider and address do too.

    Raises Invalid, naming the option, and NotFound.
    """
    workspace, before = _read(runtime, slug)
    if provider == OFFLINE:
        runtime.database.write(lambda connection: rows.remove(connection, workspace.id))
        return ProviderShown(OFFLINE)
    way = _kept_key(runtime, before, provider, model, base_url) if key is None else None
    way = way or route(provider, key, model, base_url)
    sealed = None if way.key is None else runtime.vault.encrypt(way.key.reveal())

    def store(connection: sa.Connection) -> None:
        rows.put(connection, workspace.id, provider, way.model, way.base_url, sealed, time.time())

    runtime.database.write(store)
    runtime.waker.soon(("score",))
    return shown(runtime, slug)


def _kept_key(
    runtime: Runtime, before: ProviderRow | None, provider: str, model: str | None, base_url: str | None
) -> Route | None:
    """The new route with the key that is there; None when that was given for another provider or address."""
    if before is None or before.key is None or before.provider != provider:
        return None
    way = route(provider, Secret(runtime.vault.decrypt(before.key)), model, base_url)
    return way if way.base_url == before.base_url else None


def shown(runtime: Runtime, slug: str) -> ProviderShown:
    """The provider, its key masked. Raises NotFound, and WrongKey when the stored key cannot be opened."""
    _, row = _read(runtime, slug)
    if row is None:
        return ProviderShown(OFFLINE)
    paused = row.paused_until is not None and row.paused_until > time.time()
    way = route_of(row, runtime.vault)
    return ProviderShown(
        provider=row.provider,
        model=row.model,
        base_url=row.base_url,
        key=None if way.key is None else masked(way.key.reveal()),
        state="stopped" if row.stopped_at is not None else "paused" if paused else "ok",
        problem=row.problem,
        problem_at=row.problem_at,
        requests_per_minute=row.requests_per_minute,
        price_known=model_of(way.profile, way.model) is not None,
        notice=way.profile.notice,
    )


def test(runtime: Runtime, slug: str) -> ProviderTest:
    """One real call about a sentence of ours. One that works ends whatever stopped the route. Raises NotFound."""
    workspace, row = _read(runtime, slug)
    if row is None:
        return ProviderTest(True, "No provider is set: messages are scored by the embedded scorer, on this machine.")
    try:
        answer = try_out(runtime.http, route_of(row, runtime.vault))
    except CallFailed as failure:
        _enter(runtime, workspace, row, Told(spent=spent_by(failure), failure=failure))
        return ProviderTest(False, str(failure), failure.said, failure.seconds, _dollars(failure.cost))
    except BridgeError as error:
        return ProviderTest(False, str(error))
    told = Told(answer.verdict, spent=spent_by(answer), requests_per_minute=answer.requests_per_minute)
    _enter(runtime, workspace, row, told)
    runtime.waker.soon(("score",))
    return ProviderTest(
        True,
        f"{row.provider} answers with {row.model} in {answer.seconds:.1f} s",
        seconds=answer.seconds,
        cost_usd=_dollars(answer.cost),
    )


def score(runtime: Runtime, slug: str, text: str) -> Verdict:
    """What the workspace's scorer says of a text, now and past the cache. The embedded one says it where the drain
    would not wait for the provider either, and where the provider is busy.

    The call counts in the month's usage. Raises NotFound.
    """
    workspace, row = _read(runtime, slug)
    read = reading(text, workspace.settings.languages)
    if row is None or read.nothing:
        return offline_verdict(read)
    with runtime.database.read() as connection:
        closed = standing_of(connection, workspace, row, time.time()).closed
    verdict = None if closed is not None else _asked(runtime, workspace, row, read.text)
    return noted(offline_verdict(read), read, OFFLINE_FALLBACK) if verdict is None else noted(verdict, read)


def _asked(runtime: Runtime, workspace: Workspace, row: ProviderRow, text: str) -> Verdict | None:
    try:
        way = route_of(row, runtime.vault)
    except BridgeError:
        return None
    told = asked(runtime.http, way, text)
    _enter(runtime, workspace, row, told)
    return told.verdict


def way_of(runtime: Runtime, slug: str) -> Route | None:
    """The way to the workspace's provider; None: it has none. Raises NotFound, WrongKey."""
    _, row = _read(runtime, slug)
    return None if row is None else route_of(row, runtime.vault)


@contextmanager
def metered(runtime: Runtime, slug: str) -> Iterator[Callable[[Usage], None]]:
    """What is told to the function that it gives counts in the workspace's usage at the end, whatever happens."""
    workspace, _ = _read(runtime, slug)
    sums: list[Usage] = []
    try:
        yield sums.append
    finally:
        spent = sum(sums, Usage())
        _tell(runtime, lambda connection: _spend(connection, workspace, spent, time.time()))


def usage(runtime: Runtime, slug: str, month: str | None = None) -> UsageShown:
    """What a month's scoring took (2026-11, in UTC; the present one when none is named).

    Raises NotFound, and Invalid when the month is written otherwise.
    """
    month = month or usage_rows.month_of(time.time())
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month):
        raise Invalid("month", "write it as 2026-11")
    with runtime.database.read() as connection:
        workspace = workspace_rows.by_slug(connection, slug)
        days = usage_rows.days(connection, workspace.id, month)
        reached = usage_rows.notes(connection, workspace.id, month)
        texts, hits = score_cache.size(connection, workspace.id)
    total = sum((one for _, one in days), Usage())
    budget = workspace.settings.monthly_budget_usd
    return UsageShown(month, total.cost / MICRO_DOLLARS, budget, total, tuple(days), reached, texts, hits)


def clear_cache(runtime: Runtime, slug: str) -> int:
    """Forgets what the provider said of texts; how many. Scores of messages stay. Raises NotFound."""
    workspace, _ = _read(runtime, slug)
    return runtime.database.write(lambda connection: score_cache.clear(connection, workspace.id))


def _read(runtime: Runtime, slug: str) -> tuple[Workspace, ProviderRow | None]:
    with runtime.database.read() as connection:
        workspace = workspace_rows.by_slug(connection, slug)
        return workspace, rows.of_workspace(connection, workspace.id)


def _enter(runtime: Runtime, workspace: Workspace, row: ProviderRow, told: Told) -> None:
    """Keeps the books of a call made outside of the drain."""
    now = time.time()

    def store(connection: sa.Connection) -> bool:
        tell = _spend(connection, workspace, told.spent, now)
        if told.requests_per_minute is not None:
            rows.change(connection, row, requests_per_minute=told.requests_per_minute)
        if told.failure is None:
            rows.mend(connection, row)
        elif told.failure.then is Then.STOP:
            tell |= books.stop(connection, row, told.failure, now)
        else:
            rows.change(connection, row, problem=str(told.failure), problem_at=now)
        return tell

    _tell(runtime, store)


def _spend(connection: sa.Connection, workspace: Workspace, spent: Usage, now: float) -> bool:
    usage_rows.add(connection, {workspace.id: spent}, now)
    limit = workspace.settings.monthly_budget_usd
    budget = None if limit is None or not spent.cost else round(limit * MICRO_DOLLARS)
    return books.note_budgets(connection, {workspace.id: budget}, now)


def _tell(runtime: Runtime, store: Callable[[sa.Connection], bool]) -> None:
    if runtime.database.write(store):
        runtime.waker.soon(("notify",))


def _dollars(cost: int | None) -> float | None:
    return None if cost is None else cost / MICRO_DOLLARS
