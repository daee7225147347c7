"""What happened on the desk, in order, for whoever watches it from outside; and how often the bridge wrote."""

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """`kind` is `post` (with `author`) or `label` (with all from `previous` on)."""

    number: int
    at: float
    kind: str
    ticket_id: str
    subject: str
    post_id: str | None
    """The post; for a label the ticket's newest customer post."""
    author: str | None
    previous: str | None
    label: str | None
    score: int | None
    trend: str | None
    set_by: str | None
    waited_ms: int | None
    """From the arrival of that post on the desk to its label, in milliseconds."""


@dataclass(frozen=True, slots=True)
class TicketCount:
    ticket_id: str
    writes: int
    repeated: int
    """Writes that set what the ticket showed already."""
    conflicts: int
    """Writes refused because of a person's label."""


@dataclass(frozen=True, slots=True)
class Stats:
    tickets: tuple[TicketCount, ...]
    single_calls: int
    bulk_calls: int


def entries(connection: sqlite3.Connection, after: int, limit: int) -> list[Entry]:
    """The entries with a number above `after`, in order."""
    rows = connection.execute(
        "SELECT feed.*, tickets.subject FROM feed JOIN tickets ON tickets.n = feed.ticket"
        " WHERE feed.n > ? ORDER BY feed.n LIMIT ?",
        (after, limit),
    )
    return [
        Entry(
            number=row["n"],
            at=row["at"],
            kind=row["kind"],
            ticket_id=f"T-{row['ticket']}",
            subject=row["subject"],
            post_id=None if row["post"] is None else str(row["post"]),
            author=row["author"],
            previous=row["previous"],
            label=row["label"],
            score=row["score"],
            trend=row["trend"],
            set_by=row["set_by"],
            waited_ms=row["waited_ms"],
        )
        for row in rows
    ]


def count_call(connection: sqlite3.Connection, name: str) -> None:
    """Counts one call of the bridge: `single` or `bulk`."""
    connection.execute("INSERT INTO calls VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET n = n + 1", (name,))


def stats(connection: sqlite3.Connection) -> Stats:
    """The counts since the last reset."""
    calls = {row["name"]: row["n"] for row in connection.execute("SELECT * FROM calls")}
    tickets = tuple(
        TicketCount(f"T-{row['n']}", row["writes"], row["repeated"], row["conflicts"])
        for row in connection.execute("SELECT n, writes, repeated, conflicts FROM tickets ORDER BY n")
    )
    return Stats(tickets, calls.get("single", 0), calls.get("bulk", 0))
