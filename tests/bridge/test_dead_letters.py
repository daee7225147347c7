"""`retry`: dead letters are due again, and the drains are told."""

import pytest
import redis
import sqlalchemy as sa

from bridge.dead_letters import retry
from bridge.errors import NotFound
from bridge.receive import Receiver
from bridge.runtime import Runtime
from bridge.store.tables import State, messages
from bridge.wake import queue_named
from tests import fakes
from tests.fakes import Home
from tests.waiting import eventually


def test_dead_letters_are_revived_and_the_drains_woken(runtime: Runtime, home: Home) -> None:
    Receiver(runtime).receive(home.hook, *home.event([fakes.message()]))
    runtime.database.write(lambda c: c.execute(sa.update(messages).values(state=int(State.DEAD), attempts=5)))
    with redis.Redis.from_url(str(runtime.settings.redis_url)) as client:
        client.flushall()
        assert retry(runtime, home.slug)["messages"] == 1
        eventually(lambda: queue_named("score", client).count == 1, "the wake")
    with runtime.database.read() as connection:
        row = connection.execute(sa.select(messages)).one()
    assert (row.state, row.attempts) == (State.PENDING, 0)


def test_without_dead_letters_nothing_is_revived(runtime: Runtime, home: Home) -> None:
    assert set(retry(runtime, home.slug).values()) == {0}


def test_an_unknown_workspace_is_not_found(runtime: Runtime) -> None:
    with pytest.raises(NotFound):
        retry(runtime, "nobody")
