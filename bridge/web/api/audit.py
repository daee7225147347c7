"""The audit log: who changed what, when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from bridge import audit
from bridge.tokens import Role
from bridge.web.api.endpoint import Call, endpoint
from bridge.web.api.types import Moment, says


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody did; no secret is in `detail`."""

    id: int
    at: Moment
    by: str
    what: str
    detail: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Changes, the newest first."""

    items: Sequence[Change]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which page."""

    cursor: Annotated[int, says(minimum=0, maximum=2**53)] | None = None
    limit: Annotated[int, says(minimum=1, maximum=200)] = 50


@endpoint("GET", "/audit", Role.ADMIN, ChangePage)
def list_audit(call: Call, query: AuditQuery) -> ChangePage:
    """List who changed what."""
    found = audit.listed(call.runtime, call.slug, query.cursor, query.limit + 1)
    page = found[: query.limit]
    return ChangePage(page, str(page[-1].id) if len(found) > query.limit else None)  # type: ignore[arg-type]
