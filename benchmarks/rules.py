"""What trend, rules and events cost a settled message inside the transaction: `python -m benchmarks rules`."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa

from benchmarks.dashboard import fill_messages
from benchmarks.machine import heading, quantile, table
from benchmarks.rig import DATABASES, Rig, rig
from bridge import alert_channels, rules, webhooks
from bridge.model import Origin
from bridge.store.rows import statement
from bridge.store.tables import messages
from bridge.store.ticket_events import tell
from bridge.store.ticket_state import Touched, recompute

LENGTHS = (5, 5000)
BATCHES = (10, 100)
"""Messages that settle in one transaction, each of another ticket."""
TIMES = 24

MORE_RULES = [
    {"name": "declines", "trend": "declining", "average_below": -0.5},
    {"name": "very_negative", "latest_below": -0.7, "not_first": True},
    {"name": "vip", "latest_below": -0.2, "tags": ["vip"]},
    {"name": "again", "latest_below": -0.2, "contacts": 3, "within_days": 7},
    {"name": "waits", "latest_below": -0.2, "silent_hours": 4},
]


def main() -> None:
    """Prints the table."""
    heading("Trend and rules: milliseconds for each settled message, inside the transaction (without the commit)")
    columns = ("database", "rules", "messages a ticket", "labels change", "settled at once", "p50 ms", "p95 ms")
    table(columns, (row for database in DATABASES for row in _rows(database)))


def _rows(database: str) -> Iterator[Sequence[object]]:
    for length in LENGTHS:
        with rig(database) as bridge:
            size = max(BATCHES)
            workspace = fill_messages(bridge, size * length, length)
            webhooks.add(bridge.runtime, "acme", "http://127.0.0.1:9/told")
            alert_channels.add(bridge.runtime, "acme", "slack", "http://127.0.0.1:9/told")
            for name, some in (("the usual two", None), ("five, of every kind", json.dumps(MORE_RULES))):
                rules.change(bridge.runtime, "acme", some)
                for every, words in ((10, "a tenth"), (1, "all, and all escalate or recover")):
                    for batch in BATCHES:
                        times = _times(bridge, workspace, batch, every)
                        yield database, name, length, words, batch, quantile(times, 0.5), quantile(times, 0.95)


def _times(bridge: Rig, workspace: int, batch: int, every: int = 1) -> list[float]:
    """Milliseconds for a message: its ticket gets another score, and is computed and told anew."""
    m = messages.c
    times: list[float] = []
    with bridge.runtime.database.read() as connection:
        newest = sa.select(m.connection_id, m.ticket_id, sa.func.max(m.written_at), sa.func.max(m.id))
        tickets = connection.execute(newest.group_by(m.connection_id, m.ticket_id).limit(batch)).all()
    ids = [row[3] for row in tickets]
    touched = {
        (row[0], row[1]): Touched(
            workspace, Origin.LIVE, True, may_alert=True, since=row[2], hours=frozenset((int(row[2] // 3600),))
        )
        for row in tickets
    }
    for number in range(TIMES + 3):
        spent = bridge.runtime.database.write(lambda c, n=number: _settle(c, touched, ids, n, every))  # type: ignore[misc]
        times.append(spent * 1000 / batch)
    return times[3:]


def _settle(
    connection: sa.Connection, touched: Mapping[tuple[str, str], Touched], ids: Sequence[int], number: int, every: int
) -> float:
    """Seconds. Of one ticket in `every` the score goes up and down, so that its label changes, and it escalates."""
    newest = statement("UPDATE messages SET score = :score, label = :label WHERE id = :id")
    for place, row_id in enumerate(ids):
        moves = place % every == 0
        score, label = ((-90, "urgent") if number % 2 else (60, "positive")) if moves else (number % 10, "neutral")
        connection.execute(newest, {"score": score, "label": label, "id": row_id})
    # As if the day of the last escalation were over.
    connection.execute(statement("UPDATE tickets SET escalated_at = NULL WHERE escalated_at IS NOT NULL"))
    now = time.time()
    began = time.perf_counter()
    tell(connection, recompute(connection, touched, now), now)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
