"""A workspace's new scale: what is scored gets its labels anew from the scores, in batches that hold no lock long.

The settings are read in each batch's transaction, so that two changes at once end with the later scale everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.model import Origin
from bridge.scale import Scale
from bridge.store.mood_hours import hour_of, mark_stale
from bridge.store.tables import State, connections, messages, tickets, workspaces
from bridge.workspace_settings import from_json

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """Behind this row the next batch begins: a time and a row's id."""

    at: float
    row_id: int


def lock(connection: sa.Connection, slug: str) -> None:
    """Keeps other changes of this workspace's row out until the transaction ends (SQLite has one writer anyway)."""
    connection.execute(sa.select(workspaces.c.id).where(workspaces.c.slug == slug).with_for_update())


def labels_by_score(connection: sa.Connection, workspace_id: int, since: float) -> Sequence[tuple[int, str, int]]:
    """Scores and labels of messages that customers wrote since then, and how many of each."""
    m = messages.c
    query = sa.select(m.score, m.label, sa.func.count()).group_by(m.score, m.label)
    where = (m.workspace_id == workspace_id, m.label.is_not(None), m.score.is_not(None), m.written_at >= since)
    return [(score, label, count) for score, label, count in connection.execute(query.where(*where))]


def relabel_messages(connection: sa.Connection, workspace_id: int, after: Place | None) -> Place | None:
    """Relabels the scored messages behind `after`; where the next batch begins, None when this was the last."""
    m = messages.c
    scale = _scale(connection, workspace_id)
    where = [m.workspace_id == workspace_id, m.label.is_not(None)]
    if after is not None:
        where.append(sa.tuple_(m.written_at, m.id) > sa.tuple_(sa.literal(after.at), sa.literal(after.row_id)))
    rows = connection.execute(
        sa.select(m.id, m.written_at).where(*where).order_by(m.written_at, m.id).limit(BATCH)
    ).all()
    if not rows or scale is None:
        return None
    label = _label(m.score, scale)
    connection.execute(
        sa.update(messages)
        .where(m.id.in_([row.id for row in rows]), m.score.is_not(None), m.label != label)
        .values(label=label)
    )
    mark_stale(connection, [(workspace_id, hour_of(row.written_at)) for row in rows])
    return Place(rows[-1].written_at, rows[-1].id)


def relabel_tickets(connection: sa.Connection, workspace_id: int, after: Place | None, now: float) -> Place | None:
    """Relabels the tickets behind `after`; those that their helpdesk was told of become due. As above."""
    t = tickets.c
    scale = _scale(connection, workspace_id)
    where = [t.workspace_id == workspace_id]
    if after is not None:
        where.append(t.id > after.row_id)
    ids = connection.execute(sa.select(t.id).where(*where).order_by(t.id).limit(BATCH)).scalars().all()
    if not ids or scale is None:
        return None
    label = _label(t.score, scale)
    connection.execute(
        sa.update(tickets)
        .where(t.id.in_(ids), t.score.is_not(None), t.label != label)
        .values(label=label, updated_at=now)
    )
    _make_due(connection, ids, now)
    return Place(0.0, ids[-1])


def _make_due(connection: sa.Connection, ids: Sequence[int], now: float) -> None:
    """As `ticket_state.needs_write` says, for tickets whose label was written before and that nobody holds now."""
    t = tickets.c
    connection.execute(
        sa.update(tickets)
        .where(
            t.id.in_(ids),
            t.state == int(State.SETTLED),
            t.worker_id.is_(None),
            t.written_label.is_not(None),
            t.written_label != t.label,
            t.score.is_not(None),
            sa.or_(t.held_at.is_(None), t.shown_written_at > t.held_at),
            t.connection_id.in_(sa.select(connections.c.id).where(connections.c.status != "disconnected")),
        )
        .values(state=int(State.PENDING), bulk=1, origin=str(Origin.SCALE), due_at=now, attempts=0, last_error=None)
    )


def _scale(connection: sa.Connection, workspace_id: int) -> Scale | None:
    found = connection.execute(sa.select(workspaces.c.settings).where(workspaces.c.id == workspace_id)).scalar()
    return None if found is None else from_json(found).buckets


def _label(score: sa.ColumnElement[int | None], scale: Scale) -> sa.ColumnElement[str]:
    *upper, (lowest, _) = scale.buckets
    return sa.case(*((score >= int(edge), label) for label, edge in upper), else_=lowest)
