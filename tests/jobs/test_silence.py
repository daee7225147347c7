"""An unhappy customer whom nobody answers escalates; one who was answered, or is no longer unhappy, does not."""

import json
import time
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from bridge import rules
from bridge.receive import Receiver
from bridge.runtime import Runtime
from bridge.store.mood_tables import silences
from bridge.store.tables import events
from jobs.silence import look
from tests.fakes import Home, message, scored

HOUR = 3600.0
BEGAN = time.time() - 60


@pytest.fixture(autouse=True)
def _rule(runtime: Runtime, home: Home) -> None:
    waits = [{"name": "nobody_answers", "latest_below": -0.2, "silent_hours": 4}]
    rules.change(runtime, home.slug, json.dumps(waits))


def escalated(runtime: Runtime) -> list[str]:
    """The reasons for which tickets escalated."""
    with runtime.database.read() as connection:
        found = connection.execute(sa.select(events.c.data).where(events.c.type == "ticket.escalated")).scalars()
        return [json.loads(data)["reason"] for data in found]


def waiting(runtime: Runtime) -> Sequence[float]:
    with runtime.database.read() as connection:
        return connection.execute(sa.select(silences.c.due_at)).scalars().all()


def reply(runtime: Runtime, home: Home) -> None:
    body, headers = home.event([message("T-1", author="staff", written_at=time.time())])
    Receiver(runtime).receive(home.hook, body, headers)


def test_an_unhappy_customer_whom_nobody_answers_escalates_once(runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", -60, at=BEGAN)
    assert escalated(runtime) == []

    look(runtime, BEGAN + 4 * HOUR + 1)
    look(runtime, BEGAN + 9 * HOUR)
    assert escalated(runtime) == ["nobody_answers"]
    assert waiting(runtime) == []


def test_nothing_is_looked_at_before_its_time(runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", -60, at=BEGAN)

    assert look(runtime, BEGAN + 4 * HOUR - 1) == 0
    assert waiting(runtime) == [BEGAN + 4 * HOUR]


def test_a_reply_of_staff_ends_the_wait(runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", -60, at=BEGAN)
    reply(runtime, home)

    assert look(runtime, BEGAN + 5 * HOUR) == 1
    assert escalated(runtime) == []


def test_a_customer_who_writes_again_waits_anew(runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", -60, at=BEGAN)
    reply(runtime, home)
    scored(runtime, home, "T-1", -50, at=BEGAN + 55)

    assert waiting(runtime) == [BEGAN + 55 + 4 * HOUR]


def test_a_customer_who_is_no_longer_unhappy_is_not_waited_for(runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", -60, at=BEGAN)
    scored(runtime, home, "T-1", 60, at=BEGAN + 50)

    assert waiting(runtime) == []


def test_a_happy_customer_may_wait(runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", 30, at=BEGAN)

    assert waiting(runtime) == []


def test_of_two_waits_the_longer_one_is_looked_at_after_the_shorter(runtime: Runtime, home: Home) -> None:
    two = [
        {"name": "vip_waits", "latest_below": -0.2, "silent_hours": 1, "tags": ["vip"]},
        {"name": "waits_long", "latest_below": -0.2, "silent_hours": 3},
        {"name": "waits_longer", "latest_below": -0.5, "silent_hours": 8},
    ]
    rules.change(runtime, home.slug, json.dumps(two))
    scored(runtime, home, "T-1", -60, at=BEGAN)
    rules.change(runtime, home.slug, json.dumps(two[2:]))

    look(runtime, BEGAN + 4 * HOUR)
    assert escalated(runtime) == []
    look(runtime, BEGAN + 8 * HOUR + 1)
    assert escalated(runtime) == ["waits_longer"]
