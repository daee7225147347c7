"""Runs over old tickets: the daily backfill, and catch-ups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from bridge import runs
from bridge.runs import Run
from bridge.tokens import Role
from bridge.web.api.endpoint import Call, endpoint
from bridge.web.api.paging import page_of
from bridge.web.api.types import Moment, Paging, says


@dataclass(frozen=True, slots=True)
class Backfill:
    """A run and what it has brought so far; `found`, `scored`, `written` and `skipped` (by reason) count tickets.

    `remaining` are tickets behind where the backfill stands, `days_left` the days until the daily one has seen them.
    """

    run: str
    kind: str
    state: str
    limit: int
    found: int
    scored: int
    written: int
    skipped: Mapping[str, int]
    cached: int
    messages: int
    pending: int
    remaining: int | None
    days_left: int | None
    cost_usd: float
    started_at: Moment
    ended_at: Moment | None
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class BackfillPage:
    """Runs, the newest first."""

    items: Sequence[Backfill]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class NewBackfill:
    """How many tickets a catch-up may take; all when it is left out."""

    limit: Annotated[int, says(minimum=1, maximum=runs.MOST)] | None = None


@endpoint("GET", "/backfills", Role.AGENT, BackfillPage)
def list_backfills(call: Call, query: Paging) -> BackfillPage:
    """List the last 50 runs over old tickets."""
    found = runs.listed(call.runtime, call.slug)
    return BackfillPage(*page_of(found, query, lambda one: one.run))  # type: ignore[arg-type]


@endpoint("POST", "/backfills", Role.ADMIN, Backfill, status=201)
def begin_backfill(call: Call, body: NewBackfill) -> Run:
    """Begin a catch-up over tickets without a score, the newest first."""
    return runs.begin(call.runtime, call.slug, body.limit)


@endpoint("GET", "/backfills/<run>", Role.AGENT, Backfill)
def show_backfill(call: Call, run: str) -> Run:
    """Show a run as it stands."""
    return runs.show(call.runtime, call.slug, run)


@endpoint("DELETE", "/backfills/<run>", Role.ADMIN, Backfill)
def cancel_backfill(call: Call, run: str) -> Run:
    """End a run: what it has not begun is dropped, what it has scored stays."""
    return runs.cancel(call.runtime, call.slug, run)
