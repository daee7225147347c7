"""What the drains' tests begin with."""

from collections.abc import Iterator

import pytest

from bridge.runtime import Runtime
from tests.jobs.desk import Desk, Floor


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def floor(runtime: Runtime, desk: Desk) -> Iterator[Floor]:
    """A workspace with the desk connected."""
    made = Floor(runtime, desk)
    yield made
    made.close()
