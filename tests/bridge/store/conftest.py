"""What the store's tests begin with."""

import pytest

from bridge.store.database import Database
from tests.scene import Scene


@pytest.fixture
def scene(database: Database) -> Scene:
    """An empty world in a fresh database of each kind."""
    return Scene(database)
