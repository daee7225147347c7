"""Sudden shifts of a workspace's mood are told, once a day, with the releases before them."""

import json
import time
from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from bridge import releases, workspaces
from bridge.runtime import Runtime
from bridge.store.tables import events
from jobs.mood import look
from tests.fakes import Home, scored
from tests.told import endpoint, sent

NOW = time.time()
HOUR, WEEK = 3600.0, 7 * 86_400.0


@pytest.fixture
def usual(runtime: Runtime, home: Home) -> None:
    """A fifth of the messages of these hours was negative in each of the last weeks."""
    for week in range(1, 5):
        for number in range(50):
            scored(runtime, home, f"T-{week}-{number}", -60 if number % 5 == 0 else 40, at=NOW - week * WEEK - HOUR)


def shifts(runtime: Runtime) -> Sequence[Any]:
    with runtime.database.read() as connection:
        rows = connection.execute(sa.select(events).where(events.c.type == "workspace.mood_shifted")).all()
    return [json.loads(row.data) for row in rows]


def unhappy(runtime: Runtime, home: Home, tickets: int = 60, each: int = 1) -> None:
    """Half of the recent messages are negative."""
    for number in range(tickets):
        scored(runtime, home, f"now-{number}", *[-60 if number % 2 else 40] * each, at=NOW - HOUR)


@pytest.mark.usefixtures("usual")
def test_a_share_far_over_the_usual_one_is_told(runtime: Runtime, home: Home) -> None:
    endpoint(runtime, home, "http://127.0.0.1:9/told")
    releases.mark(runtime, home.slug, "v2.4", "somebody", NOW - 2 * HOUR)
    unhappy(runtime, home)
    before = len(sent(runtime))

    assert look(runtime, NOW) == 1
    (told,) = shifts(runtime)
    assert (told["share"], told["usual_share"], told["messages"]) == (0.5, 0.2, 60)
    assert told["releases"] == ["v2.4"]
    assert len(sent(runtime)) == before + 1


@pytest.mark.usefixtures("usual")
def test_it_is_told_once_a_day(runtime: Runtime, home: Home) -> None:
    unhappy(runtime, home)
    look(runtime, NOW)
    look(runtime, NOW + 900)

    assert len(shifts(runtime)) == 1


@pytest.mark.usefixtures("usual")
def test_a_few_customers_who_write_much_are_no_shift(runtime: Runtime, home: Home) -> None:
    unhappy(runtime, home, tickets=8, each=8)
    look(runtime, NOW)

    assert shifts(runtime) == []


@pytest.mark.usefixtures("usual")
def test_a_workspace_that_is_off_is_not_looked_at(runtime: Runtime, home: Home) -> None:
    unhappy(runtime, home)
    workspaces.set(runtime, home.slug, {"enabled": "off"})
    look(runtime, NOW)

    assert shifts(runtime) == []


def test_without_weeks_to_compare_with_nothing_is_told(runtime: Runtime, home: Home) -> None:
    unhappy(runtime, home)
    look(runtime, NOW)

    assert shifts(runtime) == []
