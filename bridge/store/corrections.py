"""A person's label: it moves the message's score into the label's bucket and stands in the helpdesk."""

import sqlalchemy as sa

from bridge.connector import LabelChange
from bridge.conversation import newest
from bridge.errors import Invalid, NotFound
from bridge.model import Origin, Score, ScoredMessage
from bridge.scale import Scale, score_for
from bridge.store.mood_hours import hour_of
from bridge.store.tables import messages, tickets
from bridge.store.ticket_events import tell
from bridge.store.ticket_state import Touched, recompute


def apply_label_change(
    connection: sa.Connection,
    workspace_id: int,
    connection_id: str,
    change: LabelChange,
    scale: Scale,
    now: float,
) -> int:
    """1 when the label that a person set in the helpdesk is now the ticket's own; 0 when it was known or means nothing.

    It applies to the newest scored customer message. The ticket is held: nothing is written over it until
    a customer message written after it is scored.
    """
    ticket = connection.execute(
        sa.select(tickets.c.held_at).where(
            tickets.c.connection_id == connection_id, tickets.c.ticket_id == change.ticket_id
        )
    ).first()
    if ticket is None or (ticket.held_at is not None and ticket.held_at >= change.at):
        return 0
    found = _newest_scored(connection, connection_id, change)
    if found is None:
        return 0
    message_id, before, written_at = found
    try:
        score = score_for(scale, change.label, before)
    except Invalid:
        return 0  # a label of another scale, or made up: not ours to follow
    connection.execute(
        sa.update(messages)
        .where(messages.c.id == message_id)
        .values(score=score, label=change.label, corrected_by=change.by or "helpdesk", corrected_at=change.at)
    )
    connection.execute(
        sa.update(tickets)
        .where(tickets.c.connection_id == connection_id, tickets.c.ticket_id == change.ticket_id)
        .values(held_at=change.at, written_label=change.label)
    )
    touched = Touched(workspace_id, Origin.CORRECTION, writable=True, hours=frozenset((hour_of(written_at),)))
    tell(connection, recompute(connection, {(connection_id, change.ticket_id): touched}, now), now)
    return 1


def correct_message(
    connection: sa.Connection,
    workspace_id: int,
    key: tuple[str, str, str],
    label: str,
    scale: Scale,
    by: str,
    now: float,
    writable: bool,
) -> Score | None:
    """The score of the message `key` (connection, ticket, message) under a person's label, which stands from now on.

    The helpdesk follows, even where a person had set a label there before: this one is newer.
    Raises NotFound when it is not a scored message, and Invalid for a label that is not of the scale.
    """
    connection_id, ticket_id, message_id = key
    c = messages.c
    found = connection.execute(
        sa.select(c.id, c.score, c.label, c.written_at).where(
            c.connection_id == connection_id,
            c.ticket_id == ticket_id,
            c.message_id == message_id,
            c.label.is_not(None),
        )
    ).first()
    if found is None:
        raise NotFound("There is no scored customer message of this id in this ticket")
    score = score_for(scale, label, found.score)
    if label == found.label:
        return score
    connection.execute(
        sa.update(messages).where(c.id == found.id).values(score=score, label=label, corrected_by=by, corrected_at=now)
    )
    ticket = sa.and_(tickets.c.connection_id == connection_id, tickets.c.ticket_id == ticket_id)
    connection.execute(sa.update(tickets).where(ticket).values(held_at=None))
    touched = Touched(workspace_id, Origin.CORRECTION, writable, hours=frozenset((hour_of(found.written_at),)))
    tell(connection, recompute(connection, {(connection_id, ticket_id): touched}, now), now)
    return score


def _newest_scored(
    connection: sa.Connection, connection_id: str, change: LabelChange
) -> tuple[int, Score | None, float] | None:
    """Of the newest scored message that was written before the change: the row's id, its score, when it was written."""
    c = messages.c
    of_ticket = sa.and_(
        c.connection_id == connection_id,
        c.ticket_id == change.ticket_id,
        c.label.is_not(None),
        c.written_at <= change.at,
    )
    last = sa.select(sa.func.max(c.written_at)).where(of_ticket).scalar_subquery()
    rows = {
        row.message_id: row
        for row in connection.execute(
            sa.select(c.id, c.message_id, c.written_at, c.score, c.label).where(of_ticket, c.written_at == last)
        )
    }
    if not rows:
        return None
    scored = [ScoredMessage(row.message_id, row.written_at, row.score, row.label) for row in rows.values()]
    row = rows[newest(scored).message_id]
    return row.id, row.score, row.written_at
