"""What is kept only for a time."""

import sqlalchemy as sa

from bridge.store.tables import State, deliveries, events, messages

DEAD_LETTER_DAYS = 7
"""Customer text of a message that could not be scored is kept so long, so that `retry` can still score it."""

TOLD_DAYS = 30
"""Events and the log of their deliveries are kept so long; until then they can be sent again."""

TOLD_AT_ONCE = 500


def forget_told(connection: sa.Connection, now: float) -> int:
    """Deletes some of the oldest events and their deliveries; how many events. 0: none is old enough."""
    oldest = sa.select(events.c.id, events.c.created_at).order_by(events.c.id).limit(TOLD_AT_ONCE)
    old = [row.id for row in connection.execute(oldest) if row.created_at < now - TOLD_DAYS * 86_400]
    if old:
        connection.execute(sa.delete(deliveries).where(deliveries.c.event_id.in_(old)))
        connection.execute(sa.delete(events).where(events.c.id.in_(old)))
    return len(old)


def forget_old(connection: sa.Connection, now: float) -> int:
    """Forgets the customer text of dead letters older than a week; returns how many."""
    return connection.execute(
        sa.update(messages)
        .where(
            messages.c.state == sa.literal_column(str(int(State.DEAD))),
            messages.c.text.is_not(None),
            messages.c.due_at < now - DEAD_LETTER_DAYS * 86_400,
        )
        .values(text=None)
    ).rowcount
