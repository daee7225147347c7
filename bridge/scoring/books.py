"""Keeping the books of a settled batch: what calls cost, what providers said, and how they stand after it."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from bridge.model import Origin
from bridge.scoring.breaker import Breaker, after
from bridge.scoring.consult import Told
from bridge.scoring.providers.outcomes import CallFailed, Then
from bridge.scoring.standing import Standing, key_of
from bridge.store import providers, score_cache, usage
from bridge.store.events import Event, EventType, insert_events
from bridge.store.outages import note_provider_stopped
from bridge.store.providers import ProviderRow
from bridge.store.queue import hurry
from bridge.store.score_cache import CachedVerdict
from bridge.store.tables import messages
from bridge.store.usage import Usage, month_of

log = logging.getLogger("moodbridge.provider")

SHARES = (80, 100)
"""Per cent of the budget at which the admin is told."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message whose workspace has a provider, and what came of asking about it."""

    standing: Standing
    told: Told
    text_hash: str | None
    offline: bool
    """The embedded scorer scored it instead."""
    indicators: str | None = field(repr=False)
    """Encrypted."""


def enter(connection: sa.Connection, entries: Sequence[Entry], now: float) -> bool:
    """Enters a batch, in the transaction that settles it. True when somebody is to be told of something."""
    if not entries:
        return False
    _keep_scores(connection, entries, now)
    spent: dict[int, Usage] = defaultdict(Usage)
    for one in entries:
        known = one.told.known
        spent[one.standing.provider.workspace_id] += one.told.spent + Usage(
            cached=int(known and not one.offline), offline=int(one.offline)
        )
    usage.add(connection, {one: sums for one, sums in spent.items() if sums != Usage()}, now)
    budgets = {one.standing.provider.workspace_id: one.standing.budget for one in entries}
    told = note_budgets(connection, {one: budget for one, budget in budgets.items() if spent[one].cost}, now)
    called = [one for one in entries if one.told.spent.calls]
    for row in providers.locked(connection, {one.standing.provider.workspace_id for one in called}).values():
        # What a call tells of a route that was changed meanwhile is nothing to the new one.
        mine = [one.told for one in called if one.standing.provider.revision == row.revision]
        told |= _stand(connection, row, mine, now)
    return told


def pauses(connection: sa.Connection, workspace_ids: Collection[int]) -> dict[int, float]:
    """Until when each of these workspaces' providers is left alone, as it is now; 0: not."""
    return {one: row.paused_until or 0.0 for one, row in providers.of_workspaces(connection, workspace_ids).items()}


def _keep_scores(connection: sa.Connection, entries: Iterable[Entry], now: float) -> None:
    hits, news = [], {}
    for one in entries:
        if one.text_hash is None or one.told.verdict is None:
            continue
        key = key_of(one.standing.provider, one.text_hash)
        if one.told.known:
            hits.append(key)
        else:
            news[key] = CachedVerdict(one.told.verdict, one.indicators)
    score_cache.fill(connection, news, now)
    score_cache.count_hits(connection, hits)


def stop(connection: sa.Connection, row: ProviderRow, failure: CallFailed, now: float) -> bool:
    """Stops a route that only a person can mend. True when somebody is to be told of it; that is once."""
    if not providers.stop(connection, row, str(failure), now):
        return False
    log.warning("the provider is stopped", extra={"workspace_id": row.workspace_id, "error": str(failure)})
    return note_provider_stopped(connection, row, str(failure), now)


def _stand(connection: sa.Connection, row: ProviderRow, told: Sequence[Told], now: float) -> bool:
    failures = [one.failure for one in told if one.failure is not None]
    final = next((failure for failure in failures if failure.then is Then.STOP), None)
    tell = final is not None and stop(connection, row, final, now)
    later = [failure for failure in failures if failure.then is Then.LATER]
    answered = sum(one.verdict is not None for one in told)
    before = Breaker(row.failures, row.failing_since, row.paused_until)
    asked_to_wait = max((failure.retry_after or 0.0 for failure in later), default=0.0)
    breaker = after(before, answered, len(later), asked_to_wait, now)
    values: dict[str, object] = {}
    if breaker != before:
        values |= {
            "failures": breaker.failures,
            "failing_since": breaker.failing_since,
            "paused_until": breaker.paused_until,
        }
    if failures and final is None:
        values |= {"problem": str(failures[-1]), "problem_at": now}
    limit = next((one.requests_per_minute for one in reversed(told) if one.requests_per_minute is not None), None)
    if limit is not None and limit != row.requests_per_minute:
        values["requests_per_minute"] = limit
    if values:
        providers.change(connection, row, **values)
    if before.paused_until is not None and breaker.paused_until is None:
        log.info("the provider answers again", extra={"workspace_id": row.workspace_id})
        hurry(connection, messages, row.workspace_id, now)
    return tell


def note_budgets(connection: sa.Connection, budgets: Mapping[int, int | None], now: float) -> bool:
    """Notes each share of the budgets (micro-dollars) of these workspaces once, and makes the event of it.

    For workspaces that have just spent something. True when somebody is to be told.
    """
    limited = {one: limit for one, limit in budgets.items() if limit is not None}
    if not limited:
        return False
    events: list[Event] = []
    for workspace, sum_spent in sorted(usage.spent_in_month(connection, limited, now).items()):
        for share in SHARES:
            if sum_spent * 100 >= limited[workspace] * share and usage.note(connection, workspace, share, now):
                log.warning("the month's budget is used up to %d %%", share, extra={"workspace_id": workspace})
                events.append(_reached(workspace, share, sum_spent, limited[workspace], now))
    return insert_events(connection, events).told


def _reached(workspace: int, share: int, spent: int, budget: int, now: float) -> Event:
    usd, of_usd = spent / 1e6, budget / 1e6
    summary = f"{share} % of this month's budget are used: {usd:.2f} of {of_usd:.2f} US dollars."
    if share >= 100:
        summary += " The embedded scorer stands in until the month ends or the budget is raised."
    data = {"month": month_of(now), "share": share, "spent_usd": usd, "budget_usd": of_usd, "summary": summary}
    return Event(workspace, EventType.BUDGET_REACHED, Origin.LIVE, data, now)
