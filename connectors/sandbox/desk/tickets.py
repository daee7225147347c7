"""What can be done with tickets: the rules of the desk, over its tables. Callers hold the transaction."""

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.sandbox.desk import hooks
from connectors.sandbox.desk.database import iso
from connectors.sandbox.desk.values import DeskError, NewPost, NewTicket

STAFF_ID = "staff-1"
STAFF_NAME = "Support"
_TICKET_ID = re.compile(r"T-([1-9][0-9]{0,15})")


@dataclass(frozen=True, slots=True)
class Post:
    post_id: str
    author: str
    author_id: str
    author_name: str
    text: str
    visibility: str
    written_at: float


@dataclass(frozen=True, slots=True)
class Mood:
    """What the ticket shows. `set_by` is `bridge` or `person`; `score` is in hundredths."""

    label: str
    score: int | None
    trend: str | None
    set_by: str
    set_at: float


@dataclass(frozen=True, slots=True)
class Ticket:
    ticket_id: str
    subject: str
    requester: str
    requester_id: str
    status: str
    tags: tuple[str, ...]
    created_at: float
    updated_at: float
    mood: Mood | None
    posts: tuple[Post, ...] = ()


def create(connection: sqlite3.Connection, new: NewTicket, now: float) -> tuple[str, str]:
    """The ids of the new ticket and of its first post, the customer's. Tells only the ticket's id."""
    known = connection.execute(
        "SELECT requester_id FROM tickets WHERE requester = ? ORDER BY n LIMIT 1", (new.requester,)
    ).fetchone()
    written_at = min(new.written_at or now, now)
    number = connection.execute(
        "INSERT INTO tickets (subject, requester, requester_id, status, tags, created_at, updated_at)"
        " VALUES (?, ?, ?, 'open', ?, ?, ?)",
        (new.subject, new.requester, new.requester_id or "", " ".join(new.tags), written_at, now),
    ).lastrowid
    if not new.requester_id:
        requester_id = known["requester_id"] if known else f"customer-{number}"
        connection.execute("UPDATE tickets SET requester_id = ? WHERE n = ?", (requester_id, number))
    row = connection.execute("SELECT * FROM tickets WHERE n = ?", (number,)).fetchone()
    post = _store_post(connection, row, NewPost("customer", new.text, written_at=new.written_at), now)
    hooks.queue(connection, "ticket.created", {"ticket_id": f"T-{number}"}, now)
    return f"T-{number}", post.post_id


def add_post(connection: sqlite3.Connection, ticket_id: str, new: NewPost, now: float) -> str:
    """The id of the new post. A customer's post opens a solved ticket again. DeskError (404, 422)."""
    row = _open_row(connection, ticket_id)
    post = _store_post(connection, row, new, now)
    if new.author == "customer" and row["status"] == "solved":
        connection.execute("UPDATE tickets SET status = 'open' WHERE n = ?", (row["n"],))
    hooks.queue(
        connection,
        "post.created",
        {
            "ticket_id": ticket_id,
            "post_id": post.post_id,
            "author": post.author,
            "author_id": post.author_id,
            "visibility": post.visibility,
            "text": post.text,
            "created_at": iso(post.written_at),
        },
        now,
    )
    return post.post_id


def set_status(connection: sqlite3.Connection, ticket_id: str, status: str, now: float) -> None:
    """Opens, solves or closes; closed is for good. DeskError (404, 422)."""
    row = _open_row(connection, ticket_id)
    if row["status"] == status:
        return
    connection.execute("UPDATE tickets SET status = ?, updated_at = ? WHERE n = ?", (status, now, row["n"]))
    if status == "solved":
        hooks.queue(connection, "ticket.solved", {"ticket_id": ticket_id, "changed_at": iso(now)}, now)


def mark(connection: sqlite3.Connection, ticket_id: str, tag: str, on: bool, note: str | None, now: float) -> bool:
    """Adds the bridge's tag, with an internal note, or takes it away; False when that was so. DeskError (404, 422)."""
    row = _open_row(connection, ticket_id)
    tags = row["tags"].split()
    if (tag in tags) == on:
        return False
    wanted = [*tags, tag] if on else [one for one in tags if one != tag]
    connection.execute("UPDATE tickets SET tags = ?, updated_at = ? WHERE n = ?", (" ".join(wanted), now, row["n"]))
    if on and note is not None:
        _store_post(connection, row, NewPost("staff", note, "internal", "moodbridge", "Moodbridge"), now)
    return True


def delete(connection: sqlite3.Connection, ticket_id: str, now: float) -> None:
    """Deletes the ticket with its posts, for good. DeskError (404)."""
    row = row_of(connection, ticket_id)
    connection.execute("DELETE FROM tickets WHERE n = ?", (row["n"],))
    hooks.queue(connection, "ticket.deleted", {"ticket_id": ticket_id}, now)


def one(connection: sqlite3.Connection, ticket_id: str) -> Ticket:
    """The ticket with its posts, oldest first. DeskError (404)."""
    row = row_of(connection, ticket_id)
    return _ticket(row, posts_of(connection, [row["n"]]).get(row["n"], ()))


def these(connection: sqlite3.Connection, ticket_ids: Sequence[str]) -> list[Ticket]:
    """Those of the tickets that there are, without posts, in the order asked for."""
    found = [_find(connection, ticket_id) for ticket_id in ticket_ids]
    return [_ticket(row) for row in found if row is not None]


def changed(
    connection: sqlite3.Connection, since: float, after: int, limit: int, with_posts: bool
) -> tuple[list[Ticket], bool]:
    """A page of the tickets changed since then, the earliest change first, and whether more follow.

    `after` is the number of the last ticket already seen of those changed exactly at `since`.
    """
    rows = connection.execute(
        "SELECT * FROM tickets WHERE (updated_at, n) > (?, ?) ORDER BY updated_at, n LIMIT ?", (since, after, limit + 1)
    ).fetchall()
    page = rows[:limit]
    posts = posts_of(connection, [row["n"] for row in page]) if with_posts else {}
    return [_ticket(row, posts.get(row["n"], ())) for row in page], len(rows) > limit


def newest(connection: sqlite3.Connection, limit: int) -> list[Ticket]:
    """The tickets made last, the newest first, without posts."""
    rows = connection.execute("SELECT * FROM tickets ORDER BY n DESC LIMIT ?", (limit,))
    return [_ticket(row) for row in rows]


def before(connection: sqlite3.Connection, number: int | None, limit: int) -> tuple[list[Ticket], int]:
    """The tickets made before the one with this number (None: all), the newest first, with their posts; and how many
    more there are."""
    bound = 2**62 if number is None else number
    rows = connection.execute("SELECT * FROM tickets WHERE n < ? ORDER BY n DESC LIMIT ?", (bound, limit)).fetchall()
    posts = posts_of(connection, [row["n"] for row in rows])
    last = rows[-1]["n"] if rows else 0
    (more,) = connection.execute("SELECT count(*) FROM tickets WHERE n < ?", (last,)).fetchone()
    return [_ticket(row, posts.get(row["n"], ())) for row in rows], more


def posts_of(connection: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, tuple[Post, ...]]:
    """The posts of these tickets by their numbers, oldest first."""
    found: dict[int, list[Post]] = {}
    marks = ",".join("?" * len(numbers))
    for row in connection.execute(f"SELECT * FROM posts WHERE ticket IN ({marks}) ORDER BY written_at, n", numbers):  # noqa: S608 - question marks only
        found.setdefault(row["ticket"], []).append(_post(row))
    return {number: tuple(posts) for number, posts in found.items()}


def number_of(ticket_id: str) -> int:
    """The number inside `T-1001`; 0 when it is no id of ours."""
    match = _TICKET_ID.fullmatch(ticket_id)
    return int(match[1]) if match else 0


def row_of(connection: sqlite3.Connection, ticket_id: str) -> sqlite3.Row:
    """The ticket's row. DeskError (404)."""
    row = _find(connection, ticket_id)
    if row is None:
        raise DeskError(404, "unknown_ticket", "there is no such ticket")
    return row


def _find(connection: sqlite3.Connection, ticket_id: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM tickets WHERE n = ?", (number_of(ticket_id),)
    ).fetchone()
    return row


def _open_row(connection: sqlite3.Connection, ticket_id: str) -> sqlite3.Row:
    row = row_of(connection, ticket_id)
    if row["status"] == "closed":
        raise closed()
    return row


def closed() -> DeskError:
    """The error for a change to a closed ticket."""
    return DeskError(422, "ticket_closed", "the ticket is closed for good; nothing about it can change")


def _store_post(connection: sqlite3.Connection, ticket: sqlite3.Row, new: NewPost, now: float) -> Post:
    customer = new.author == "customer"
    author_id = new.author_id or (ticket["requester_id"] if customer else STAFF_ID)
    author_name = new.author_name or (ticket["requester"] if customer else STAFF_NAME)
    written_at = min(new.written_at or now, now)
    number = connection.execute(
        "INSERT INTO posts (ticket, author, author_id, author_name, text, visibility, written_at, arrived_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (ticket["n"], new.author, author_id, author_name, new.text, new.visibility, written_at, now),
    ).lastrowid
    connection.execute("UPDATE tickets SET updated_at = ? WHERE n = ?", (now, ticket["n"]))
    connection.execute(
        "INSERT INTO feed (at, kind, ticket, post, author) VALUES (?, 'post', ?, ?, ?)",
        (now, ticket["n"], number, new.author),
    )
    return Post(str(number), new.author, author_id, author_name, new.text, new.visibility, written_at)


def _ticket(row: sqlite3.Row, posts: tuple[Post, ...] = ()) -> Ticket:
    mood = Mood(row["label"], row["score"], row["trend"], row["set_by"], row["set_at"]) if row["label"] else None
    tags = [*row["tags"].split(), *([f"{row['prefix']}_{row['label']}"] if mood else [])]
    return Ticket(
        ticket_id=f"T-{row['n']}",
        subject=row["subject"],
        requester=row["requester"],
        requester_id=row["requester_id"],
        status=row["status"],
        tags=tuple(tags),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        mood=mood,
        posts=posts,
    )


def _post(row: sqlite3.Row) -> Post:
    return Post(
        str(row["n"]),
        row["author"],
        row["author_id"],
        row["author_name"],
        row["text"],
        row["visibility"],
        row["written_at"],
    )
