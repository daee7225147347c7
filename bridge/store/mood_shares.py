"""Shares of negative messages over times: for sudden shifts, and for what a release changed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.model import Origin
from bridge.shift import LEAST_NOW, WEEK, WEEKS, WINDOW, Share, has_shifted
from bridge.store.dashboard_numbers import MessageSum, Window, message_sum
from bridge.store.events import Event, EventType, insert_events
from bridge.store.mood_tables import releases
from bridge.store.rows import statement

TOLD_EVERY = 86_400.0
"""Seconds in which a workspace is told of one shift."""

RELEASED_LATELY = 86_400.0
"""A shift names the releases of so many seconds before it."""


@dataclass(frozen=True, slots=True)
class Release:
    """A deploy that somebody marked."""

    name: str
    at: float
    by: str


def sum_of(connection: sa.Connection, workspace_id: int, since: float, until: float) -> MessageSum:
    """The messages written from `since` up to before `until`."""
    window = Window(workspace_id, math.nextafter(since, -math.inf), math.nextafter(until, -math.inf), until)
    return message_sum(connection, window)


def share(found: MessageSum) -> Share:
    """Of messages with a score, the negative ones."""
    return Share(found.negative, found.scored)


def on(connection: sa.Connection) -> Sequence[int]:
    """The workspaces that are on."""
    return connection.execute(statement("SELECT id FROM workspaces WHERE enabled = 1 ORDER BY id")).scalars().all()


def shift_of(connection: sa.Connection, workspace_id: int, now: float) -> tuple[Share, Share] | None:
    """The recent share and the usual one, where the first is suddenly far higher; None else."""
    recent = share(sum_of(connection, workspace_id, now - WINDOW, now))
    if recent.scored < LEAST_NOW or not recent.negative:
        return None
    times = [now - week * WEEK for week in range(1, WEEKS + 1)]
    weeks = [share(sum_of(connection, workspace_id, at - WINDOW, at)) for at in times]
    usual = Share(sum(one.negative for one in weeks), sum(one.scored for one in weeks))
    shifted = has_shifted(recent, usual) and has_shifted(recent, usual, _alike(connection, workspace_id, now))
    return (recent, usual) if shifted else None


def _alike(connection: sa.Connection, workspace_id: int, now: float) -> float:
    """For how many messages of the window one counts: those of a ticket are one customer's."""
    counts = connection.execute(
        statement(
            "SELECT count(*) FROM messages WHERE workspace_id = :workspace AND label IS NOT NULL AND score IS NOT NULL"
            " AND written_at >= :since AND written_at < :now GROUP BY connection_id, ticket_id"
        ),
        {"workspace": workspace_id, "since": now - WINDOW, "now": now},
    )
    found = [int(one) for one in counts.scalars()]
    return sum(one * one for one in found) / max(1, sum(found))


def tell_shift(connection: sa.Connection, workspace_id: int, shift: tuple[Share, Share], now: float) -> bool:
    """Makes the event of a recent share and a usual one, once a day. True when `notify` must be woken afterwards."""
    recent, usual = shift
    told = connection.execute(
        statement(
            "SELECT 1 FROM events WHERE workspace_id = :workspace AND created_at > :since AND type = :type LIMIT 1"
        ),
        {"workspace": workspace_id, "since": now - TOLD_EVERY, "type": str(EventType.MOOD_SHIFTED)},
    ).first()
    if told is not None:
        return False
    lately = [one.name for one in released(connection, workspace_id, now - RELEASED_LATELY)]
    hours = round(WINDOW / 3600)
    summary = f"{recent.value:.0%} of the messages of the last {hours} hours are negative; usual is {usual.value:.0%}"
    data = {
        "summary": summary + (f". Released lately: {', '.join(lately)}" if lately else ""),
        "hours": hours,
        "messages": recent.scored,
        "negative": recent.negative,
        "share": round(recent.value, 4),
        "usual_share": round(usual.value, 4),
        "releases": lately,
    }
    event = Event(workspace_id, EventType.MOOD_SHIFTED, Origin.LIVE, data, now)
    return insert_events(connection, [event]).told


def mark(connection: sa.Connection, workspace_id: int, one: Release) -> Release:
    """The release as it is marked: one that is known stays as it was."""
    known = [other for other in released(connection, workspace_id, -math.inf) if other.name == one.name]
    if known:
        return known[0]
    connection.execute(sa.insert(releases).values(workspace_id=workspace_id, name=one.name, at=one.at, by=one.by))
    return one


def released(connection: sa.Connection, workspace_id: int, since: float, most: int = 1000) -> Sequence[Release]:
    """The workspace's releases since then, the newest first."""
    r = releases.c
    query = sa.select(r.name, r.at, r.by).where(r.workspace_id == workspace_id).order_by(r.at.desc(), r.id.desc())
    if since > -math.inf:
        query = query.where(r.at >= since)
    return [Release(*row) for row in connection.execute(query.limit(most))]
