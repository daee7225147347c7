"""What is kept only for a time."""

import sqlalchemy as sa

from bridge.store.tables import State, messages

DEAD_LETTER_DAYS = 7
"""Customer text of a message that could not be scored is kept so long, so that `retry` can still score it."""


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
