"""The drain engine: claims, works and settles, whatever the work, the database or the stop does meanwhile."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import redis
import sqlalchemy as sa

from bridge.errors import BridgeError
from bridge.model import Origin
from bridge.runtime import Runtime
from bridge.store import queue
from bridge.store.database import Database, DatabaseDown
from bridge.store.queue import PutOff
from bridge.store.tables import State, messages, workers
from bridge.wake import queue_named
from jobs import engine as engine_module
from jobs import process
from jobs.drain import Done, Drain, Later
from jobs.engine import Engine
from tests.outage import database_down
from tests.scene import Scene, message
from tests.waiting import eventually


@dataclass(frozen=True, slots=True)
class Thing:
    """A claimed row of these tests: a message, by its id in its helpdesk."""

    row_id: int
    bulk: int
    attempts: int
    name: str


def load(connection: sa.Connection, ids: Sequence[int]) -> list[Thing]:
    m = messages.c
    found = connection.execute(sa.select(m.id, m.bulk, m.attempts, m.message_id).where(m.id.in_(ids)))
    return [Thing(*row) for row in found]


@dataclass
class Work:
    """What the threads do. A name with a gate waits for it; one with an error fails."""

    calls: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    gates: dict[str, threading.Event] = field(default_factory=dict)
    errors: dict[str, Exception] = field(default_factory=dict)
    settles: list[int] = field(default_factory=list)
    unsettled: dict[str, Exception] = field(default_factory=dict)

    def hang(self, name: str) -> threading.Event:
        gate = self.gates[name] = threading.Event()
        return gate

    def work(self, _runtime: Runtime, unit: Sequence[Thing]) -> Iterable[Done[Thing, str]]:
        for thing in unit:
            self.calls.append(thing.name)
            if thing.name in self.gates:
                assert self.gates[thing.name].wait(60)
            self.ended.append(thing.name)
            if thing.name in self.errors:
                raise self.errors[thing.name]
            if thing.name != "forgotten":
                yield Done(thing, thing.name.upper())

    def settle(
        self, _runtime: Runtime, connection: sa.Connection, done: Sequence[Done[Thing, str]]
    ) -> Sequence[PutOff]:
        self.settles.append(len(done))
        for one in done:
            if one.row.name in self.unsettled:
                raise self.unsettled[one.row.name]
        for one in done:
            connection.execute(
                sa.update(messages)
                .where(messages.c.id == one.row.row_id)
                .values(state=int(State.SETTLED), worker_id=None, label=one.result)
            )
        return ()


class Rig:
    """A database with one connection, and engines that are closed in the end."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.scene = Scene(runtime.database)
        self.work = Work()
        self.workspace = self.scene.workspace()
        self.connection = self.scene.connection(self.workspace)
        self._engines: list[Engine[Thing, str]] = []

    def drain(self, threads: int = 4, capacity: int = 8, **more: Any) -> Drain[Thing, str]:
        given: dict[str, Any] = {"queue": "score", "table": messages, "load": load}
        given |= {"work": self.work.work, "settle": self.work.settle}
        return Drain(threads=threads, capacity=capacity, **(given | more))

    def engine(self, runtime: Runtime | None = None, **more: Any) -> Engine[Thing, str]:
        made = Engine(runtime or self.runtime, self.drain(**more))
        self._engines.append(made)
        return made

    def arrive(self, *names: str, **more: Any) -> None:
        items = [message(name, name) for name in names]
        self.scene.arrive(self.connection, *items, received_at=time.time(), **more)

    def row(self, name: str) -> Any:
        return self.scene.row(messages, messages.c.message_id == name)

    def is_settled(self, *names: str) -> bool:
        return all(self.row(name).state == State.SETTLED for name in names)

    def close(self) -> None:
        for gate in self.work.gates.values():
            gate.set()
        for one in self._engines:
            one.close(5)


@pytest.fixture
def rig(runtime: Runtime) -> Iterator[Rig]:
    made = Rig(runtime)
    yield made
    made.close()


NAMES = [f"m{number}" for number in range(30)]


def test_a_drain_works_until_nothing_is_due(rig: Rig) -> None:
    rig.arrive(*NAMES)
    assert rig.engine().run() is False
    assert rig.is_settled(*NAMES)
    assert sorted(rig.work.calls) == sorted(NAMES)
    assert rig.row("m1").label == "M1"


def test_with_nothing_due_a_drain_ends_at_once(rig: Rig) -> None:
    began = time.monotonic()
    assert rig.engine().run() is False
    assert time.monotonic() - began < 2


def test_a_look_tells_how_many_rows_it_claimed(rig: Rig) -> None:
    rig.arrive("a", "b")
    engine = rig.engine()
    assert engine.look() == 2
    eventually(lambda: rig.is_settled("a", "b"), "both to be settled")
    assert engine.look() == 0


def test_rows_are_claimed_in_the_transaction_that_settles_others(rig: Rig) -> None:
    """One look is enough for any number of rows."""
    rig.arrive(*NAMES)
    rig.engine(threads=2, capacity=3).look()
    eventually(lambda: rig.is_settled(*NAMES), "all rows to follow the first ones")


def test_no_more_than_the_capacity_is_claimed_and_a_workspace_leaves_a_tenth(rig: Rig) -> None:
    rig.work.gates = dict.fromkeys(NAMES, rig.work.hang("m0"))
    rig.arrive(*NAMES)
    engine = rig.engine(threads=10, capacity=10)
    assert engine.look() == 9
    other = rig.scene.connection()
    rig.scene.arrive(other, *(message() for _ in range(5)), received_at=time.time())
    assert engine.look() == 1
    assert engine.look() == 0


def test_bulk_rows_leave_half_of_the_capacity_to_live_ones(rig: Rig) -> None:
    rig.work.gates = dict.fromkeys(NAMES, rig.work.hang("m0"))
    rig.arrive(*NAMES, origin=Origin.BACKFILL)
    engine = rig.engine(threads=10, capacity=10)
    assert engine.look() == 5
    assert engine.look() == 0
    rig.arrive("live")
    assert engine.look() == 1


def test_rows_of_one_key_are_one_unit(rig: Rig) -> None:
    units: list[list[str]] = []

    def work(_runtime: Runtime, unit: Sequence[Thing]) -> Iterable[Done[Thing, str]]:
        units.append(sorted(thing.name for thing in unit))
        return [Done(thing, thing.name) for thing in unit]

    rig.arrive("a1", "a2", "b1")
    rig.engine(work=work, unit_key=lambda thing: thing.name[0]).run()
    assert sorted(units) == [["a1", "a2"], ["b1"]]


# Hung calls, budget


def test_a_hung_call_does_not_keep_others_from_being_claimed(rig: Rig) -> None:
    rig.work.hang("hung")
    rig.arrive("hung", *NAMES)
    engine = rig.engine(threads=3)
    running = threading.Thread(target=engine.run)
    running.start()
    eventually(lambda: rig.is_settled(*NAMES), "the others to be settled")
    rig.arrive("late")
    eventually(lambda: rig.is_settled("late"), "a message that came later", within=5)
    assert not rig.is_settled("hung")
    rig.work.gates["hung"].set()
    running.join(10)
    assert rig.is_settled("hung")


def test_a_drain_whose_budget_is_spent_asks_for_the_next_and_its_calls_settle(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "BUDGET", 0.2)
    gate = rig.work.hang("hung")
    rig.arrive("hung", "m1")
    engine = rig.engine()
    assert engine.run() is True
    assert engine.run() is True
    gate.set()
    eventually(lambda: rig.is_settled("hung"), "the call to settle without a drain")
    assert rig.work.calls.count("hung") == 1
    assert engine.run() is False


def test_a_drain_that_stops_early_wakes_the_next(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "BUDGET", 0.2)
    monkeypatch.setattr(process, "_runtime", rig.runtime)
    engine = rig.engine()
    monkeypatch.setattr(process, "_engine", engine)
    with redis.Redis.from_url(str(rig.runtime.settings.redis_url)) as client:
        waiting = queue_named("score", client)
        process.run(rig.drain())
        assert waiting.count == 0
        rig.work.hang("hung")
        rig.arrive("hung")
        process.run(rig.drain())
        assert waiting.count == 1


def test_a_settle_wakes_the_queues_behind_it(rig: Rig) -> None:
    rig.arrive("a")
    rig.engine(wakes=("writeback",)).run()
    with redis.Redis.from_url(str(rig.runtime.settings.redis_url)) as client:
        eventually(lambda: queue_named("writeback", client).count == 1, "the wake")


def test_bulk_results_are_settled_a_few_at_a_time_on_sqlite_and_none_is_lost(rig: Rig) -> None:
    rig.arrive(*NAMES, origin=Origin.BACKFILL)
    rig.engine(threads=60, capacity=60).run()
    eventually(lambda: rig.is_settled(*NAMES), "all to be settled")
    if rig.runtime.database.is_sqlite:
        assert max(rig.work.settles) <= engine_module.BULK_ROWS_A_SETTLE


# Errors


def test_an_error_of_ours_puts_the_row_off_and_counts(rig: Rig) -> None:
    rig.work.errors["bad"] = BridgeError("the scorer answered nonsense")
    rig.arrive("bad", "good")
    rig.engine().run()
    row = rig.row("bad")
    assert (row.state, row.worker_id, row.attempts, row.last_error) == (
        State.PENDING,
        None,
        1,
        "the scorer answered nonsense",
    )
    assert row.due_at > time.time()
    assert rig.is_settled("good")


def test_what_is_nobodys_error_puts_the_row_off_without_counting(rig: Rig) -> None:
    rig.work.errors["later"] = Later(120, "the helpdesk asks to wait")
    rig.arrive("later")
    rig.engine().run()
    row = rig.row("later")
    assert (row.attempts, row.last_error) == (0, "the helpdesk asks to wait")
    assert 100 < row.due_at - time.time() <= 120


def test_the_text_of_a_foreign_error_is_kept_nowhere(rig: Rig) -> None:
    """It may hold the customer's words."""
    rig.work.errors["bad"] = ValueError("cannot parse: my password is hunter2")
    rig.arrive("bad")
    rig.engine().run()
    assert rig.row("bad").last_error == "ValueError"


def test_an_error_in_a_unit_leaves_the_outcomes_before_it(rig: Rig) -> None:
    rig.work.errors["b"] = BridgeError("broken")
    rig.arrive("a", "b", "c")
    rig.engine(unit_key=lambda thing: 0, load=lambda c, ids: sorted(load(c, ids), key=lambda one: one.name)).run()
    assert rig.is_settled("a")
    assert [rig.row(name).attempts for name in "abc"] == [0, 1, 1]


def test_a_row_that_the_work_forgot_is_put_off(rig: Rig) -> None:
    rig.arrive("forgotten", "good")
    rig.engine().run()
    assert (rig.row("forgotten").attempts, rig.row("forgotten").worker_id) == (1, None)
    assert rig.is_settled("good")


def test_a_result_that_cannot_be_settled_does_not_cost_its_neighbours_theirs(rig: Rig) -> None:
    rig.work.unsettled["bad"] = ValueError("bug")
    gate = rig.work.hang("a")
    rig.work.gates = dict.fromkeys(["bad", *NAMES[:5]], gate)
    rig.arrive("bad", *NAMES[:5])
    engine = rig.engine(threads=10, capacity=20)
    engine.look()
    gate.set()  # all results come at once
    eventually(lambda: rig.is_settled(*NAMES[:5]), "the neighbours to be settled")
    eventually(lambda: rig.row("bad").attempts == 1, "the bad one to be put off")
    assert rig.row("bad").last_error == "ValueError"
    assert rig.work.calls.count("bad") == 1


def test_a_result_that_can_never_be_settled_ends_as_a_dead_letter(rig: Rig) -> None:
    rig.work.unsettled["bad"] = ValueError("bug")
    rig.arrive("bad")
    engine = rig.engine()

    def dead() -> bool:
        rig.runtime.database.write(lambda c: c.execute(sa.update(messages).values(due_at=0)))
        engine.look()
        return bool(rig.row("bad").state == State.DEAD)

    eventually(dead, "the dead letter", every=0.05)
    assert rig.work.calls.count("bad") == queue.OWN_ERRORS


def test_a_claim_that_fails_by_a_bug_is_logged_and_the_engine_goes_on(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    broken = threading.Event()
    broken.set()

    def sometimes(connection: sa.Connection, ids: Sequence[int]) -> list[Thing]:
        if broken.is_set():
            raise ValueError("a row nobody can load")
        return load(connection, ids)

    rig.arrive("a")
    engine = rig.engine(load=sometimes)
    assert engine.look() == -1
    assert [record.levelno for record in caplog.records if record.name == "moodbridge.drain"] == [logging.ERROR]
    broken.clear()
    assert engine.look() == 1


# Leases


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
