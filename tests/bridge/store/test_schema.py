"""Migrations: they end at the tables' own shape, run once, one at a time, and a newer database is refused."""

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from bridge.store import schema
from bridge.store.database import Database
from bridge.store.schema import WrongSchema
from bridge.store.tables import metadata
from tests.databases import Postgres


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    postgres.admin("DROP DATABASE IF EXISTS empty WITH (FORCE)")
    postgres.admin("CREATE DATABASE empty")
    return postgres.url("empty")


def set_revision(database: Database, revision: str) -> None:
    database.write(lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num = :to"), {"to": revision}))


def test_the_migrations_end_at_the_tables_own_shape(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_indexes_hold_the_rows_that_the_tables_say(database: Database) -> None:
    """Alembic does not compare the conditions of partial indexes."""
    wanted = {
        index.name: str(index.dialect_options["sqlite"]["where"])
        for table in metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    with database.read() as connection:
        if database.is_sqlite:
            found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'index'").all()
        else:
            found = connection.exec_driver_sql("SELECT indexname, indexdef FROM pg_indexes").all()
    made = {name: plain(text.partition("WHERE")[2]) for name, text in found if text and "WHERE" in text}
    assert made == {name: plain(text) for name, text in wanted.items()}


def plain(condition: str) -> str:
    return condition.replace("(", "").replace(")", "").replace("::text", "").strip()


def test_an_empty_database_gets_every_revision_and_a_second_upgrade_none(empty: str) -> None:
    database = Database(empty)
    first = schema.upgrade(database)
    assert first == sorted(first)
    assert first[0] == "0001"
    assert schema.upgrade(database) == []
    schema.check(database)
    database.close()


def test_two_upgrades_at_once_take_turns(empty: str) -> None:
    databases = [Database(empty), Database(empty)]
    applied: list[list[str]] = []
    threads = [threading.Thread(target=lambda d=one: applied.append(schema.upgrade(d))) for one in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(map(bool, applied)) == [False, True]
    for one in databases:
        one.close()


def test_a_newer_schema_is_refused(database: Database) -> None:
    set_revision(database, "9999")
    with pytest.raises(WrongSchema, match="newer"):
        schema.check(database)
    with pytest.raises(WrongSchema, match="newer"):
        schema.upgrade(database)


def test_an_older_schema_says_which_command_brings_it_up(database: Database) -> None:
    set_revision(database, "0001")
    with pytest.raises(WrongSchema, match="moodbridge db upgrade"):
        schema.check(database)


def test_a_database_without_tables_says_which_command_makes_them(empty: str) -> None:
    database = Database(empty)
    with pytest.raises(WrongSchema, match="moodbridge db upgrade"):
        schema.check(database)
    database.close()
