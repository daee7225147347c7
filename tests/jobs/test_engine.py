"""The drain engine: what it claims, works on, settles and puts off."""

import logging
import threading
import time
from collections.abc import Iterable, Sequence

import pytest
import redis
import sqlalchemy as sa

from bridge.errors import BridgeError
from bridge.model import Origin
from bridge.runtime import Runtime
from bridge.store import queue
from bridge.store.tables import State, messages
from bridge.wake import queue_named
from jobs import engine as engine_module
from jobs import process
from jobs.drain import Done, Later
from tests.jobs.engine_rig import NAMES, Rig, Thing, load
from tests.scene import message
from tests.waiting import eventually


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
