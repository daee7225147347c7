"""A whole installation with a slow scorer, connected to a real desk."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.sandbox import Desk, running_desk
from tests.whole.installation import Installation, installed
from tests.whole.scorer import WHERE, Scorer


@pytest.fixture
def scorer() -> Iterator[Scorer]:
    with Scorer(latency=0.3) as made:
        yield made


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "desk").mkdir()
    with running_desk(tmp_path / "desk") as made:
        yield made


@pytest.fixture
def up(tmp_path: Path, scorer: Scorer, desk: Desk) -> Iterator[Installation]:
    """An installation whose scorer is slow, connected to the desk."""
    settings = {WHERE: scorer.url, "MOODBRIDGE_ALLOW_HOSTS": "127.0.0.1", "DESK_TOKEN": desk.token}
    with installed(tmp_path, sys.executable, "-m", "tests.whole.scorer", "up", **settings) as made:
        made.start()
        made.run("workspace", "add", "acme")
        made.run("connect", "sandbox", "--workspace", "acme", "--url", desk.url, "--token-env", "DESK_TOKEN")
        yield made
