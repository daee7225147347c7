"""The worker process of one queue: RQ hands it jobs, its engine does them."""

import logging
import signal
import sys
import time
from types import FrameType

import redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from bridge.runtime import Runtime, open_runtime, redis_url
from bridge.wake import DRAINS, Waker, queue_named
from jobs import poll, process, read, retention, score, writeback

log = logging.getLogger("moodbridge.worker")

QUEUES = tuple(DRAINS)

CLOSE_WITHIN = 15.0
"""Seconds that calls under way get at a stop."""

MODULES = (poll, read, retention, score, writeback)
"""Imported with this module, so that forked workers share their pages."""


class DrainWorker(SimpleWorker):
    """RQ's worker without a fork a job: our threads do the waiting, and the database knows what is pending.

    One queue a process: with two, RQ 3.0 can lose a popped job for good.
    """

    def __init__(self, queue: Queue, connection: "redis.Redis") -> None:
        super().__init__(
            [queue],
            connection=connection,
            serializer=JSONSerializer,
            maintenance_interval=30,
            default_result_ttl=0,
            log_job_description=False,
        )

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM: the drain claims nothing more; RQ lets the job return."""
        process.stop()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


def main(queue: str) -> None:
    """Works on one queue until SIGTERM; then lets the calls under way settle."""
    # With many threads each SQLite call would wait up to 5 ms for the GIL while it holds the write lock.
    sys.setswitchinterval(0.0005)
    runtime = open_runtime()
    process.use(runtime)
    try:
        _work(runtime, queue)
    finally:
        # RQ counts a second SIGTERM as "kill"; from here on we are stopping anyway.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        process.close(CLOSE_WITHIN)


def _work(runtime: Runtime, queue: str) -> None:
    connection = redis.Redis.from_url(redis_url(runtime.settings))
    worker = DrainWorker(queue_named(queue, connection), connection)
    _look_at_once(runtime.waker, queue)
    log.info("worker started", extra={"queue": queue})
    began = time.monotonic()
    worker.work(logging_level="WARNING", with_scheduler=False)
    log.info("worker stopped", extra={"queue": queue, "s": round(time.monotonic() - began)})


def _look_at_once(waker: Waker, queue: str) -> None:
    """A worker that starts looks for what waits, whoever was told of it before."""
    waker.again(queue)
