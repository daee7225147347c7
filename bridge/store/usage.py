"""What scoring cost: one row for each workspace and day (UTC), and notes on the month's budget."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from bridge.store.rows import rows_parameter, rows_sql
from bridge.store.tables import budget_notes, usage


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts of calls, tokens, messages; `cost` in micro-dollars. The columns are told in `tables`."""

    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0
    unpriced: int = 0
    cached: int = 0
    offline: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*(mine + more for mine, more in zip(astuple(self), astuple(other), strict=True)))


_NAMES = tuple(Usage.__slots__)
_COLUMNS = {"workspace_id": "int", "day": "text"} | dict.fromkeys(_NAMES, "int")


def day_of(at: float) -> str:
    """The day of a Unix time in UTC: 2026-11-22."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def month_of(at: float) -> str:
    """The month of a Unix time in UTC: 2026-11."""
    return day_of(at)[:7]


def add(connection: sa.Connection, spent: Mapping[int, Usage], now: float) -> None:
    """Adds to today's rows of these workspaces, in their order, so that two processes never wait in a circle."""
    if not spent:
        return
    names = ", ".join(_COLUMNS)
    sums = ", ".join(f"{name} = usage.{name} + excluded.{name}" for name in _NAMES)
    connection.execute(
        sa.text(
            f"INSERT INTO usage ({names}) SELECT {names} FROM {rows_sql(connection, _COLUMNS)} AS given"
            f" WHERE true ON CONFLICT (workspace_id, day) DO UPDATE SET {sums}"
        ),
        {"rows": rows_parameter([[one, day_of(now), *astuple(spent[one])] for one in sorted(spent)])},
    )


def spent_in_month(connection: sa.Connection, ids: Collection[int], now: float) -> dict[int, int]:
    """Micro-dollars that each of these workspaces has spent since the month began."""
    query = (
        sa.select(usage.c.workspace_id, sa.func.sum(usage.c.cost))
        .where(usage.c.workspace_id.in_(ids), usage.c.day >= month_of(now))
        .group_by(usage.c.workspace_id)
    )
    return {workspace: int(cost) for workspace, cost in connection.execute(query)}


def days(connection: sa.Connection, workspace_id: int, month: str) -> Sequence[tuple[str, Usage]]:
    """The workspace's days of a month (2026-11), the oldest first."""
    query = (
        sa.select(usage.c.day, *(usage.c[name] for name in _NAMES))
        .where(usage.c.workspace_id == workspace_id, usage.c.day.startswith(month, autoescape=True))
        .order_by(usage.c.day)
    )
    return [(row[0], Usage(*row[1:])) for row in connection.execute(query)]


def note(connection: sa.Connection, workspace_id: int, share: int, now: float) -> bool:
    """Notes that the month's spending has reached this share (per cent) of the budget. True for the first time."""
    noted = connection.execute(
        sa.text(
            "INSERT INTO budget_notes (workspace_id, month, share, at) VALUES (:workspace, :month, :share, :now)"
            " ON CONFLICT (workspace_id, month, share) DO NOTHING"
        ),
        {"workspace": workspace_id, "month": month_of(now), "share": share, "now": now},
    )
    return noted.rowcount == 1


def notes(connection: sa.Connection, workspace_id: int, month: str) -> dict[int, float]:
    """When a month's spending reached which share of the budget, in per cent."""
    n = budget_notes.c
    query = sa.select(n.share, n.at).where(n.workspace_id == workspace_id, n.month == month).order_by(n.share)
    return {row.share: row.at for row in connection.execute(query)}


def forget_notes(connection: sa.Connection, workspace_id: int) -> None:
    """The budget was changed: what was noted of the former one is no longer true."""
    connection.execute(sa.delete(budget_notes).where(budget_notes.c.workspace_id == workspace_id))
