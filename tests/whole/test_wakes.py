"""The wake rule on a real worker, with no sweep to repair what a wake was lost to."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bridge import connections, workspaces
from bridge.receive import Receiver
from bridge.runtime import Runtime, open_runtime
from bridge.settings import Settings
from bridge.signing import headers
from bridge.store.tables import messages
from tests.waiting import eventually
from tests.whole.installation import event, message

SOON = 1.0
"""Seconds in which a message is settled when its wake was heard; the sweep, which is off, would take 5."""


@pytest.fixture
def here(settings: Settings) -> Iterator[Runtime]:
    opened = open_runtime(settings)
    yield opened
    opened.close()


@pytest.fixture
def worker(settings: Settings, here: Runtime, tmp_path: Path) -> Iterator[None]:
    """`moodbridge worker --queue score`, and no scheduler."""
    environ = dict(os.environ, MOODBRIDGE_SECRET_KEY=settings.secret_keys[0].reveal())
    environ |= {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url or ""}
    command = [Path(sys.executable).with_name("moodbridge"), "worker", "--queue", "score"]
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    eventually(lambda: b"worker started" in (tmp_path / "worker.log").read_bytes(), "the worker")
    yield
    process.kill()
    process.wait()


def pairs_settle(here: Runtime, pairs: int) -> None:
    """Posts pairs of messages 0 to 40 ms apart, so that the second often meets the end of the first one's drain."""
    workspaces.add(here, "acme")
    made = connections.connect(here, "acme", "api", {})
    receiver, hook = Receiver(here), made.hook_url.rpartition("/")[2]
    chance = random.Random(1)

    def post(name: str) -> None:
        body = event(message("T-1", name, "This is broken"))
        signed = headers(made.secret or "", name, int(time.time()), body)
        receiver.receive(hook, body, {**signed, "content-type": "application/json"})

    def settled() -> int:
        with here.database.read() as connection:
            return int(connection.scalar(sa.select(sa.func.count()).where(messages.c.label.is_not(None))) or 0)

    post("first")
    eventually(lambda: settled() == 1, "the worker to work")
    for number in range(pairs):
        post(f"a-{number}")
        pause = time.monotonic() + chance.uniform(0, 0.04)
        eventually(lambda until=pause: time.monotonic() >= until, "the moment of the second", every=0.001)  # type: ignore[misc]
        post(f"b-{number}")
        wanted = 3 + 2 * number
        eventually(lambda wanted=wanted: settled() == wanted, f"pair {number}", SOON, 0.004)  # type: ignore[misc]


@pytest.mark.usefixtures("worker")
def test_no_message_waits_that_comes_around_a_drains_end(here: Runtime) -> None:
    pairs_settle(here, 60)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("worker")
def test_none_of_a_thousand_pairs_waits(here: Runtime) -> None:
    pairs_settle(here, 1000)
