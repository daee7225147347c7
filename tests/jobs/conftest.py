"""The fake provider and the score drain, for tests of scoring."""

from collections.abc import Iterator

import pytest

from bridge.runtime import Runtime, open_runtime
from bridge.settings import Settings
from tests.fakes import FAKE, WRITABLE
from tests.hosts.provider import FakeProvider
from tests.jobs.provided import Draining


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider() as running:
        yield running


@pytest.fixture
def drain(runtime: Runtime, provider: FakeProvider) -> Iterator[Draining]:
    draining = Draining(runtime)
    yield draining
    provider.state.held = False
    draining.close()


@pytest.fixture
def second_runtime(settings: Settings, runtime: Runtime) -> Iterator[Runtime]:
    """The same installation, opened once more, as another process does."""
    opened = open_runtime(settings, {one.kind: one for one in (FAKE, WRITABLE)})
    yield opened
    opened.close()
