"""/backfills: a catch-up is begun, shown and cancelled."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from bridge import runs
from bridge.runtime import Runtime, open_runtime
from bridge.settings import Settings
from tests import fakes
from tests.fakes import Home

Call = Callable[..., TestResponse]

BACKLOG = replace(fakes.FAKE, kind="backlog", capabilities=replace(fakes.FAKE.capabilities, backlog=True))


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    """The installation, with a helpdesk whose old tickets can be listed."""
    opened = open_runtime(settings, {one.kind: one for one in (fakes.FAKE, BACKLOG)})
    yield opened
    opened.close()


@pytest.fixture
def home(runtime: Runtime) -> Home:
    return fakes.home(runtime, kind="backlog")


def told(answer: TestResponse) -> dict[str, Any]:
    assert isinstance(answer.json, dict), answer.data
    return answer.json


def test_a_catch_up_is_begun_listed_shown_and_cancelled(call: Call) -> None:
    answer = call("/backfills", "POST", json={"limit": 20})
    begun = told(answer)
    assert answer.status_code == 201
    assert (begun["state"], begun["limit"], begun["found"], begun["scored"]) == ("running", 20, 0, 0)
    assert begun["started_at"].endswith("Z")
    (listed,) = told(call("/backfills", role="agent"))["items"]
    assert listed["run"] == begun["run"]
    assert told(call(f"/backfills/{begun['run']}", role="agent"))["run"] == begun["run"]
    ended = told(call(f"/backfills/{begun['run']}", "DELETE"))
    assert (ended["state"] != "running", ended["ended_at"] is not None) == (True, True)


def test_one_catch_up_at_a_time(call: Call) -> None:
    call("/backfills", "POST", json={})
    answer = call("/backfills", "POST", json={})
    assert (answer.status_code, told(answer)["field"]) == (422, "run")


def test_no_catch_up_begins_while_the_workspace_is_off(call: Call) -> None:
    call(method="PATCH", json={"enabled": False})
    answer = call("/backfills", "POST", json={})
    assert (answer.status_code, told(answer)["field"]) == (422, "workspace")


@pytest.mark.parametrize("limit", [0, -1, 1_000_001, "all", 1.5])
def test_a_limit_that_cannot_be_is_refused(call: Call, limit: object) -> None:
    answer = call("/backfills", "POST", json={"limit": limit})
    assert (answer.status_code, told(answer)["field"]) == (422, "limit")


def test_the_run_of_another_workspace_is_not_found(call: Call, runtime: Runtime) -> None:
    others = runs.begin(runtime, fakes.home(runtime, kind="backlog").slug).run
    assert call(f"/backfills/{others}").status_code == 404
    assert call(f"/backfills/{others}", "DELETE").status_code == 404
    assert call("/backfills").json == {"items": [], "next_cursor": None}
