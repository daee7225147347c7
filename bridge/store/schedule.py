"""Leases and next-run times of what runs by the clock."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from bridge.store.tables import schedule

POLL = "poll:"
"""How the names of connections' polls begin."""


def hold(connection: sa.Connection, name: str, holder: str, now: float, lease: float) -> bool:
    """True when `holder` has the lease `name` for the next `lease` seconds."""
    changed = connection.execute(
        sa.text(
            "INSERT INTO schedule (name, holder, until, next_at) VALUES (:name, :holder, :until, 0)"
            " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until"
            # A lease that ends far in the future was set by a clock that has jumped back since.
            " WHERE schedule.holder = excluded.holder OR schedule.until < :now OR schedule.until > :now + 2 * :lease"
        ),
        {"name": name, "holder": holder, "until": now + lease, "now": now, "lease": lease},
    )
    return changed.rowcount == 1


def due(connection: sa.Connection, every: Mapping[str, float], now: float) -> set[str]:
    """The names whose time has come, each with its own interval in seconds."""
    stored = {
        row.name: row.next_at
        for row in connection.execute(sa.select(schedule.c.name, schedule.c.next_at).where(schedule.c.name.in_(every)))
    }
    return {
        name
        for name, interval in every.items()
        # Further ahead than an interval: the clock has jumped back since.
        if stored.get(name, 0.0) <= now or stored[name] > now + interval
    }


def take_due(connection: sa.Connection, every: Mapping[str, float], now: float) -> set[str]:
    """The same; their next time is set."""
    taken = due(connection, every, now)
    for name in taken:
        _set(connection, name, now + every[name])
    return taken


def poll_again(connection: sa.Connection) -> None:
    """Every connection that is polled is due."""
    connection.execute(sa.update(schedule).where(schedule.c.name.startswith(POLL)).values(next_at=0.0))


def run_again(connection: sa.Connection, names: Iterable[str], now: float) -> None:
    """The names are due now: their runs could not be started."""
    for name in names:
        _set(connection, name, now)


def _set(connection: sa.Connection, name: str, next_at: float) -> None:
    connection.execute(
        sa.text(
            "INSERT INTO schedule (name, next_at) VALUES (:name, :next_at)"
            " ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at"
        ),
        {"name": name, "next_at": next_at},
    )
