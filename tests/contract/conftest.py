"""The bridge with the helpdesk of a test's class, and the choice of what that class must pass."""

from collections.abc import Iterator

import pytest

from bridge.runtime import Runtime, open_runtime
from bridge.settings import Settings
from tests.contract.bridge import Bridge
from tests.contract.helpdesk import Helpdesk
from tests.contract.needs import asked_of
from tests.contract.suite import ConnectorContract


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """SQLite: what depends on the database is tested with the store."""
    with request.getfixturevalue("sqlite_files").fresh() as url:
        yield url


@pytest.fixture
def bridge(settings: Settings, helpdesk: Helpdesk) -> Iterator[Bridge]:
    """A workspace with the helpdesk connected."""
    runtime: Runtime = open_runtime(settings, {helpdesk.connector.kind: helpdesk.connector})
    yield Bridge(runtime, helpdesk)
    runtime.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what a connector does not declare."""
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        suite = getattr(item, "cls", None)
        is_suite = isinstance(suite, type) and issubclass(suite, ConnectorContract)
        test = getattr(item, "function", None)
        asked = not is_suite or asked_of(suite.connector.capabilities, test)
        (kept if asked else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept
