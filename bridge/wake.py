"""Waking drains: RQ is told that something is due, never what. The only module that names job functions.

The rule: after a commit, if no job waits in the queue, enqueue one. A waiting job will look after our
commit; one that a worker has popped no longer counts. RQ's own `unique` loses wake-ups while a drain
ends, and after a kill its leftover hash would block every wake for minutes.
"""

import logging
import threading
import time
from collections.abc import Iterable

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

log = logging.getLogger("moodbridge.wake")

DRAINS = {
    "read": "jobs.read.drain",
    "score": "jobs.score.drain",
    "writeback": "jobs.writeback.drain",
    "notify": "jobs.notify.drain",
}
"""The drain of each queue, in the order in which a message passes them."""

PACE = 0.02
"""Seconds between two looks at the queues by `soon`. Under load there is one after each commit otherwise, which took a
fifteenth of a web process's CPU; a message that comes alone does not wait."""

JOB_TIMEOUT = 30
"""Seconds. A drain's time budget is 10 s; a longer time-out would only delay RQ's notice of a dead worker."""


def connect(url: str) -> "redis.Redis":
    """A client with short time-outs and no retries: who wakes must not wait for a Redis that is gone."""
    return redis.Redis.from_url(
        url, socket_connect_timeout=1, socket_timeout=5, retry=Retry(NoBackoff(), 0), health_check_interval=30
    )


def queue_named(name: str, connection: "redis.Redis") -> Queue:
    """The RQ queue, with JSON jobs: pickle would let whoever writes to Redis run code."""
    return Queue(name, connection=connection, serializer=JSONSerializer)


def enqueue(queue: Queue, function: str, *arguments: str) -> None:
    """One job with ids only as arguments; nothing of it stays in Redis once it is done."""
    queue.enqueue(
        function,
        args=arguments,
        result_ttl=0,
        failure_ttl=60,
        job_timeout=JOB_TIMEOUT,
        description=function,
    )


class Waker:
    """Wakes queues from a thread of its own, so that nobody's answer waits for Redis.

    Errors of Redis are counted and swallowed: the database knows what is due, and the sweep wakes again.
    """

    def __init__(self, url: str) -> None:
        self._connection = connect(url)
        self._queues = {name: queue_named(name, self._connection) for name in DRAINS}
        self._wanted: set[str] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self.errors = 0

    def soon(self, names: Iterable[str]) -> None:
        """Wakes these queues as soon as the thread can; returns at once."""
        with self._changed:
            self._wanted.update(names)
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="waker", daemon=True)
                self._thread.start()
            self._changed.notify()

    def now(self, name: str) -> bool:
        """Wakes a queue from this thread. False when Redis could not be reached."""
        queue = self._queues[name]
        try:
            if queue.count == 0:
                enqueue(queue, DRAINS[name])
        except redis.RedisError as error:
            self.errors += 1
            if self.errors & (self.errors - 1) == 0:  # the 1st, 2nd, 4th, 8th ...: an outage is not a line a message
                log.warning("Redis cannot be reached", extra={"count": self.errors, "error": type(error).__name__})
            return False
        return True

    def again(self, name: str) -> None:
        """Wakes a queue whatever waits in it: for a drain that stops while rows are left."""
        try:
            enqueue(self._queues[name], DRAINS[name])
        except redis.RedisError:
            self.errors += 1

    def job(self, queue: str, function: str, *arguments: str) -> bool:
        """Enqueues a job other than a drain. False when Redis could not be reached."""
        try:
            enqueue(self._queues[queue], function, *arguments)
        except redis.RedisError:
            self.errors += 1
            return False
        return True

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._connection.close()

    def _loop(self) -> None:
        while True:
            with self._changed:
                while not self._wanted and not self._closing:
                    self._changed.wait()
                if not self._wanted:
                    return
                names, self._wanted = self._wanted, set()
            for name in DRAINS:
                if name in names:
                    self.now(name)
            time.sleep(PACE)
