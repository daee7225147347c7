"""Releases that a team marks, with how customers felt before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from bridge import releases
from bridge.releases import Report
from bridge.tokens import Role
from bridge.web.api.endpoint import Call, endpoint
from bridge.web.api.paging import page_of
from bridge.web.api.types import Moment, Number, Paging, says

_Name = Annotated[str, says(pattern="^[!-~]([ -~]{0,98}[!-~])?$")]


@dataclass(frozen=True, slots=True)
class Felt:
    """The messages of a time: how many have a score, and how many are negative (under -0.2)."""

    scored: int
    avg_sentiment: Number | None
    negative: int
    negative_share: float | None


@dataclass(frozen=True, slots=True)
class Release:
    """A release, the same time before and after it, and by how much the share of negative messages changed.

    An `interval` (95 %) that holds 0 says that the change may be chance.
    """

    name: str
    at: Moment
    by: str
    days: float
    before: Felt
    after: Felt
    change: float | None
    interval: Sequence[float] | None


@dataclass(frozen=True, slots=True)
class ReleasePage:
    """Releases, the newest first."""

    items: Sequence[Release]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class NewRelease:
    """A release to mark, now unless `at` is given."""

    name: _Name
    at: Moment | None = None


@endpoint("GET", "/releases", Role.AGENT, ReleasePage)
def list_releases(call: Call, query: Paging) -> ReleasePage:
    """List the newest 200 releases."""
    found = [_shown(one) for one in releases.listed(call.runtime, call.slug, releases.MOST)]
    return ReleasePage(*page_of(found, query, lambda one: one.name))


@endpoint("POST", "/releases", Role.ADMIN, Release, status=201)
def mark_release(call: Call, body: NewRelease) -> Release:
    """Mark a release.

    The same name again marks nothing, and shows what has changed since.
    """
    return _shown(releases.mark(call.runtime, call.slug, body.name, call.by, body.at))


def _shown(one: Report) -> Release:
    mark = one.release
    return Release(mark.name, mark.at, mark.by, one.days, one.before, one.after, one.change, one.interval)  # type: ignore[arg-type]
