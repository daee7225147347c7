"""The worker as a process: it outlives an outage of Redis, and stops without losing a call."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from bridge.processes.ready import redis_ready
from bridge.processes.redis import find_server
from bridge.receive import Receiver
from bridge.runtime import Runtime, open_runtime
from bridge.settings import Settings
from bridge.store.tables import State, messages
from jobs.scheduler import sweep
from tests import fakes
from tests.fakes import FAKE, Home
from tests.waiting import eventually
from tests.whole.scorer import WHERE, Scorer


class Redis:
    """A server that can be killed and started again in the same place."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "redis.sock"
        words: list[str | Path] = ["--port", "0", "--unixsocket", self.path, "--save", "", "--dir", folder]
        self._command = [find_server().path, *words]
        self.start()

    def start(self) -> None:
        self._server = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        eventually(lambda: redis_ready(self.path), "Redis to start")

    def kill(self) -> None:
        self._server.kill()
        self._server.wait()


@dataclass
class Shop:
    """A score worker in a process of its own, with its own Redis, and no scheduler."""

    runtime: Runtime
    home: Home
    redis: Redis
    scorer: Scorer
    receiver: Receiver
    environ: dict[str, str]
    log: Path
    worker: "subprocess.Popen[bytes]" = field(init=False)

    def start(self) -> None:
        """The worker, until it works."""
        words = [sys.executable, "-m", "tests.whole.scorer", "worker", "--queue", "score"]
        with self.log.open("wb") as log:
            self.worker = subprocess.Popen(words, env=self.environ, stdout=log, stderr=log)
        eventually(lambda: b"worker started" in self.log.read_bytes(), "the worker to start")

    def end(self) -> None:
        self.worker.kill()
        self.worker.wait()

    def says(self, text: str) -> None:
        self.receiver.receive(self.home.hook, *self.home.event([fakes.message(text=text)]))

    def count(self, *where: sa.ColumnElement[bool]) -> int:
        with self.runtime.database.read() as connection:
            found: int = connection.execute(sa.select(sa.func.count()).select_from(messages).where(*where)).scalar_one()
        return found

    def swept(self) -> int:
        """How many are settled after the scheduler's sweep."""
        sweep(self.runtime)
        return self.settled()

    def settled(self) -> int:
        return self.count(messages.c.state == int(State.SETTLED))


@pytest.fixture
def shop(settings: Settings, tmp_path: Path) -> Iterator[Shop]:
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="moodbridge-redis-", dir="/tmp"))  # short: it holds a Unix socket
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        redis = Redis(folder)
        stack.callback(redis.kill)
        scorer = stack.enter_context(Scorer(latency=0.05))
        runtime = open_runtime(replace(settings, redis_url=f"unix://{redis.path}"), {FAKE.kind: FAKE})
        stack.callback(runtime.close)
        home = fakes.home(runtime, kind="fake")
        environ = {name: value for name, value in os.environ.items() if not name.startswith("MOODBRIDGE_")}
        environ |= {
            "MOODBRIDGE_SECRET_KEY": settings.secret_keys[0].reveal(),
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": f"unix://{redis.path}",
            WHERE: scorer.url,
        }
        made = Shop(runtime, home, redis, scorer, Receiver(runtime), environ, tmp_path / "worker.log")
        made.start()
        stack.callback(made.end)
        yield made


def test_a_worker_outlives_an_outage_of_redis(shop: Shop) -> None:
    shop.says("before [10]")
    eventually(lambda: shop.settled() == 1, "the first score")
    shop.redis.kill()
    shop.says("meanwhile [20]")  # its wake goes nowhere
    shop.redis.start()
    eventually(lambda: shop.swept() == 2, "the sweep to find it", every=0.2)
    assert shop.worker.poll() is None
    shop.says("after [30]")
    eventually(lambda: shop.settled() == 3, "what came after")


def test_calls_under_way_settle_although_redis_is_away(shop: Shop) -> None:
    shop.scorer.latency = 1.0
    for number in range(10):
        shop.says(f"message {number} [10]")
    eventually(lambda: shop.count(messages.c.worker_id.is_not(None)) == 10, "the calls to begin")
    shop.redis.kill()
    eventually(lambda: shop.settled() == 10, "the scores")
    assert shop.scorer.answered.total() == 10


def test_a_worker_that_is_told_to_stop_lets_its_calls_settle_and_claims_no_more(shop: Shop) -> None:
    shop.scorer.latency = 1.0
    shop.says("under way [10]")
    eventually(lambda: shop.count(messages.c.worker_id.is_not(None)) == 1, "the call to begin")
    shop.worker.send_signal(signal.SIGTERM)
    eventually(lambda: shop.settled() == 1, "the score")
    assert shop.worker.wait(15) == 0
    shop.says("too late [20]")
    assert shop.count(messages.c.worker_id.is_not(None)) == 0


def test_a_worker_that_starts_finds_what_nobody_was_woken_for(shop: Shop) -> None:
    shop.worker.send_signal(signal.SIGTERM)
    shop.worker.wait(15)
    shop.says("while nobody worked [10]")
    shop.redis.kill()
    shop.redis.start()  # with nothing in it
    shop.start()
    eventually(lambda: shop.settled() == 1, "the score")
