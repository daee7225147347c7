"""Checks of an installation and of a workspace, each with what to do when it fails."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import redis

from bridge import providers
from bridge.runtime import Runtime, redis_url
from bridge.store import health, workspaces
from bridge.vault import WrongKey
from bridge.wake import DRAINS, connect

SLOW_FLUSH = 8.0
"""Milliseconds. SQLite's ingest beside a busy drain leaves 50 ms p99 behind here (measured): PostgreSQL is for more."""

FAILED_SHARE = 0.2
"""Of a day's calls to a provider; the embedded scorer stands in for most of them."""

LITTLE_SPACE = 500 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Check:
    """One check: whether it is well, and what was found or what to do."""

    check: str
    ok: bool
    advice: str


def check(runtime: Runtime, slug: str | None = None) -> list[Check]:
    """All checks of the installation, and those of the workspace when one is named. Raises NotFound."""
    found = [one(runtime) for one in (_key, _space, _flush, _clock, _redis, _workers, _waiting)]
    if slug is not None:
        found += _workspace(runtime, slug)
    return found


def _key(runtime: Runtime) -> Check:
    with runtime.database.read() as connection:
        sample = health.any_secret(connection)
    if sample is None:
        return Check("secret key", True, "there is a key; nothing is stored with it yet")
    try:
        runtime.vault.decrypt(sample)
    except WrongKey as error:
        return Check("secret key", False, str(error))
    return Check("secret key", True, "it opens what is stored")


def _space(runtime: Runtime) -> Check:
    data_dir = runtime.settings.data_dir.absolute()
    there = next(folder for folder in (data_dir, *data_dir.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if free < LITTLE_SPACE:
        return Check("disk", False, f"{free // 1_000_000} MB are free in the data directory; make room")
    return Check("disk", True, f"{free // 1_000_000_000} GB are free")


def _flush(runtime: Runtime) -> Check:
    took = min(_timed(lambda: runtime.database.write(health.touch)) for _ in range(5)) * 1000
    kind = "SQLite" if runtime.database.is_sqlite else "PostgreSQL"
    if runtime.database.is_sqlite and took >= SLOW_FLUSH:
        return Check("database", False, f"{kind} needs {took:.0f} ms to commit; use PostgreSQL (DATABASE_URL)")
    return Check("database", True, f"{kind} commits in {took:.1f} ms")


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _clock(runtime: Runtime) -> Check:
    with runtime.database.read() as connection:
        ahead = health.newest_time(connection) - time.time()
    if ahead > 60:
        return Check("clock", False, f"it is {ahead:.0f} s behind what is stored; set the time of this machine")
    return Check("clock", True, "it agrees with what is stored")


def _redis(runtime: Runtime) -> Check:
    client = connect(redis_url(runtime.settings))
    try:
        version = client.info("server").get("redis_version", "unknown")
    except redis.RedisError:
        where = "REDIS_URL" if runtime.settings.redis_url else "is `moodbridge up` running?"
        return Check("Redis", False, f"it does not answer: {where}. Messages wait in the database meanwhile")
    finally:
        client.close()
    return Check("Redis", True, f"version {version} answers")


def _workers(runtime: Runtime) -> Check:
    client = connect(redis_url(runtime.settings))
    try:
        idle = [queue for queue in DRAINS if not health.listening(client, queue)]
    except redis.RedisError:
        return Check("workers", False, "cannot be seen while Redis does not answer")
    finally:
        client.close()
    if idle:
        return Check("workers", False, f"nobody works on {', '.join(idle)}; start `moodbridge up` or a worker")
    return Check("workers", True, "one or more listen on each queue")


def _waiting(runtime: Runtime) -> Check:
    with runtime.database.read() as connection:
        oldest = health.oldest_pending(connection, time.time())
    if oldest > 60:
        return Check("waiting", False, f"something is due since {oldest:.0f} s; see the workers' log")
    return Check("waiting", True, "nothing waits long")


def _workspace(runtime: Runtime, slug: str) -> Iterator[Check]:
    with runtime.database.read() as connection:
        workspace = workspaces.by_slug(connection, slug)
        dead = health.dead_letters(connection, workspace.id)
        failing = health.failing_connections(connection, workspace.id)
        receivers = health.failing_receivers(connection, workspace.id)
    yield Check(
        "enabled", True, "it is on" if workspace.settings.enabled else "it is off: nothing is scored or written"
    )
    for letter in dead:
        yield Check(
            f"dead letters in {letter.queue}",
            False,
            f"{letter.count}, the last one: {letter.error}. Mend that, then `moodbridge retry {slug}`",
        )
    for connection_id, error in failing:
        yield Check(f"connection {connection_id}", False, error)
    for receiver, kind, error in receivers:
        yield Check(f"{kind} {receiver}", False, error)
    if not dead and not failing:
        yield Check("connections", True, "none is failing, and nothing was given up on")
    yield from _provider(runtime, slug)


def _provider(runtime: Runtime, slug: str) -> Iterator[Check]:
    shown, used = providers.shown(runtime, slug), providers.usage(runtime, slug)
    if shown.state != "ok":
        yield Check("provider", False, f"{shown.state}: {shown.problem}. Messages are scored offline meanwhile")
    elif shown.provider == providers.OFFLINE:
        yield Check("provider", True, "none is set: the embedded scorer scores, on this machine")
    elif used.today.failed > FAILED_SHARE * used.today.calls:
        failed = f"{used.today.failed} of today's {used.today.calls} calls failed"
        yield Check("provider", False, f"{failed}, the last one because: {shown.problem}")
    else:
        yield Check("provider", True, f"{shown.provider} with {shown.model}; `provider test {slug}` makes a real call")
    if used.budget_usd is not None:
        yield _budget(used, used.budget_usd, slug)


def _budget(used: providers.UsageShown, budget: float, slug: str) -> Check:
    spent = f"${used.cost_usd:.2f} of ${budget:g} are used this month"
    if used.cost_usd >= budget:
        raise_it = f"`workspace set {slug} monthly_budget_usd=...` raises it"
        return Check("budget", False, f"{spent}: messages are scored offline until the next; {raise_it}")
    if used.total.unpriced:
        return Check(
            "budget", False, f"{spent}, but {used.total.unpriced} calls cost an unknown amount: it cannot hold"
        )
    return Check("budget", True, spent)
