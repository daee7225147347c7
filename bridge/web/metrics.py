"""Numbers for Prometheus, over all workspaces: none is named, and no text is shown.

Queues are counted when asked for; the rest counts in this process since its start.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from bridge.receive import Receiver
from bridge.runtime import Runtime
from bridge.store import health
from bridge.store.database import DatabaseDown

log = logging.getLogger("moodbridge.web")

LOOPBACK = "127.0.0.1"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 8.0)


class Metrics:
    """The metrics of one web process, in a registry of their own."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, runtime: Runtime, receiver: Receiver) -> None:
        self._registry = CollectorRegistry()
        self._answers: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._stored = Histogram(
            "moodbridge_hook_seconds",
            "From a hook's request to the commit of what it brought.",
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._registry.register(_Looked(runtime, receiver, self._answers))
        ProcessCollector(registry=self._registry)

    def answered(self, status: int, seconds: float) -> None:
        """Counts an answer to a hook's request, and how long it took to store what came."""
        with self._lock:
            self._answers[status] += 1
        if status == 202:
            self._stored.observe(seconds)

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    def listen(self, port: int) -> None:
        """Serves the metrics on a port of this machine's loopback, open to whoever is on it."""
        try:
            start_http_server(port, LOOPBACK, self._registry)
        except OSError as error:  # another web process of this machine serves its own there
            log.warning("METRICS_PORT is taken; this process serves /metrics with a token only", exc_info=error)


class _Looked(Collector):
    """What is looked up at each scrape."""

    def __init__(self, runtime: Runtime, receiver: Receiver, answers: Counter[int]) -> None:
        self._runtime = runtime
        self._receiver = receiver
        self._answers = answers

    def describe(self) -> list[Metric]:
        return []  # registering asks; nothing is looked up for that

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "moodbridge_accepted", "Things that hooks brought and that were new.", self._receiver.accepted
        )
        yield CounterMetricFamily(
            "moodbridge_wake_errors", "Wake-ups that Redis did not take.", self._runtime.waker.errors
        )
        answers = CounterMetricFamily("moodbridge_hook_answers", "Answers to hooks by status.", labels=["status"])
        for status, count in sorted(self._answers.copy().items()):
            answers.add_metric([str(status)], count)
        yield answers
        yield from self._queues()

    def _queues(self) -> Iterator[Metric]:
        database = GaugeMetricFamily("moodbridge_database_up", "Whether the database answers.")
        try:
            with self._runtime.database.read() as connection:
                counts = health.queue_counts(connection)
                oldest = health.oldest_pending(connection, time.time())
        except DatabaseDown:
            database.add_metric([], 0)
            yield database
            return
        database.add_metric([], 1)
        yield database
        for state, meaning in (
            ("pending", "Rows that wait."),
            ("claimed", "Rows that a worker holds."),
            ("dead", "Rows that were given up on."),
        ):
            family = GaugeMetricFamily(f"moodbridge_{state}", meaning, labels=["queue"])
            for queue in counts:
                family.add_metric([queue.queue], getattr(queue, state))
            yield family
        yield GaugeMetricFamily("moodbridge_oldest_pending_seconds", "How long the oldest due row waits.", oldest)
