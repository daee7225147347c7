"""The worker process of one queue: RQ hands it jobs, its engine does them."""

import gc
import logging
import resource
import signal
import sys
from types import FrameType

import redis
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer

from bridge.runtime import Runtime, open_runtime, redis_url
from bridge.wake import DRAINS, queue_named
from jobs import digest, notify, poll, process, read, retention, score, writeback

log = logging.getLogger("moodbridge.worker")

QUEUES = tuple(DRAINS)

REDIS_PAUSE = 0.3
"""Seconds before RQ is started anew on a Redis that went away."""

OPEN_FILES = 8192

CLOSE_WITHIN = 15.0
"""Seconds that calls under way get at a stop."""

MODULES = (digest, notify, poll, read, retention, score, writeback)
"""Imported with this module, so that forked workers share their pages."""


class DrainWorker(SimpleWorker):
    """RQ's worker without a fork a job: our threads do the waiting, and the database knows what is pending.

    One queue a process: with two, RQ 3.0 can lose a popped job for good.
    """

    max_connection_wait_time = 2.0
    """Seconds between two tries to reach Redis; RQ's own minute would leave messages waiting after an outage."""

    def __init__(self, queue: Queue, connection: "redis.Redis") -> None:
        super().__init__(
            [queue],
            connection=connection,
            serializer=JSONSerializer,
            maintenance_interval=30,
            default_result_ttl=0,
            log_job_description=False,
        )

    def procline(self, message: str) -> None:
        """The process keeps its title, by which people find it; RQ would show what it does at each job."""

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM: the drain claims nothing more; RQ lets the job return."""
        process.stop()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


def main(queue: str) -> None:
    """Works on one queue until SIGTERM; then lets the calls under way settle."""
    # Python's own 5 ms, and less, makes a thousand threads fight for the GIL (docs/performance.md).
    sys.setswitchinterval(0.02)
    _allow_many_connections()
    runtime = open_runtime()
    process.use(runtime)
    # What is loaded stays, and each message makes hundreds of objects that die at once: to look for rings among them
    # after every 700, as Python does, took a tenth of the CPU at a thousand calls in flight.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    log.info("worker started", extra={"queue": queue})
    try:
        while not process.stopping():
            _work(runtime, queue)
    finally:
        # RQ takes a second SIGTERM as "kill"; from here on we are stopping anyway.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        process.close(CLOSE_WITHIN)
        log.info("worker stopped", extra={"queue": queue})


def _allow_many_connections() -> None:
    """Each thread keeps a connection to its provider open; the usual limit of 1,024 files is too near."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _work(runtime: Runtime, queue: str) -> None:
    """Lets RQ work until it stops or loses Redis, which ends its loop; the engine's threads go on meanwhile."""
    connection = redis.Redis.from_url(redis_url(runtime.settings))
    try:
        # A worker that starts looks for what waits, whoever was told of it before.
        runtime.waker.again(queue)
        DrainWorker(queue_named(queue, connection), connection).work(logging_level="WARNING")
    except redis.RedisError as error:
        log.warning("Redis cannot be reached", extra={"queue": queue, "error": type(error).__name__})
    except StopRequested:
        return
    finally:
        connection.close()
    process.wait_to_stop(REDIS_PAUSE)
