"""Web servers to compare with, on the same server and connector: `python -m benchmarks.bare_web nothing|naive`.

`nothing` verifies and parses and stores nothing. `naive` does the obvious: each request inserts its row in a
transaction of its own, then enqueues a job for it.
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from bridge.processes.serve import listen, serve
from bridge.receive import Receiver
from bridge.runtime import Runtime, open_runtime, redis_url
from bridge.settings import load
from bridge.store.inbox import Arrival, Receipt, store_arrivals
from bridge.wake import connect, enqueue, queue_named
from bridge.web.hooks import Hooks


def _nothing(_operation: object, arrival: Arrival, _timeout: float) -> Receipt:
    return Receipt(accepted=len(arrival.messages))


def _naive(runtime: Runtime) -> Callable[[object, Arrival, float], Receipt]:
    queue = queue_named("naive", connect(redis_url(runtime.settings)))

    def store(_operation: object, arrival: Arrival, _timeout: float) -> Receipt:
        with runtime.database.engine.connect() as connection, connection.begin():
            if runtime.database.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            (receipt,) = store_arrivals(connection, [arrival])
        for message in arrival.messages:
            enqueue(queue, "jobs.score.drain", message.ticket_id, message.message_id)
        return receipt

    return store


def _application(kind: str) -> Hooks:
    runtime = open_runtime()
    store: Any = _nothing if kind == "nothing" else _naive(runtime)
    object.__setattr__(runtime.database, "batch", store)
    return Hooks(Receiver(runtime), _healthy)


def _healthy(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Length", "0")])
    return []


if __name__ == "__main__":
    settings = load(os.environ)
    serve(partial(_application, sys.argv[1]), listen(settings.host, settings.port))
