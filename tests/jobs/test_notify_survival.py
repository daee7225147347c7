"""kill -9 between the commit of an event and its delivery: it is delivered after the restart, with the same id."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest

from bridge.runtime import Runtime
from bridge.store.tables import State
from tests.fakes import Home
from tests.told import Listener, answers, endpoint, event, happen, sent
from tests.waiting import eventually

COMMIT_AND_DIE = """
import os, signal, sys, time
from bridge.model import Origin
from bridge.runtime import open_runtime
from bridge.store.events import Event, EventType, insert_events
workspace, connection = int(sys.argv[1]), sys.argv[2]
made = Event(workspace, EventType.ESCALATED, Origin.LIVE, {"reason": "a test"}, time.time(), connection, "T-1", "m-1")
open_runtime(connectors={}).database.write(lambda c: insert_events(c, [made]))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def environment(runtime: Runtime) -> Mapping[str, str]:
    settings = runtime.settings
    return os.environ | {
        "MOODBRIDGE_SECRET_KEY": settings.secret_keys[0].reveal(),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url or "",
        "MOODBRIDGE_DATA_DIR": str(settings.data_dir),
        "MOODBRIDGE_ALLOW_HOSTS": "127.0.0.1",
    }


@contextlib.contextmanager
def running(environment: Mapping[str, str], *command: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A `moodbridge` process, killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from bridge.cli import main; main()", *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


NOTIFY = ("worker", "--queue", "notify")


def test_an_event_whose_process_is_killed_after_the_commit_is_delivered(
    runtime: Runtime, home: Home, listener: Listener, environment: Mapping[str, str]
) -> None:
    _, secret = endpoint(runtime, home, listener.url)
    arguments = [str(home.workspace_id), home.connection]
    died = subprocess.run([sys.executable, "-c", COMMIT_AND_DIE, *arguments], env=environment, check=False)
    assert died.returncode == -9
    with running(environment, *NOTIFY):
        eventually(lambda: all(row.state == State.SETTLED for row in sent(runtime)), "the delivery")
    assert [one["type"] for one in listener.verified(secret)] == ["ticket.escalated"]


def test_a_worker_killed_while_the_receiver_reads_delivers_again_with_the_same_id(
    runtime: Runtime, home: Home, listener: Listener, environment: Mapping[str, str]
) -> None:
    _, secret = endpoint(runtime, home, listener.url)
    listener.reply = answers(after=10)
    happen(runtime, event(home, "T-1"), event(home, "T-1"), event(home, "T-2"))
    with running(environment, *NOTIFY) as first:
        eventually(lambda: len(listener.calls) == 2, "the calls of both tickets")
        first.kill()
    begun = {call.webhook_id for call in listener.calls}
    listener.reply = answers()
    with running(environment, *NOTIFY), running(environment, "scheduler"):
        # Once the lease of the killed worker has run out.
        eventually(lambda: all(row.state == State.SETTLED for row in sent(runtime)), "every delivery", within=40)
    again = [call.webhook_id for call in listener.calls[2:]]
    assert begun < set(again)
    assert len(again) == 3
    assert len(listener.verified(secret)) == 5
