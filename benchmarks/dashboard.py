"""How fast the dashboard's numbers are, over few and over many messages: `python -m benchmarks dashboard`."""

import time
from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa

from benchmarks.machine import heading, quantile, table
from benchmarks.rig import DATABASES, Rig, rig
from bridge import connections, dashboard, tickets, workspaces
from bridge.store import mood_hours
from bridge.store.tables import messages
from bridge.tickets import Filters, Order
from jobs.numbers import count_stale

SIZES = (10_000, 1_000_000)
DAYS = 90
"""All messages are of the last 90 days, five to a ticket, two tags and a group to each ticket."""
WINDOWS = (7, 30, DAYS)
CALLS = 60

_MESSAGES = """
    INSERT INTO messages (workspace_id, connection_id, ticket_id, message_id, author, author_id, written_at,
      received_at, origin, state, bulk, due_at, score, label, scorer, scored_at, cost)
    SELECT :workspace, :connection, 'T-' || ticket, 'm-' || n, 'customer', 'c-' || (ticket % 20000), at, at, 'live', 1,
      0, at, score, CASE WHEN score IS NULL THEN 'unknown' WHEN score >= 50 THEN 'positive'
        WHEN score >= -20 THEN 'neutral' WHEN score >= -70 THEN 'negative' ELSE 'urgent' END,
      '["offline","rules","1"]', at, 20
    FROM (
      WITH RECURSIVE counted(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < :count)
      SELECT n, n / :each AS ticket,
        :began + (n / :each) * (:span / (:count / :each)) + (n % :each) * (100000.0 / :each) AS at,
        CASE WHEN n % 20 = 7 THEN NULL ELSE (n % 1000 * 7919) % 201 - 100 END AS score
      FROM counted
    ) AS made
"""
_TICKETS = """
    INSERT INTO tickets (workspace_id, connection_id, ticket_id, label, score, trend, direction, current_avg,
      messages_scored, messages_unknown, shown_message_id, shown_written_at, updated_at, origin, state, bulk, due_at,
      first_score, lowest_score, newest_at, negative_at)
    SELECT workspace_id, connection_id, ticket_id, max(label), max(score),
      CASE WHEN min(id) % 4 = 0 THEN 'declining' ELSE 'stable' END, 0, 0, count(*), count(*) - count(score),
      max(message_id), max(written_at), max(written_at), 'live', 1, 0, 0, min(score), min(score), max(written_at),
      max(CASE WHEN score < -50 THEN written_at END)
    FROM messages GROUP BY workspace_id, connection_id, ticket_id
"""
_FACTS = (
    "INSERT INTO ticket_facts (connection_id, ticket_id, workspace_id, group_name)"
    " SELECT connection_id, ticket_id, workspace_id, 'group ' || (id % 5) FROM tickets",
    "INSERT INTO ticket_tags (connection_id, ticket_id, tag)"
    " SELECT connection_id, ticket_id, 'tag-' || (id % 20) FROM tickets"
    " UNION ALL SELECT connection_id, ticket_id, 'kind-' || (id % 3) FROM tickets",
)


def main() -> None:
    """Prints the table, and the plans of what is counted from messages and tickets themselves."""
    heading(f"Dashboard: {CALLS} calls one after the other, messages of the last {DAYS} days")
    columns = ("database", "messages", "what", "p50 ms", "p95 ms", "growth of p95")
    table(columns, (row for database in DATABASES for row in _rows(database)))


def _rows(database: str) -> Iterator[Sequence[object]]:
    before: dict[str, float] = {}
    for size in SIZES:
        with rig(database) as bridge:
            slug, seconds = _filled(bridge, size)
            for name, call in _calls(bridge, slug):
                times = _times(call)
                p95 = quantile(times, 0.95) * 1000
                growth = f"{p95 / before[name]:.1f}" if name in before else "-"
                before[name] = p95
                yield database, size, name, quantile(times, 0.5) * 1000, p95, growth
            yield database, size, "counting all hours anew, seconds", seconds, None, "-"


def _calls(bridge: Rig, slug: str) -> Iterator[tuple[str, Callable[[], object]]]:
    runtime = bridge.runtime
    for days in WINDOWS:
        yield f"all numbers of {days} days", lambda days=days: dashboard.show(runtime, slug, days)  # type: ignore[misc]
    yield "50 tickets, the worst first", lambda: tickets.listed(runtime, slug, order=Order.SCORE)
    negative = Filters(label="urgent")
    yield "50 urgent tickets, the newest first", lambda: tickets.listed(runtime, slug, negative)
    bridge.runtime.database.write(_one_day_stale)
    yield "all numbers of 7 days, while the hours of one day are stale", lambda: dashboard.show(runtime, slug, 7)


def _times(call: Callable[[], object]) -> list[float]:
    times: list[float] = []
    for _ in range(CALLS):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return times[3:]


def _filled(bridge: Rig, size: int) -> tuple[str, float]:
    """The workspace, and how long it took to count its hours."""
    fill_messages(bridge, size, 5)
    began = time.monotonic()
    count_stale(bridge.runtime, time.time(), 120)
    seconds = time.monotonic() - began
    _analyze(bridge)
    return "acme", seconds


def fill_messages(bridge: Rig, size: int, each: int) -> int:
    """A workspace `acme` with so many scored messages, `each` to a ticket, of the last DAYS days; its id."""
    home = workspaces.add(bridge.runtime, "acme")
    connection = connections.connect(bridge.runtime, "acme", "api", {}).connection
    now = time.time()
    span = DAYS * 86_400.0 - 100_000
    given = {
        "workspace": home.id, "connection": connection, "count": size, "each": each, "began": now - span - 90_000,
        "span": span,
    }  # fmt: skip

    def fill(db: sa.Connection) -> None:
        db.execute(sa.text(_MESSAGES), given)
        for statement in (_TICKETS, *_FACTS):
            db.execute(sa.text(statement))
        times = db.execute(sa.select(messages.c.written_at)).scalars()
        mood_hours.mark_stale(db, {(home.id, mood_hours.hour_of(at)) for at in times})

    bridge.runtime.database.write(fill, timeout=170)
    _analyze(bridge)
    return home.id


def _analyze(bridge: Rig) -> None:
    with bridge.runtime.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.exec_driver_sql("ANALYZE" if bridge.runtime.database.is_sqlite else "VACUUM ANALYZE")


def _one_day_stale(db: sa.Connection) -> None:
    db.execute(
        sa.text(
            "INSERT INTO stale_hours (workspace_id, hour) SELECT DISTINCT workspace_id, hour FROM message_hours"
            " WHERE hour > (SELECT max(hour) FROM message_hours) - 24"
        )
    )


if __name__ == "__main__":
    main()
