"""The obvious way to score, to compare with: RQ, one job a message, forking workers.

`python -m benchmarks.plain_rq WORKERS` works (RQ's own worker pool, the job's module loaded before the fork);
`enqueue` fills its queue. A job asks the provider and counts itself in Redis; nothing is stored.
"""

import logging
import os
import sys

import redis
import requests
from rq import Queue
from rq.serializers import JSONSerializer
from rq.worker_pool import WorkerPool

QUEUE = "plain"
DONE = "plain:done"

_session = requests.Session()


def score(url: str, text: str) -> None:
    """The job."""
    _session.post(url, json={"text": text}, timeout=40).raise_for_status()
    redis.Redis.from_url(os.environ["REDIS_URL"]).incr(DONE)


def enqueue(connection: "redis.Redis", url: str, text: str, count: int) -> None:
    """Fills the queue."""
    queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer)
    one = Queue.prepare_data("benchmarks.plain_rq.score", args=(url, text), result_ttl=0)
    for start in range(0, count, 1000):
        queue.enqueue_many([one._replace(job_id=f"plain-{start + n}") for n in range(min(1000, count - start))])


if __name__ == "__main__":
    logging.disable(logging.INFO)
    pool = WorkerPool(
        [QUEUE],
        connection=redis.Redis.from_url(os.environ["REDIS_URL"]),
        num_workers=int(sys.argv[1]),
        serializer=JSONSerializer,
    )
    pool.start(logging_level="WARNING")
