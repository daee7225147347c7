"""Fixtures that every part's tests share: databases of both kinds, a real Redis, the opened runtime."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from bridge.runtime import Runtime, open_runtime
from bridge.settings import Settings, load
from bridge.store.database import Database
from tests import fakes
from tests.databases import NoPostgres, Postgres, SqliteFiles, running_postgres
from tests.fakes import Home
from tests.redis_server import running_redis

SECRET_KEY = "a secret key of the tests that is long enough"


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    return SqliteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL server of this session. MOODBRIDGE_TESTS_WITHOUT_POSTGRES=1 skips what needs it."""
    if os.environ.get("MOODBRIDGE_TESTS_WITHOUT_POSTGRES") == "1":
        pytest.skip("MOODBRIDGE_TESTS_WITHOUT_POSTGRES=1: NOT tested on PostgreSQL")
    try:
        with running_postgres() as server:
            yield server
    except NoPostgres as error:
        pytest.fail(f"{error} (MOODBRIDGE_TESTS_WITHOUT_POSTGRES=1 goes on without it)", pytrace=False)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with running_redis() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh, migrated database; the test runs once on each kind."""
    kind = "sqlite_files" if request.param == "sqlite" else "postgres"
    databases: SqliteFiles | Postgres = request.getfixturevalue(kind)
    with databases.fresh() as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """The settings of a test's installation. Its Redis is empty."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    return load(
        {
            "MOODBRIDGE_SECRET_KEY": SECRET_KEY,
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "MOODBRIDGE_DATA_DIR": str(tmp_path),
            "MOODBRIDGE_URL": "https://bridge.example",
            "MOODBRIDGE_ALLOW_HOSTS": "127.0.0.1",
            "MOODBRIDGE_LOG_FORMAT": "json",
        }
    )


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    """The opened installation, with the fake helpdesk as its only kinds."""
    opened = open_runtime(settings, {one.kind: one for one in (fakes.FAKE, fakes.WRITABLE)})
    yield opened
    opened.close()


@pytest.fixture
def home(runtime: Runtime) -> Home:
    """A workspace with one connection to the fake helpdesk."""
    return fakes.home(runtime)


@pytest.fixture
def add_home(runtime: Runtime) -> Callable[..., Home]:
    """Call it for another workspace, with its slug, kind and settings as in `fakes.home`."""

    def add(slug: str | None = None, kind: str = "fake", **settings: str) -> Home:
        return fakes.home(runtime, slug, kind, **settings)

    return add
