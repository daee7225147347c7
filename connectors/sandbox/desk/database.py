"""The desk's one SQLite file: what is in it, and how the desk's threads take turns at it."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tickets (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  subject TEXT NOT NULL, requester TEXT NOT NULL, requester_id TEXT NOT NULL,
  status TEXT NOT NULL, tags TEXT NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL,
  prefix TEXT, label TEXT, score INTEGER, trend TEXT, set_by TEXT, set_at REAL,
  writes INTEGER NOT NULL DEFAULT 0, repeated INTEGER NOT NULL DEFAULT 0, conflicts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS tickets_updated ON tickets (updated_at, n);
CREATE TABLE IF NOT EXISTS posts (
  n INTEGER PRIMARY KEY AUTOINCREMENT, ticket INTEGER NOT NULL REFERENCES tickets ON DELETE CASCADE,
  author TEXT NOT NULL, author_id TEXT NOT NULL, author_name TEXT NOT NULL,
  text TEXT NOT NULL, visibility TEXT NOT NULL, written_at REAL NOT NULL, arrived_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS posts_ticket ON posts (ticket, n);
CREATE TABLE IF NOT EXISTS webhooks (
  n INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL UNIQUE,
  secret TEXT NOT NULL, secret_made_at REAL NOT NULL, created_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
  n INTEGER PRIMARY KEY AUTOINCREMENT, webhook INTEGER NOT NULL REFERENCES webhooks ON DELETE CASCADE,
  event_id TEXT NOT NULL, type TEXT NOT NULL, body BLOB, created_at REAL NOT NULL,
  state TEXT NOT NULL, due_at REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, last_answer TEXT
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_at) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS feed (
  n INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL,
  ticket INTEGER NOT NULL REFERENCES tickets ON DELETE CASCADE, post INTEGER, author TEXT,
  previous TEXT, label TEXT, score INTEGER, trend TEXT, set_by TEXT, waited_ms INTEGER
);
CREATE INDEX IF NOT EXISTS feed_ticket ON feed (ticket, n);
CREATE TABLE IF NOT EXISTS calls (name TEXT PRIMARY KEY, n INTEGER NOT NULL);
INSERT INTO sqlite_sequence (name, seq) SELECT 'tickets', 1000
  WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'tickets');
"""


class Database:
    """One connection and one lock. `changed` is set after each commit, for whoever waits for something to do."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = directory / "desk.sqlite3"
        # Customers' words and webhook secrets: SQLite gives its -wal and -shm files the mode of the main one.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        path.chmod(0o600)
        self.changed = threading.Event()
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, while nobody else writes."""
        with self._lock:
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The connection inside a transaction: all of the block is kept, or none of it when it raises."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        self.changed.set()

    def close(self) -> None:
        """Ends the connection; the file is complete without its -wal then."""
        with self._lock:
            self._connection.close()


def reset(connection: sqlite3.Connection) -> None:
    """Empties the desk but for its webhooks. Numbers go on, so that a bridge never meets an id twice."""
    for table in ("feed", "deliveries", "posts", "tickets", "calls"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - the names stand one line above


def iso(seconds: float) -> str:
    """A time as the desk says it: `2026-11-22T10:00:00.123Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
