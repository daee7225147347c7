"""One open database, SQLite or PostgreSQL: short reads, and all writes through one writer thread."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from bridge.errors import BridgeError
from bridge.store.writer import DOWN, Operation, Writer

T = TypeVar("T")
R = TypeVar("R")


class DatabaseDown(BridgeError):
    """The database did not answer or refused to commit."""


class BackupFailed(BridgeError):
    """The database could not be copied."""


class Database:
    """Opened once a process, after any fork. `read()` hands out connections; `write` and `batch` commit."""

    def __init__(self, url: str, readers: int = 20) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url) if self.is_sqlite else _postgres_engine(self.url, readers)
        self._writer = Writer(self.engine, self._turn_file())

    def _turn_file(self) -> Path | None:
        if not self.is_sqlite or not self.url.database:
            return None
        return Path(self.url.database + ".turn")

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for SELECTs. Raises DatabaseDown when the database cannot be reached."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
            raise DatabaseDown("The database does not answer; check DATABASE_URL and the disk") from error

    def write(self, work: Callable[[sa.Connection], R], timeout: float | None = 30) -> R:
        """`work`'s result, once committed. It may run twice; it calls nobody outside the database.

        Raises DatabaseDown when nothing was committed in `timeout` seconds or the database refused.
        """
        operation: Operation[None, R] = Operation(lambda connection, items: [work(connection) for _ in items])
        return self.batch(operation, None, timeout)

    def batch(self, operation: Operation[T, R], item: T, timeout: float | None = 30) -> R:
        """The operation's result for `item`, committed together with whatever else waits."""
        commit = self._writer.submit(operation, item)
        try:
            return commit.result(timeout)
        except DOWN as error:
            raise DatabaseDown("The database did not commit; check DATABASE_URL and the disk") from error

    def backup(self, file: Path) -> None:
        """Copies a SQLite database into `file` while it is in use. Raises BackupFailed."""
        if not self.is_sqlite:
            raise BackupFailed("This database is PostgreSQL: copy it with pg_dump")
        if file.exists():
            raise BackupFailed(f"{file} is there already; name another file")
        try:
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise BackupFailed(f"{file} cannot be made: {error.strerror}") from error
        with self.read() as connection, contextlib.closing(sqlite3.connect(file)) as target:
            source = connection.connection.dbapi_connection
            source.backup(target)  # type: ignore[union-attr]

    def close(self) -> None:
        """Commits what waits and closes every connection."""
        self._writer.close()
        self.engine.dispose()


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    if url.database and url.database != ":memory:":
        path = Path(url.database)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The file holds customers' words until they are scored: nobody else on the machine reads it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    engine = sa.create_engine(
        url, connect_args={"timeout": 30, "check_same_thread": False}, pool_size=16, max_overflow=64
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]
        execute = connection.execute  # type: ignore[attr-defined]
        _use_wal(execute)
        for pragma in (
            "synchronous=FULL",
            "secure_delete=ON",
            "foreign_keys=ON",
            "busy_timeout=30000",
            "cache_size=-16000",
            "temp_store=MEMORY",
        ):
            execute(f"PRAGMA {pragma}")

    return engine


def _use_wal(execute: Callable[..., Any]) -> None:
    """Readers and the writer side by side. The switch does not wait for others who open the file, so we do."""
    for last in (*[False] * 100, True):
        try:
            if execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if last:
                raise
            time.sleep(0.02)
        else:
            return


def _postgres_engine(url: sa.URL, readers: int) -> sa.Engine:
    # Without, a server that vanished from the network would hold the writer for hours.
    gone_after = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
    return sa.create_engine(
        url, pool_size=readers, max_overflow=10, pool_timeout=10, connect_args={"connect_timeout": 5, **gone_after}
    )
