"""The scheduler: whoever holds the lease wakes what is due and enqueues what runs by the clock; it does no work."""

import dataclasses
import importlib
import time
from collections.abc import Callable, Iterator

import pytest
import redis
import sqlalchemy as sa

from bridge.runtime import Runtime
from bridge.store.database import Database
from bridge.store.tables import messages, workers
from bridge.wake import DRAINS, Waker, queue_named
from jobs import scheduler
from jobs.scheduler import TASKS, turn
from tests.jobs.desk import Floor
from tests.outage import database_down


@pytest.fixture
def client(runtime: Runtime) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(str(runtime.settings.redis_url)) as opened:
        yield opened


def jobs(client: "redis.Redis", queue: str) -> list[str]:
    return [str(job.func_name) for job in queue_named(queue, client).jobs]


def clear(floor: Floor, client: "redis.Redis") -> None:
    """Every wake so far was lost."""
    floor.runtime.waker.close()
    client.flushall()


def test_the_sweep_finds_what_every_wake_was_lost_for(floor: Floor, client: "redis.Redis") -> None:
    floor.says("This is broken")
    floor.event(targets=[["ticket", "T-1"]])
    clear(floor, client)
    turn(floor.runtime, "me")
    assert jobs(client, "score") == [DRAINS["score"]]
    assert DRAINS["read"] in jobs(client, "read")
    assert jobs(client, "writeback") == []


def test_the_sweep_finds_a_label_to_write(floor: Floor, client: "redis.Redis") -> None:
    floor.says("This is broken")
    floor.drain("score")
    clear(floor, client)
    turn(floor.runtime, "me")
    assert jobs(client, "writeback") == [DRAINS["writeback"]]


def test_the_sweep_finds_rows_of_a_lost_worker(floor: Floor, client: "redis.Redis") -> None:
    floor.says("This is broken")
    floor.execute(sa.update(messages).values(worker_id="lost"))
    clear(floor, client)
    gone = {"id": "lost", "queue": "score", "host": "h", "pid": 1, "started_at": 0, "lease_until": time.time() - 1}
    floor.execute(sa.insert(workers).values(**gone))
    turn(floor.runtime, "me")
    assert jobs(client, "score") == [DRAINS["score"]]


def test_with_nothing_due_nothing_is_woken(floor: Floor, client: "redis.Redis") -> None:
    turn(floor.runtime, "me")
    assert jobs(client, "score") == jobs(client, "writeback") == []


def test_tasks_are_enqueued_when_their_time_has_come_and_not_before(floor: Floor, client: "redis.Redis") -> None:
    turn(floor.runtime, "me")
    assert sorted(jobs(client, "read")) == sorted(task.function for task in TASKS)
    turn(floor.runtime, "me")
    assert len(jobs(client, "read")) == len(TASKS)


def test_of_two_schedulers_one_acts(floor: Floor, client: "redis.Redis") -> None:
    turn(floor.runtime, "me")
    client.flushall()
    floor.says("This is broken")
    clear(floor, client)
    turn(floor.runtime, "another")
    assert jobs(client, "score") == []


def test_with_redis_away_tasks_stay_due(floor: Floor, client: "redis.Redis") -> None:
    turn(dataclasses.replace(floor.runtime, waker=Waker("redis://127.0.0.1:1")), "me")
    turn(floor.runtime, "me")
    assert sorted(jobs(client, "read")) == sorted(task.function for task in TASKS)


def test_a_database_that_is_away_does_not_end_the_scheduler(
    floor: Floor, client: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried(monkeypatch)
    with database_down(floor.runtime.database):
        turn(floor.runtime, "me")
    turn(floor.runtime, "me")
    assert jobs(client, "read")


def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes give up at once instead of after half a minute."""
    write = Database.write

    def soon(self: Database, work: Callable[[sa.Connection], object], timeout: float | None = 0.3) -> object:
        return write(self, work, 0.3)

    monkeypatch.setattr(Database, "write", soon)


def test_what_it_names_can_be_imported() -> None:
    for name in [*DRAINS.values(), *(task.function for task in TASKS)]:
        module, _, function = name.rpartition(".")
        assert callable(getattr(importlib.import_module(module), function))


def test_every_queue_is_swept() -> None:
    assert {name for name, _, _ in scheduler.SWEPT} == set(DRAINS)


def test_the_sweep_wakes_for_what_came_by_a_clock_that_was_set_back(floor: Floor, client: "redis.Redis") -> None:
    floor.says("This is broken")
    floor.execute(sa.update(messages).values(due_at=time.time() + 3600))
    clear(floor, client)
    turn(floor.runtime, "me")
    assert jobs(client, "score") == [DRAINS["score"]]
