"""The desk's webhooks: who is told, and the events that wait to be sent."""

import hashlib
import json
import sqlite3
import uuid
from dataclasses import dataclass, field

from bridge import signing
from connectors.sandbox.desk.database import iso
from connectors.sandbox.desk.values import DeskError, Fields

_KEPT = 10_000
"""How many settled deliveries are remembered, without their bodies."""


@dataclass(frozen=True, slots=True)
class Webhook:
    webhook_id: str
    url: str
    created_at: float
    fingerprint: str
    """SHA-256 of the secret in hex, by which its holder sees whether it is still the one."""
    secret: str | None = field(default=None, repr=False)
    """Set only when it was made just now: it is shown once."""


def add(connection: sqlite3.Connection, url: str, now: float) -> Webhook:
    """The webhook of this address: a new one with its secret, or the one that is there already without."""
    row = connection.execute("SELECT * FROM webhooks WHERE url = ?", (url,)).fetchone()
    if row is not None:
        return _webhook(row)
    secret = signing.new_secret()
    number = connection.execute(
        "INSERT INTO webhooks (url, secret, secret_made_at, created_at) VALUES (?, ?, ?, ?)", (url, secret, now, now)
    ).lastrowid
    return Webhook(str(number), url, now, _fingerprint(secret), secret)


def rotate(connection: sqlite3.Connection, webhook_id: str, now: float) -> Webhook:
    """A new secret for this webhook; everything sent from now on is signed with it alone. DeskError (404)."""
    row = _row(connection, webhook_id)
    secret = signing.new_secret()
    connection.execute("UPDATE webhooks SET secret = ?, secret_made_at = ? WHERE n = ?", (secret, now, row["n"]))
    return Webhook(str(row["n"]), row["url"], row["created_at"], _fingerprint(secret), secret)


def delete(connection: sqlite3.Connection, webhook_id: str) -> None:
    """Takes the webhook away with all that waits for it. DeskError (404)."""
    connection.execute("DELETE FROM webhooks WHERE n = ?", (_row(connection, webhook_id)["n"],))


def listed(connection: sqlite3.Connection) -> list[Webhook]:
    """All webhooks, without their secrets, in the order they were made."""
    return [_webhook(row) for row in connection.execute("SELECT * FROM webhooks ORDER BY n")]


def queue(connection: sqlite3.Connection, kind: str, data: dict[str, object], now: float) -> None:
    """Lays one event ready for every webhook, in the transaction of what happened."""
    event_id = f"evt_{uuid.uuid4().hex}"
    event = {"type": kind, "timestamp": iso(now), "data": data}
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    for (number,) in connection.execute("SELECT n FROM webhooks ORDER BY n").fetchall():
        connection.execute(
            "INSERT INTO deliveries (webhook, event_id, type, body, created_at, state, due_at)"
            " VALUES (?, ?, ?, ?, ?, 'waiting', ?)",
            (number, event_id, kind, body, now, now),
        )


def prune(connection: sqlite3.Connection) -> None:
    """Forgets old deliveries that are settled."""
    connection.execute(
        "DELETE FROM deliveries WHERE state != 'waiting' AND n < (SELECT max(n) FROM deliveries) - ?", (_KEPT,)
    )


def url_of(body: object) -> str:
    """The address in the body that asks for a webhook. DeskError (422)."""
    fields = Fields(body)
    url = fields.text("url", 2000)
    fields.done()
    if not url.startswith(("http://", "https://")) or any(character.isspace() for character in url):
        raise DeskError(422, "malformed", "url: must be an http or https address")
    return url


def _row(connection: sqlite3.Connection, webhook_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM webhooks WHERE CAST(n AS TEXT) = ?", (webhook_id,)
    ).fetchone()
    if row is None:
        raise DeskError(404, "unknown_webhook", "there is no such webhook")
    return row


def _webhook(row: sqlite3.Row) -> Webhook:
    return Webhook(str(row["n"]), row["url"], row["created_at"], _fingerprint(row["secret"]))


def _fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
