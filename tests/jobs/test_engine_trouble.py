"""The drain engine in trouble: leases, stops, and a database that is away."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.store.database import Database, DatabaseDown
from bridge.store.tables import State, workers
from jobs import engine as engine_module
from tests.jobs.engine_rig import NAMES, Rig, Work
from tests.outage import database_down
from tests.waiting import eventually


def test_a_lease_is_renewed_while_a_call_is_under_way(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "RENEW_EVERY", 0.05)
    rig.work.hang("hung")
    rig.arrive("hung")
    rig.engine().look()
    first = lease(rig)
    eventually(lambda: lease(rig) > first, "the lease to be renewed")


def lease(rig: Rig) -> float:
    with rig.runtime.database.read() as connection:
        until: float = connection.execute(sa.select(workers.c.lease_until)).scalar_one()
    return until


def test_a_worker_that_was_paused_settles_nothing_that_another_took_over(rig: Rig) -> None:
    gate = rig.work.hang("a")
    rig.arrive("a")
    paused = rig.engine()
    paused.look()
    rig.runtime.database.write(lambda c: c.execute(sa.update(workers).values(lease_until=time.time() - 1)))
    other = Work()
    rig.engine(work=other.work, settle=other.settle).run()
    assert rig.is_settled("a")
    gate.set()
    eventually(lambda: paused.look() == 0 and not paused._held, "the paused worker to finish")
    assert rig.work.settles == []


# Stops


def test_a_stopped_engine_claims_nothing(rig: Rig) -> None:
    rig.arrive("a")
    engine = rig.engine()
    engine.stopping.set()
    assert engine.look() == 0
    assert engine.run() is False


def test_a_stop_waits_for_the_calls_under_way_and_gives_back_the_rest(rig: Rig) -> None:
    gate = rig.work.hang("m0")
    rig.work.gates = dict.fromkeys(NAMES[:6], gate)
    rig.scene.switch(rig.workspace, in_flight=6)
    rig.arrive(*NAMES[:6])
    engine = rig.engine(threads=2, capacity=10)
    engine.look()
    eventually(lambda: len(rig.work.calls) == 2, "two calls to begin")
    stopping = threading.Thread(target=engine.close, args=(20,))
    stopping.start()
    eventually(engine.stopping.is_set, "the stop")
    gate.set()
    stopping.join(20)
    done = [name for name in NAMES[:6] if rig.is_settled(name)]
    assert sorted(done) == sorted(rig.work.calls)
    assert all(rig.row(name).worker_id is None and rig.row(name).deaths == 0 for name in NAMES[:6])


def test_a_stop_does_not_wait_for_ever_and_the_row_is_free(rig: Rig) -> None:
    gate = rig.work.hang("hung")
    rig.arrive("hung")
    engine = rig.engine()
    engine.look()
    began = time.monotonic()
    engine.close(0.2)
    assert time.monotonic() - began < 5
    row = rig.row("hung")
    assert (row.state, row.worker_id, row.deaths) == (State.PENDING, None, 0)
    gate.set()


def test_a_closed_engine_leaves_no_thread_behind(rig: Rig) -> None:
    before = set(threading.enumerate())
    engine = rig.engine()
    rig.arrive(*NAMES)
    engine.run()
    engine.close(5)
    rig.runtime.waker.close()
    eventually(lambda: not ours(before), "its threads to end", within=10)


def ours(before: set[threading.Thread]) -> list[str]:
    started = [thread.name for thread in threading.enumerate() if thread not in before]
    return [name for name in started if name.startswith(("score", "_settler", "_keep_lease"))]


# The database goes away


def test_scores_in_memory_are_settled_when_the_database_is_back(rig: Rig) -> None:
    gate = rig.work.hang("a")
    rig.arrive("a", "b")
    rig.work.gates["b"] = gate
    engine = rig.engine()
    engine.look()
    eventually(lambda: len(rig.work.calls) == 2, "both calls")
    with database_down(rig.runtime.database):
        gate.set()
        eventually(lambda: len(rig.work.ended) == 2, "both calls to end")
    eventually(lambda: rig.is_settled("a", "b"), "both to be settled")
    assert sorted(rig.work.calls) == ["a", "b"]


def test_a_drain_ends_when_the_database_is_away_and_goes_on_when_it_is_back(rig: Rig) -> None:
    away = Away(rig.runtime.database)
    rig.arrive("a")
    engine = rig.engine(replace(rig.runtime, database=away))
    away.fail(before=True)
    assert engine.run() is False
    away.fail(before=False)
    assert engine.run() is False
    assert rig.is_settled("a")


def test_a_stop_is_not_held_up_by_a_database_that_is_away(rig: Rig) -> None:
    away = Away(rig.runtime.database)
    rig.arrive("a")
    engine = rig.engine(replace(rig.runtime, database=away))
    gate = rig.work.hang("a")
    engine.look()
    away.fail(before=True)
    gate.set()
    running = threading.Thread(target=engine.run)
    running.start()
    eventually(lambda: away.failures > 0, "a failed settle")
    began = time.monotonic()
    engine.stopping.set()
    running.join(10)
    assert time.monotonic() - began < 5
    away.fail(before=False)


class Away(Database):
    """A database whose commits fail, before or after they really happened."""

    def __init__(self, real: Database) -> None:
        self._real = real
        self.is_sqlite = real.is_sqlite
        self._before = False
        self.after_next = False
        self.failures = 0

    def fail(self, before: bool) -> None:
        self._before = before

    def write(self, work: Callable[[sa.Connection], Any], timeout: float | None = 30) -> Any:
        if self._before:
            self.failures += 1
            raise DatabaseDown("away")
        result = self._real.write(work, timeout)
        if self.after_next:
            self.after_next = False
            self.failures += 1
            raise DatabaseDown("the answer of the commit was lost")
        return result


def test_rows_claimed_by_a_commit_whose_answer_was_lost_are_worked_on_anyway(rig: Rig) -> None:
    away = Away(rig.runtime.database)
    engine = rig.engine(replace(rig.runtime, database=away))
    rig.arrive("a", "b")
    away.after_next = True
    assert engine.look() == -1
    assert rig.row("a").worker_id is not None
    assert engine.look() == 2
    eventually(lambda: rig.is_settled("a", "b"), "both to be settled")


def test_results_settled_by_a_commit_whose_answer_was_lost_are_not_settled_again(rig: Rig) -> None:
    away = Away(rig.runtime.database)
    engine = rig.engine(replace(rig.runtime, database=away), threads=1, capacity=2)
    gate = rig.work.hang("a")
    rig.arrive("a", "b", "c", "d")
    engine.look()
    eventually(lambda: rig.work.calls, "the call to begin")
    away.after_next = True
    gate.set()
    eventually(lambda: rig.is_settled("a", "b", "c", "d"), "all to be settled")
    assert away.failures == 1
    assert rig.work.calls.count("a") == 1
