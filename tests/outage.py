"""A database that cannot store anything for a while, as it happens: a lock that is held, a server that went away."""

import contextlib
import fcntl
from collections.abc import Iterator

import psycopg

from bridge.store.database import Database


@contextlib.contextmanager
def database_down(database: Database) -> Iterator[None]:
    """Within the block nothing commits: SQLite's turn is taken by somebody else, PostgreSQL takes no connection."""
    with _turn_taken(database) if database.is_sqlite else _no_connections(database):
        yield


@contextlib.contextmanager
def _turn_taken(database: Database) -> Iterator[None]:
    with open(f"{database.url.database}.turn", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _no_connections(database: Database) -> Iterator[None]:
    name = database.url.database
    host = database.url.query["host"]
    with psycopg.connect(host=str(host), user="postgres", dbname="postgres", autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
