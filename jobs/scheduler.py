"""The scheduler: one small loop that enqueues jobs when they are due and does no work itself.

Any number of schedulers may run: the one that holds the lease acts. Next-run times are in the
database, so that a restart or a clock change neither repeats nor skips a run.
"""

import logging
import os
import signal
import threading
import time
from dataclasses import dataclass
from types import FrameType

from bridge.runtime import Runtime, open_runtime
from bridge.store import clock, schedule
from bridge.store.database import DatabaseDown
from bridge.store.queue import is_due
from bridge.store.tables import deliveries, messages, read_requests, tickets

log = logging.getLogger("moodbridge.scheduler")

SWEEP_EVERY = 5.0

LEASE = 15.0
"""Seconds after which another scheduler takes over."""

SWEPT = (
    ("read", read_requests, True),
    ("score", messages, False),
    ("writeback", tickets, False),
    ("notify", deliveries, False),
)
"""Queue, table, and whether work for workspaces that are off counts."""


@dataclass(frozen=True, slots=True)
class Task:
    """A job that is enqueued every so many seconds."""

    name: str
    every: float
    function: str


TASKS = (
    Task("poll", 10.0, "jobs.poll.run"),
    Task("backfill", 60.0, "jobs.backfill.run"),
    Task("retention", 3600.0, "jobs.retention.run"),
    Task("digest", 3600.0, "jobs.digest.run"),
    Task("numbers", 60.0, "jobs.numbers.run"),
    Task("mood", 900.0, "jobs.mood.run"),
    Task("silence", 60.0, "jobs.silence.run"),
    Task("mark", 15.0, "jobs.mark.run"),
)


def main() -> None:
    """Runs until SIGTERM or SIGINT."""
    stop = threading.Event()

    def heard(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, heard)
    signal.signal(signal.SIGINT, heard)
    runtime = open_runtime()
    me = f"{os.uname().nodename}:{os.getpid()}"
    try:
        _begin(runtime)
        while True:
            turn(runtime, me)
            if stop.wait(SWEEP_EVERY):
                return
    finally:
        runtime.close()


def _begin(runtime: Runtime) -> None:
    """What happened while nobody polled is looked for at once."""
    try:
        runtime.database.write(schedule.poll_again)
    except DatabaseDown as error:
        log.warning(str(error))


def turn(runtime: Runtime, me: str) -> None:
    """One look: if this scheduler holds the lease, wake what is due and enqueue the tasks whose time has come."""
    try:
        now = time.time()
        if not runtime.database.write(lambda connection: schedule.hold(connection, "scheduler", me, now, LEASE)):
            return
        sweep(runtime)
        names = {task.name: task.every for task in TASKS}
        due = runtime.database.write(lambda connection: schedule.take_due(connection, names, now))
        missed = [task.name for task in TASKS if task.name in due and not runtime.waker.job("read", task.function)]
        if missed:
            runtime.database.write(lambda connection: schedule.run_again(connection, missed, now))
    except DatabaseDown as error:
        log.warning(str(error))


def sweep(runtime: Runtime) -> None:
    """Wakes each queue in which something is due: whatever a wake was lost to, this finds it."""
    now = time.time()
    runtime.database.write(lambda connection: clock.catch_up(connection, now))
    with runtime.database.read() as connection:
        due = [name for name, table, also_off in SWEPT if is_due(connection, table, now, also_off=also_off)]
    for name in due:
        runtime.waker.now(name)
