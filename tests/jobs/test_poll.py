"""The poll: each connection at its own pace, at once after a start, and a pause of its helpdesk is kept."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bridge.connector import Access, RateLimited
from bridge.runtime import Runtime
from bridge.store import schedule
from bridge.store.tables import connections, read_requests
from jobs import scheduler
from jobs.poll import poll
from tests import fakes
from tests.jobs.desk import Desk, Floor

NOW = 1_764_000_000.0


@pytest.fixture
def paces() -> dict[str, float]:
    """Seconds by connection; 60 for all others."""
    return {}


@pytest.fixture
def floor(runtime: Runtime, desk: Desk, paces: dict[str, float]) -> Iterator[Floor]:
    def every(access: Access) -> float:
        return paces.get(access.connection, 60.0)

    made = desk.connector()
    slow = replace(made.capabilities, poll_every=600)
    opened = Floor(runtime, desk, replace(made, capabilities=slow, poll_every=every))
    yield opened
    opened.close()


def polls(floor: Floor, seconds: int, begin: float = NOW) -> list[float]:
    """When, in so many seconds of a look every 10, the connection's turn was."""
    turns = []
    for step in range(0, seconds, 10):
        if poll(floor.runtime, begin + step):
            turns.append(float(step))
        floor.execute(sa.delete(read_requests))
    return turns


def test_a_connection_is_polled_at_its_own_pace(floor: Floor, paces: dict[str, float]) -> None:
    assert polls(floor, 181) == [0, 60, 120, 180]
    paces[floor.home.connection] = 600
    assert polls(floor, 1300, NOW + 240) == [0, 600, 1200]


def test_connections_of_one_kind_may_differ(floor: Floor, paces: dict[str, float]) -> None:
    other = fakes.home(floor.runtime, kind="desk")
    paces[other.connection] = 600
    poll(floor.runtime, NOW)
    floor.execute(sa.delete(read_requests))
    poll(floor.runtime, NOW + 60)
    assert {row.connection_id for row in floor.reads()} == {floor.home.connection}


def test_a_kind_that_does_not_decide_has_one_pace(runtime: Runtime, desk: Desk) -> None:
    floor = Floor(runtime, desk)
    assert polls(floor, 121) == [0, 60, 120]
    floor.close()


def test_a_poll_asks_for_what_changed_once_however_long_nobody_reads(floor: Floor) -> None:
    poll(floor.runtime, NOW)
    poll(floor.runtime, NOW + 600)
    (request,) = floor.reads()
    assert (request.kind, request.name, request.bulk) == ("listing", "changes", 0)


def test_a_start_polls_at_once_whatever_was_planned(floor: Floor, paces: dict[str, float]) -> None:
    paces[floor.home.connection] = 600
    now = time.time()
    poll(floor.runtime, now)
    floor.execute(sa.delete(read_requests))
    assert poll(floor.runtime, now + 20) == 0
    floor.runtime.database.write(schedule.poll_again)
    assert poll(floor.runtime, now + 20) == 1


def test_the_scheduler_plans_the_polls_anew_when_it_starts(floor: Floor) -> None:
    poll(floor.runtime, time.time())
    scheduler._begin(floor.runtime)
    assert poll(floor.runtime, time.time()) == 1


def test_a_helpdesk_that_asks_for_a_pause_is_called_for_no_request(floor: Floor, desk: Desk) -> None:
    desk.errors.append(RateLimited(90))
    floor.event(targets=[["ticket", "T-1"]])
    floor.drain("read")
    floor.event(targets=[["ticket", "T-2"]])
    floor.drain("read")
    assert desk.read == ["T-1"]
    assert floor.connection().paused_until - time.time() == pytest.approx(90, abs=20)
    assert floor.connection().status == "active"
    floor.all_due()
    floor.drain("read")
    assert sorted(desk.read) == ["T-1", "T-1", "T-2"]


def test_a_limit_of_one_kind_of_call_stops_no_other(floor: Floor, desk: Desk) -> None:
    desk.errors.append(RateLimited(90, whole=False))
    floor.event(targets=[["listing", "events"]])
    floor.drain("read")
    floor.event(targets=[["ticket", "T-2"]])
    floor.drain("read")
    assert desk.read == ["events", "T-2"]


def test_the_pause_is_one_connections_own(floor: Floor, desk: Desk) -> None:
    floor.execute(
        sa.update(connections).where(connections.c.id == floor.home.connection).values(paused_until=time.time() + 90)
    )
    other = fakes.home(floor.runtime, kind="desk")
    floor.receiver.receive(other.hook, *other.event(targets=[["ticket", "T-7"]]))
    floor.event(targets=[["ticket", "T-1"]])
    floor.drain("read")
    assert desk.read == ["T-7"]
