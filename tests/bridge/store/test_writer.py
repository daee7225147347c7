"""Group commit: what waits is committed together, and nobody's error or crash becomes another's."""

import logging
import multiprocessing
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.errors import NotFound
from bridge.store import health
from bridge.store.database import BackupFailed, Database, DatabaseDown
from bridge.store.tables import schedule
from bridge.store.writer import Commit, Operation
from tests.databases import Postgres, SqliteFiles
from tests.waiting import eventually


def put(connection: sa.Connection, names: Sequence[str]) -> list[str]:
    for name in names:
        connection.execute(sa.insert(schedule).values(name=name, next_at=0))
    return list(names)


PUT: Operation[str, str] = Operation(put)


def names(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.execute(sa.select(schedule.c.name)).scalars())


@contextmanager
def held(database: Database) -> Iterator[None]:
    """The writer is busy meanwhile, so that what is submitted gathers into one transaction."""
    began, release = threading.Event(), threading.Event()

    def wait(_connection: sa.Connection, items: Sequence[None]) -> Sequence[None]:
        began.set()
        release.wait(30)
        return items

    waiting = database._writer.submit(Operation(wait), None)
    assert began.wait(30)
    yield
    release.set()
    waiting.result(30)


def together(database: Database, *jobs: tuple[Operation[Any, Any], Any]) -> list[Commit[Any]]:
    """Submits all so that they fall into one transaction."""
    with held(database):
        return [database._writer.submit(operation, item) for operation, item in jobs]


def failing(error: Exception) -> Operation[Any, Any]:
    def run(_connection: sa.Connection, _items: Sequence[Any]) -> Sequence[Any]:
        raise error

    return Operation(run)


def test_what_waits_is_one_transaction(database: Database) -> None:
    sizes: list[int] = []

    def run(connection: sa.Connection, items: Sequence[str]) -> list[str]:
        sizes.append(len(items))
        return put(connection, items)

    operation: Operation[str, str] = Operation(run)
    done = together(database, *((operation, str(number)) for number in range(20)))
    assert [one.result(30) for one in done] == [str(number) for number in range(20)]
    assert sizes == [20]
    assert len(names(database)) == 20


def test_one_bad_item_does_not_fail_its_neighbours(database: Database) -> None:
    good, bad, other = together(database, (PUT, "a"), (failing(NotFound("no such thing")), None), (PUT, "b"))
    with pytest.raises(NotFound):
        bad.result(30)
    assert (good.result(30), other.result(30)) == ("a", "b")
    assert names(database) == {"a", "b"}


def test_a_bad_item_of_the_same_operation_does_not_fail_its_neighbours(database: Database) -> None:
    one, twice, three = together(database, (PUT, "a"), (PUT, "a"), (PUT, "b"))
    with pytest.raises(sa.exc.IntegrityError):
        twice.result(30)
    assert (one.result(30), three.result(30)) == ("a", "b")


def test_nothing_of_an_item_that_failed_is_stored(database: Database) -> None:
    def half(connection: sa.Connection) -> None:
        put(connection, ["half"])
        raise NotFound("afterwards")

    with pytest.raises(NotFound):
        database.write(half)
    assert names(database) == set()


def test_a_database_that_is_down_fails_all_at_once(database: Database) -> None:
    tries: list[int] = []

    def run(_connection: sa.Connection, items: Sequence[int]) -> Sequence[int]:
        tries.append(len(items))
        raise sa.exc.OperationalError("insert", {}, Exception("disk full"))

    operation: Operation[int, int] = Operation(run)
    failed = together(database, *((operation, number) for number in range(5)), (PUT, "a"))
    for one in failed:
        with pytest.raises(sa.exc.OperationalError):
            one.result(30)
    assert tries == [5]


def test_after_a_failure_the_writer_goes_on(database: Database) -> None:
    with pytest.raises(DatabaseDown):
        database.batch(failing(sa.exc.OperationalError("x", {}, Exception())), None)
    assert database.batch(PUT, "a") == "a"


def test_a_full_disk_is_the_databases_fault(sqlite_files: SqliteFiles) -> None:
    with sqlite_files.fresh() as url:
        database = Database(url)
        database.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count=1"))
        with pytest.raises(DatabaseDown):
            database.write(lambda c: put(c, [f"{'x' * 200} {number}" for number in range(2000)]))
        assert database.batch(PUT, "a") == "a"
        database.close()


def test_a_postgres_that_ended_our_connections_is_reached_again(postgres: Postgres) -> None:
    with postgres.fresh() as url:
        database = Database(url)
        database.batch(PUT, "a")
        postgres.admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

        def again() -> bool:
            try:
                return database.batch(PUT, "b") == "b"
            except DatabaseDown:
                return False

        eventually(again, "a write after the connection was ended")
        assert names(database) == {"a", "b"}
        database.close()


def test_a_read_of_a_database_that_is_away_says_so(postgres: Postgres) -> None:
    database = Database(postgres.url("never_made"))
    with pytest.raises(DatabaseDown), database.read():
        pass
    database.close()


def test_a_read_that_finds_every_connection_taken_says_so(postgres: Postgres) -> None:
    with postgres.fresh() as url, ExitStack() as taken:
        database = Database(url, readers=1)
        taken.callback(database.close)
        pool = database.engine.pool
        assert isinstance(pool, sa.QueuePool)
        pool._timeout = 0.01
        while pool.checkedout() < 1 + pool._max_overflow:
            taken.enter_context(database.read())
        with pytest.raises(DatabaseDown), database.read():
            pass


def test_a_commit_that_takes_too_long_is_the_databases_fault(database: Database) -> None:
    with held(database), pytest.raises(DatabaseDown):
        database.batch(PUT, "late", timeout=0.01)


def test_what_was_given_up_on_may_still_be_stored(database: Database) -> None:
    with held(database), pytest.raises(DatabaseDown):
        database.batch(PUT, "late", timeout=0.01)
    eventually(lambda: names(database) == {"late"}, "the late commit")


def test_what_follows_a_commit_gets_its_results(database: Database) -> None:
    told: list[str] = []
    database.batch(Operation(put, told.extend), "a")
    eventually(lambda: told == ["a"], "the call after the commit")


def test_an_exception_after_the_commit_is_logged_and_the_commit_stands(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def after(_results: Sequence[str]) -> None:
        raise RuntimeError("nobody to wake")

    assert database.batch(Operation(put, after), "a") == "a"
    assert database.batch(PUT, "b") == "b"
    assert names(database) == {"a", "b"}
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_an_operation_with_too_few_results_stores_nothing_and_the_writer_lives(database: Database) -> None:
    def few(connection: sa.Connection, items: Sequence[str]) -> list[str]:
        put(connection, items)
        return []

    with pytest.raises(ValueError, match="0 results for 1 items"):
        database.batch(Operation(few), "a")
    assert database.batch(PUT, "b") == "b"
    assert names(database) == {"b"}


def test_closing_commits_what_waits(database_url: str) -> None:
    database = Database(database_url)
    with held(database):
        late = database._writer.submit(PUT, "a")
    database.close()
    assert late.result(0) == "a"
    again = Database(database_url)
    assert names(again) == {"a"}
    again.close()


def _count_up(url: str, times: int) -> None:
    database = Database(url)
    for _ in range(times):
        database.write(health.touch)
    database.close()


def test_processes_take_turns_and_lose_nothing(database_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_count_up, args=(database_url, 50)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    database = Database(database_url)
    with database.read() as connection:
        # `touch` inserts a 0, then counts.
        assert connection.execute(sa.select(schedule.c.next_at)).scalar_one() == 99
    database.close()


def test_the_database_file_is_for_its_user_alone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'moodbridge.db'}")
    database.write(lambda c: c.exec_driver_sql("CREATE TABLE t (x)"))
    modes = {file.name: oct(file.stat().st_mode & 0o777) for file in (tmp_path / "new").iterdir()}
    database.close()
    assert set(modes.values()) == {"0o600"}


def test_what_was_committed_is_flushed_to_the_disk(sqlite_files: SqliteFiles) -> None:
    with sqlite_files.fresh() as url:
        database = Database(url)

        def pragmas(connection: sa.Connection) -> list[object]:
            wanted = ("journal_mode", "synchronous", "secure_delete")
            return [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in wanted]

        assert database.write(pragmas) == ["wal", 2, 1]
        database.close()


def test_a_backup_is_a_whole_database_for_its_user_alone(sqlite_files: SqliteFiles, tmp_path: Path) -> None:
    with sqlite_files.fresh() as url:
        database = Database(url)
        database.batch(PUT, "a")
        database.backup(tmp_path / "copy.db")
        database.close()
    with sqlite3.connect(tmp_path / "copy.db") as copy:
        assert copy.execute("SELECT name FROM schedule").fetchall() == [("a",)]
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["taken.db", "nowhere/copy.db"])
def test_a_backup_that_cannot_be_made_says_why(sqlite_files: SqliteFiles, tmp_path: Path, name: str) -> None:
    (tmp_path / "taken.db").write_bytes(b"")
    with sqlite_files.fresh() as url:
        database = Database(url)
        with pytest.raises(BackupFailed):
            database.backup(tmp_path / name)
        database.close()


def test_a_postgres_is_backed_up_by_its_own_tools(postgres: Postgres, tmp_path: Path) -> None:
    with postgres.fresh() as url:
        database = Database(url)
        with pytest.raises(BackupFailed, match="pg_dump"):
            database.backup(tmp_path / "copy.db")
        database.close()
