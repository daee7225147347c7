"""What the drains' tests begin with: a helpdesk in memory, and the fake provider for tests of scoring."""

from collections.abc import Iterator

import pytest

from bridge.runtime import Runtime, open_runtime
from bridge.settings import Settings
from tests.fakes import FAKE, WRITABLE
from tests.hosts.provider import FakeProvider
from tests.jobs.desk import Desk, Floor
from tests.jobs.engine_rig import Rig
from tests.jobs.provided import Draining
from tests.told import Listener, Notifying, listening


@pytest.fixture
def rig(runtime: Runtime) -> Iterator[Rig]:
    """An engine on a real database, closed at the end."""
    made = Rig(runtime)
    yield made
    made.close()


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def floor(runtime: Runtime, desk: Desk) -> Iterator[Floor]:
    """A workspace with the desk connected."""
    made = Floor(runtime, desk)
    yield made
    made.close()


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


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Somebody's endpoint."""
    with listening() as running:
        yield running


@pytest.fixture
def notifying(runtime: Runtime) -> Iterator[Notifying]:
    """The notify drain."""
    drain = Notifying(runtime)
    yield drain
    drain.close()
