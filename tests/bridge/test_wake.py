"""The wake rule, on a real server: if no job waits, one is enqueued; an outage stops nobody."""

import json
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from bridge.wake import DRAINS, Waker, queue_named
from tests.waiting import eventually


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(redis_url) as connection:
        connection.flushall()
        yield connection


@pytest.fixture
def waker(redis_url: str, client: "redis.Redis") -> Iterator[Waker]:
    opened = Waker(redis_url)
    yield opened
    opened.close()


def jobs(client: "redis.Redis", queue: str = "score") -> list[str]:
    return [str(job.func_name) for job in queue_named(queue, client).jobs]


def test_a_wake_enqueues_the_queues_drain(client: "redis.Redis", waker: Waker) -> None:
    for queue, function in DRAINS.items():
        assert waker.now(queue)
        assert jobs(client, queue) == [function]


def test_a_job_that_waits_is_enough(client: "redis.Redis", waker: Waker) -> None:
    for _ in range(5):
        waker.now("score")
    assert len(jobs(client)) == 1


def test_a_job_that_was_popped_no_longer_counts(client: "redis.Redis", waker: Waker) -> None:
    """Whoever popped it may have looked before our commit."""
    waker.now("score")
    client.lpop("rq:queue:score")
    waker.now("score")
    assert len(jobs(client)) == 1


def test_what_a_killed_worker_left_behind_blocks_no_wake(client: "redis.Redis", waker: Waker) -> None:
    waker.now("score")
    (job_id,) = queue_named("score", client).job_ids
    client.lmove("rq:queue:score", "rq:queue:score:intermediate")
    assert waker.now("score")
    assert len(queue_named("score", client).job_ids) == 1
    assert queue_named("score", client).job_ids != [job_id]


def test_a_drain_that_stops_early_is_followed_by_another_whatever_waits(client: "redis.Redis", waker: Waker) -> None:
    waker.now("score")
    waker.again("score")
    assert len(jobs(client)) == 2


def test_queues_do_not_wake_each_other(client: "redis.Redis", waker: Waker) -> None:
    waker.now("score")
    assert jobs(client, "read") == jobs(client, "writeback") == []


def test_jobs_are_json_and_hold_names_only(client: "redis.Redis", waker: Waker) -> None:
    """Pickle would let whoever writes to Redis run code."""
    waker.job("read", "jobs.poll.run", "connection-1")
    (job,) = queue_named("read", client).jobs
    data = client.hget(f"rq:job:{job.id}", "data")
    assert isinstance(data, bytes)
    assert json.loads(zlib.decompress(data)) == ["jobs.poll.run", None, ["connection-1"], {}]


def test_a_wake_soon_comes_from_a_thread_of_its_own(client: "redis.Redis", waker: Waker) -> None:
    waker.soon(["score", "writeback"])
    eventually(lambda: len(jobs(client)) == 1 and len(jobs(client, "writeback")) == 1, "both wakes")


def test_closing_sends_what_was_asked_for(client: "redis.Redis", redis_url: str) -> None:
    waker = Waker(redis_url)
    for _ in range(50):
        waker.soon(["score"])
    waker.close()
    assert len(jobs(client)) == 1


def test_nobody_waits_for_a_redis_that_is_gone(tmp_path: Path) -> None:
    waker = Waker(f"unix://{tmp_path / 'nobody.sock'}")
    began = time.monotonic()
    assert not waker.now("score")
    waker.again("score")
    assert not waker.job("read", "jobs.poll.run")
    assert time.monotonic() - began < 5
    assert waker.errors == 3
    waker.close()


def test_nobody_waits_for_a_redis_that_hangs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never answers
        waker = Waker(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        for _ in range(100):
            waker.soon(["score"])
        assert time.monotonic() - began < 1
    waker.close()


def test_errors_are_logged_less_and_less(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    waker = Waker(f"unix://{tmp_path / 'nobody.sock'}")
    for _ in range(100):
        waker.now("score")
    assert waker.errors == 100
    assert [record.__dict__["count"] for record in caplog.records] == [1, 2, 4, 8, 16, 32, 64]
    waker.close()


def test_after_an_outage_the_same_waker_wakes_again(redis_url: str, client: "redis.Redis") -> None:
    waker = Waker(redis_url)
    waker.now("score")
    client.client_kill_filter(_type="normal", skipme=True)
    client.delete("rq:queue:score")
    eventually(lambda: waker.now("score"), "a wake after the connections were cut")
    assert len(jobs(client)) == 1
    waker.close()


def test_many_threads_may_wake_at_once(client: "redis.Redis", waker: Waker) -> None:
    threads = [threading.Thread(target=waker.soon, args=(["score"],)) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eventually(lambda: jobs(client) == ["jobs.score.drain"], "one wake")
