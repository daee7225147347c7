"""The label, score and trend of a ticket: written by the bridge, changed by people, counted and told.

Rule of the desk: a person's label stands until the bridge shows that it knows of it (`expected`).
Choosing the label that stands already changes nothing and tells nothing, as in the big helpdesks.
"""

import sqlite3

from connectors.sandbox.desk import hooks
from connectors.sandbox.desk.database import iso
from connectors.sandbox.desk.tickets import closed, row_of
from connectors.sandbox.desk.values import DeskError, SentimentWrite

_FOUR = ("positive", "neutral", "negative", "urgent")
_FIVE = ("very_positive", "positive", "neutral", "negative", "very_negative")


def write(connection: sqlite3.Connection, wanted: SentimentWrite, now: float) -> None:
    """The bridge's write to one ticket.

    DeskError: 404, 422 `ticket_closed`, and 409 `person` with the label that stands.
    """
    row = row_of(connection, wanted.ticket_id)
    if row["status"] == "closed":
        raise closed()
    if row["set_by"] == "person" and row["label"] != wanted.expected:
        connection.execute("UPDATE tickets SET conflicts = conflicts + 1 WHERE n = ?", (row["n"],))
        stands = (row["label"], iso(row["set_at"]))
        raise DeskError(409, "person", "a person has set the label since your last write", stands)
    same = (row["label"], row["score"], row["trend"], row["prefix"]) == (
        wanted.label,
        wanted.score,
        wanted.trend,
        wanted.prefix,
    )
    # A score written below a person's label does not make it the bridge's label.
    set_by = "person" if row["set_by"] == "person" and row["label"] == wanted.label else "bridge"
    connection.execute(
        "UPDATE tickets SET prefix = ?, label = ?, score = ?, trend = ?, set_by = ?, set_at = ?, updated_at = ?,"
        " writes = writes + 1, repeated = repeated + ? WHERE n = ?",
        (wanted.prefix, wanted.label, wanted.score, wanted.trend, set_by, now, now, same, row["n"]),
    )
    _tell_feed(connection, row, wanted.label, wanted.score, wanted.trend, "bridge", now)


def clear(connection: sqlite3.Connection, ticket_id: str, expected: str, now: float) -> None:
    """Takes the bridge's label, score and trend away. DeskError as of `write`; nothing there is no error."""
    row = row_of(connection, ticket_id)
    if row["label"] is None:
        return
    if row["status"] == "closed":
        raise closed()
    if row["label"] != expected:
        stands = (row["label"], iso(row["set_at"]))
        raise DeskError(409, "person", "a person has set the label since your last write", stands)
    connection.execute(
        "UPDATE tickets SET label = NULL, score = NULL, trend = NULL, set_by = NULL, set_at = NULL, updated_at = ?"
        " WHERE n = ?",
        (now, row["n"]),
    )


def set_by_person(connection: sqlite3.Connection, ticket_id: str, label: str, by: str, now: float) -> bool:
    """A person's label; False when it stood already. DeskError (404, 422)."""
    row = row_of(connection, ticket_id)
    if row["status"] == "closed":
        raise closed()
    if row["label"] == label:
        return False
    connection.execute(
        "UPDATE tickets SET prefix = ?, label = ?, set_by = 'person', set_at = ?, updated_at = ? WHERE n = ?",
        (row["prefix"] or "sentiment", label, now, now, row["n"]),
    )
    _tell_feed(connection, row, label, row["score"], row["trend"], "person", now)
    hooks.queue(
        connection,
        "label.changed",
        {"ticket_id": ticket_id, "label": label, "previous": row["label"], "by": by, "changed_at": iso(now)},
        now,
    )
    return True


def offered(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The labels that a person may choose: the usual four, or those of the scale that the bridge writes."""
    seen = {row["label"] for row in connection.execute("SELECT DISTINCT label FROM tickets WHERE label IS NOT NULL")}
    scale = _FIVE if seen & (set(_FIVE) - set(_FOUR)) else _FOUR
    return (*scale, *sorted(seen - set(scale) - {"unknown"}), "unknown")


def scores(connection: sqlite3.Connection, number: int, most: int = 12) -> list[int]:
    """The last scores that the ticket showed, oldest first."""
    rows = connection.execute(
        "SELECT score FROM feed WHERE ticket = ? AND kind = 'label' AND set_by = 'bridge' AND score IS NOT NULL"
        " ORDER BY n DESC LIMIT ?",
        (number, most),
    ).fetchall()
    return [row["score"] for row in reversed(rows)]


def _tell_feed(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    label: str,
    score: int | None,
    trend: str | None,
    set_by: str,
    now: float,
) -> None:
    post = connection.execute(
        "SELECT n, arrived_at FROM posts WHERE ticket = ? AND author = 'customer' ORDER BY n DESC LIMIT 1", (row["n"],)
    ).fetchone()
    connection.execute(
        "INSERT INTO feed (at, kind, ticket, post, previous, label, score, trend, set_by, waited_ms)"
        " VALUES (?, 'label', ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            now,
            row["n"],
            post["n"] if post else None,
            row["label"],
            label,
            score,
            trend,
            set_by,
            round((now - post["arrived_at"]) * 1000) if post else None,
        ),
    )
