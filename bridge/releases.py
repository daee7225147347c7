"""Releases that a team marks, and whether customers are unhappier since."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.errors import Invalid, NotFound
from bridge.model import Score
from bridge.runtime import Runtime
from bridge.shift import Share, difference
from bridge.store import mood_shares, workspaces
from bridge.store.dashboard_numbers import MessageSum
from bridge.store.mood_shares import Release

__all__ = ["Before", "Release", "Report", "listed", "mark", "report"]

LONGEST = 7 * 86_400.0
"""Seconds that are looked at before a release and after it, at most."""
USUAL = 20
MOST = 200
_NAME = re.compile(r"\S(.{0,98}\S)?")


@dataclass(frozen=True, slots=True)
class Before:
    """The messages of a time: how many have a score, their mean, and how many are negative (under -0.2)."""

    scored: int
    avg_sentiment: Score | None
    negative: int
    negative_share: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """A release, the same time before and after it (up to 7 days, up to now), and the difference."""

    release: Release
    days: float
    """How long both times are."""
    before: Before
    after: Before
    change: float | None
    """The share of negative messages after minus before; None while one of them has no message."""
    interval: tuple[float, float] | None
    """Its 95 % interval: one that holds 0 says that the difference may be chance."""


def mark(runtime: Runtime, slug: str, name: str, by: str, at: float | None = None) -> Report:
    """Marks a release, now unless `at` is given, and reports on it. One of that name stays as it was marked first.

    Raises NotFound and Invalid.
    """
    now = time.time()
    if not _NAME.fullmatch(name) or not name.isprintable():
        raise Invalid("name", "give a name of 1 to 100 printable characters")
    if at is not None and not 0 < at <= now + 300:
        raise Invalid("at", "give a time that is over")

    def store(connection: sa.Connection) -> None:
        workspace = workspaces.by_slug(connection, slug)
        mood_shares.mark(connection, workspace.id, Release(name, now if at is None else at, by))

    runtime.database.write(store)
    return report(runtime, slug, name)


def report(runtime: Runtime, slug: str, name: str, now: float | None = None) -> Report:
    """What changed with a release. Raises NotFound."""
    with runtime.database.read() as connection:
        workspace = workspaces.by_slug(connection, slug)
        found = mood_shares.released(connection, workspace.id, 0.0)
        one = next((one for one in found if one.name == name), None)
        if one is None:
            raise NotFound(f"No release {name} is marked; `moodbridge releases {slug}` lists those that are")
        return _report(connection, workspace.id, one, time.time() if now is None else now)


def listed(runtime: Runtime, slug: str, limit: int = USUAL, now: float | None = None) -> Sequence[Report]:
    """The newest releases with what changed, the newest first. Raises NotFound and Invalid."""
    if not 1 <= limit <= MOST:
        raise Invalid("limit", f"give a number from 1 to {MOST}")
    with runtime.database.read() as connection:
        workspace = workspaces.by_slug(connection, slug)
        at = time.time() if now is None else now
        found = mood_shares.released(connection, workspace.id, 0.0, limit)
        return [_report(connection, workspace.id, one, at) for one in found]


def _report(connection: sa.Connection, workspace_id: int, one: Release, now: float) -> Report:
    length = max(0.0, min(LONGEST, now - one.at))
    before = mood_shares.sum_of(connection, workspace_id, one.at - length, one.at)
    after = mood_shares.sum_of(connection, workspace_id, one.at, one.at + length)
    shares = mood_shares.share(before), mood_shares.share(after)
    interval = difference(*shares)
    return Report(
        release=one,
        days=round(length / 86_400, 2),
        before=_shown(before, shares[0]),
        after=_shown(after, shares[1]),
        change=None if interval is None else round(shares[1].value - shares[0].value, 4),
        interval=None if interval is None else (round(interval[0], 4), round(interval[1], 4)),
    )


def _shown(found: MessageSum, share: Share) -> Before:
    mean = Score(round(found.total / found.scored)) if found.scored else None
    return Before(found.scored, mean, found.negative, round(share.value, 4) if found.scored else None)
