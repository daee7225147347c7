"""What an event says its ticket showed: carried by the row that it made, up to the ticket that is to be written."""

import json
import time
from collections.abc import Sequence

import sqlalchemy as sa

from bridge.connector import Seen
from bridge.store.rows import rows_parameter, rows_sql
from bridge.store.tables import State


def as_text(one: Seen) -> str:
    """As messages and read requests keep it, beside their ticket's id."""
    return json.dumps([one.label, one.stamp])


def from_text(ticket_id: str, text: str | None) -> Seen | None:
    """What `as_text` stored."""
    if text is None:
        return None
    label, stamp = json.loads(text)
    return Seen(ticket_id, label, stamp)


def newer(one: Seen | None, other: Seen | None) -> Seen | None:
    """The one of the later stamp."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda told: told.stamp)


_COLUMNS = {"connection_id": "text", "ticket_id": "text", "label": "text", "stamp": "text"}


def doubt(connection: sa.Connection, told: Sequence[tuple[str, Seen]]) -> int:
    """Makes tickets due that do not show what we wrote, by their connection's id and what was seen; how many.

    For events that bring nothing to score: what is scored tells its ticket itself. A person's label that we know
    of stands anyway.
    """
    newest: dict[tuple[str, str], Seen] = {}
    for connection_id, one in told:
        key = (connection_id, one.ticket_id)
        newest[key] = newer(newest.get(key), one) or one
    if not newest:
        return 0
    # In key order, as a settle locks them.
    lock = "" if connection.dialect.name == "sqlite" else " ORDER BY t.connection_id, t.ticket_id FOR UPDATE OF t"
    rows = connection.execute(
        sa.text(
            f"SELECT t.id, given.label, given.stamp FROM {rows_sql(connection, _COLUMNS)} AS given JOIN tickets t"
            " ON t.connection_id = given.connection_id AND t.ticket_id = given.ticket_id"
            f" WHERE t.state = {int(State.SETTLED)} AND t.written_label <> COALESCE(given.label, '')"
            " AND COALESCE(t.seen_stamp, '') < given.stamp"
            f" AND (t.held_at IS NULL OR t.held_at < t.shown_written_at){lock}"
        ),
        {"rows": rows_parameter([[*key, newest[key].label, newest[key].stamp] for key in sorted(newest)])},
    ).all()
    now = time.time()
    for row in rows:  # few: an event seldom says so
        connection.execute(
            sa.text(
                "UPDATE tickets SET state = 0, bulk = 0, due_at = :now, attempts = 0, deaths = 0, last_error = NULL,"
                " seen_label = :label, seen_stamp = :stamp WHERE id = :id"
            ),
            {"id": row.id, "label": row.label, "stamp": row.stamp, "now": now},
        )
    return len(rows)
