"""Is it alive, is it ready, and what does it count: /healthz, /readyz, /metrics."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis
from flask import Blueprint, Response

from bridge.runtime import Runtime, redis_url
from bridge.store import health
from bridge.store.database import DatabaseDown
from bridge.store.worker_leases import queues_at_work
from bridge.wake import DRAINS, connect
from bridge.web import bearer
from bridge.web.answers import json_answer
from bridge.web.metrics import Metrics

GOOD_FOR = 1.0
"""Seconds for which an answer of /readyz stands: everybody may ask, and each look is a commit."""
COMMIT_WITHIN = 3.0
OLD = 60.0
"""Seconds after which what is due should have been done."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What was found. `stores`: a message could be stored. `oldest`: seconds, None when it cannot be seen."""

    stores: bool
    redis: bool
    workers: bool
    oldest: float | None


def blueprint(runtime: Runtime, metrics: Metrics) -> Blueprint:
    """The three addresses."""
    routes = Blueprint("health", __name__)
    ready = _kept(lambda: look(runtime))

    @routes.get("/healthz")
    def healthz() -> Response:
        return json_answer({"status": "ok"})

    @routes.get("/readyz")
    def readyz() -> Response:
        found = ready()
        answer = json_answer(told(found), 200 if found.stores else 503)
        if not found.stores:
            answer.headers["Retry-After"] = "5"
        return answer

    @routes.get("/metrics")
    def numbers() -> Response:
        bearer.holder(runtime)
        return Response(metrics.text(), content_type=metrics.content_type)

    return routes


def look(runtime: Runtime) -> Ready:
    """Looks at everything that a message needs on its way. Takes at most a few seconds."""
    try:
        runtime.database.write(health.touch, timeout=COMMIT_WITHIN)
        now = time.time()
        with runtime.database.read() as connection:
            oldest = health.oldest_pending(connection, now)
            at_work = queues_at_work(connection, now)
        stores = True
    except DatabaseDown:
        stores, oldest, at_work = False, None, set()
    listening = _listening(runtime)
    workers = set(DRAINS) <= at_work | (listening or set())
    return Ready(stores, listening is not None, workers, oldest)


def _listening(runtime: Runtime) -> set[str] | None:
    """The queues that workers have registered for in Redis; None when it does not answer."""
    client = connect(redis_url(runtime.settings))
    try:
        client.ping()
        return {queue for queue in DRAINS if health.listening(client, queue)}
    except redis.RedisError:
        return None
    finally:
        client.close()


def told(ready: Ready) -> dict[str, object]:
    """The body of /readyz. Only the database decides whether hooks may come; the rest is to look at."""
    parts = {
        "database": ready.stores,
        "redis": ready.redis,
        "workers": ready.workers,
        "oldest_pending": ready.oldest is not None and ready.oldest <= OLD,
    }
    shown: dict[str, object] = {name: "ok" if well else "degraded" for name, well in parts.items()}
    shown["oldest_pending_seconds"] = None if ready.oldest is None else round(ready.oldest, 1)
    return {"status": "ok" if all(parts.values()) else "degraded", **shown}


def _kept(find: Callable[[], Ready]) -> Callable[[], Ready]:
    """`find`, called by one thread at a time and at most once in `GOOD_FOR` seconds."""
    lock = threading.Lock()
    last: list[tuple[float, Ready]] = []

    def kept() -> Ready:
        with lock:
            if not last or time.monotonic() - last[0][0] > GOOD_FOR:
                last[:] = [(time.monotonic(), find())]
            return last[0][1]

    return kept
