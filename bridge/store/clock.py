"""After the clock was set back: rows that were due by the old time are due now, instead of hours later."""

import sqlalchemy as sa

from bridge.store.queue import CALL_HELPDESKS
from bridge.store.rows import statement
from bridge.store.tables import messages

SOON = 900.0
"""Seconds. What the clock was set back by less than this is waited for: our own pauses are as long."""

FAR = 7200.0
"""Seconds. Nothing is put off for longer."""


def catch_up(connection: sa.Connection, now: float) -> int:
    """Makes due what a clock that has jumped back since put far into the future; how many rows.

    A row that never was put off is due when it comes, so one that waits has a time of the old clock.
    """
    # By workspace and kind, as the queues' indexes are: where nothing is far ahead, nothing is read.
    return sum(
        connection.execute(
            statement(
                f"UPDATE {table.name} SET due_at = :now WHERE state = 0 AND worker_id IS NULL"
                " AND workspace_id IN (SELECT id FROM workspaces) AND bulk IN (0, 1) AND due_at > :soon"
                " AND (last_error IS NULL OR due_at > :far)"
            ),
            {"now": now, "soon": now + SOON, "far": now + FAR},
        ).rowcount
        for table in (messages, *CALL_HELPDESKS)
    )
