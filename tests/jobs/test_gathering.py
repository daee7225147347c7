"""While a helpdesk is written much, tickets wait a moment for each other; a lone one goes at once."""

import time

import pytest

from bridge.runtime import Runtime
from jobs.gathering import BUSY_SECONDS, BUSY_TICKETS, PATIENCE
from tests.jobs.desk import Desk, Floor
from tests.waiting import eventually

URGENT = "This is unacceptable"


class Turned:
    """The machine's time, ahead by what was turned."""

    def __init__(self) -> None:
        self.real, self.ahead = time.time, 0.0

    def __call__(self) -> float:
        return self.real() + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Turned:
    turned = Turned()
    monkeypatch.setattr(time, "time", turned)
    return turned


def write(floor: Floor, *names: str) -> None:
    for name in names:
        floor.says(URGENT, name)
    floor.drain("score", "writeback")


def busy(floor: Floor) -> None:
    write(floor, *(f"B-{number}" for number in range(BUSY_TICKETS)))
    floor.desk.written.clear()


def test_a_few_tickets_go_one_by_one_at_once(floor: Floor, desk: Desk) -> None:
    for number in range(4):
        write(floor, f"T-{number}")
    assert [len(call) for call in desk.written] == [1, 1, 1, 1]


def test_after_many_the_next_ones_go_in_one_call_when_the_moment_is_over(
    clock: Turned, floor: Floor, desk: Desk
) -> None:
    busy(floor)
    write(floor, "T-1")
    write(floor, "T-2")
    assert desk.written == []
    clock.ahead += PATIENCE
    floor.drain("writeback")
    assert [sorted(call) for call in desk.written] == [["T-1", "T-2"]]


def test_a_ticket_that_comes_later_than_that_goes_at_once(clock: Turned, floor: Floor, desk: Desk) -> None:
    busy(floor)
    clock.ahead += BUSY_SECONDS + 1
    write(floor, "T-1")
    assert desk.written == [["T-1"]]


def test_tickets_that_fill_a_call_do_not_wait(clock: Turned, runtime: Runtime, desk: Desk) -> None:
    floor = Floor(runtime, desk, desk.connector(bulk_size=20))
    busy(floor)
    write(floor, *(f"T-{number}" for number in range(19)))
    assert desk.written == []
    write(floor, "T-19")
    assert [len(call) for call in desk.written] == [20]
    floor.close()


def test_a_helpdesk_that_takes_one_ticket_a_call_is_not_waited_for(runtime: Runtime, desk: Desk) -> None:
    floor = Floor(runtime, desk, desk.connector(bulk_size=1))
    busy(floor)
    write(floor, "T-1")
    assert desk.written == [["T-1"]]
    floor.close()


def test_what_was_put_off_keeps_its_time(clock: Turned, floor: Floor, desk: Desk) -> None:
    desk.refused.add("T-1")
    write(floor, "T-1")
    before = floor.tickets()[0].due_at
    busy(floor)
    write(floor, "T-2")
    assert floor.tickets()[0].due_at == before


def test_the_queue_is_woken_when_the_moment_is_over(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[str] = []
    monkeypatch.setattr(floor.runtime.waker, "soon", woken.extend)
    busy(floor)
    woken.clear()
    eventually(lambda: "writeback" in woken, "the write-back drain to be woken")
