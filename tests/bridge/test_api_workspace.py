"""GET and PATCH of a workspace, and how errors are told."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge import workspaces
from bridge.store.database import DatabaseDown
from tests.fakes import Home

Call = Callable[..., TestResponse]


def told(answer: TestResponse) -> dict[str, Any]:
    assert isinstance(answer.json, dict)
    return answer.json


def test_a_workspace_is_told_with_its_settings(call: Call, home: Home) -> None:
    answer = call()

    assert answer.content_type == "application/json"
    assert told(answer) | {"created_at": None} == {
        "workspace": home.slug,
        "name": home.slug,
        "created_at": None,
        "enabled": True,
        "scale": "four",
        "languages": ["en"],
        "backfill_daily": 200,
        "backfill_write": "open",
        "backfill_at": "02:00",
        "retention": 0,
        "monthly_budget_usd": None,
        "confidence_floor": 0.4,
        "indicators": True,
        "indicators_in_alerts": False,
        "redact": False,
        "in_flight": None,
        "alert_max_age": 86400.0,
    }


def test_times_are_told_in_utc(call: Call) -> None:
    created = told(call())["created_at"]

    assert created.endswith("Z")
    assert "T" in created


@pytest.mark.parametrize(
    "change",
    [
        {"enabled": False},
        {"languages": ["en", "de"]},
        {"monthly_budget_usd": 12.5},
        {"monthly_budget_usd": None},
        {"in_flight": 7},
        {"confidence_floor": 0},
        {"alert_max_age": 5400},
        {"scale": "five"},
        {"retention": 30, "redact": True},
        {},
    ],
)
def test_settings_are_changed_as_they_are_shown(call: Call, change: dict[str, Any]) -> None:
    before = told(call())

    answer = call(method="PATCH", json=change)

    assert answer.status_code == 200
    assert told(answer) == before | change
    assert told(call()) == before | change


def test_everything_shown_of_the_settings_can_be_sent_back(call: Call) -> None:
    shown = {name: value for name, value in told(call()).items() if name not in ("workspace", "name", "created_at")}

    assert call(method="PATCH", json=shown).status_code == 200


@pytest.mark.parametrize(("text", "seconds"), [("90m", 5400), ("2d", 172800)])
def test_values_may_be_sent_as_at_the_command_line(call: Call, text: str, seconds: float) -> None:
    assert told(call(method="PATCH", json={"alert_max_age": text}))["alert_max_age"] == seconds


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"nonsense": 1}, "nonsense"),
        ({"workspace": "other"}, "workspace"),
        ({"retention": -1}, "retention"),
        ({"retention": 1.5}, "retention"),
        ({"retention": True}, "retention"),
        ({"retention": None}, "retention"),
        ({"enabled": "perhaps"}, "enabled"),
        ({"enabled": {"a": 1}}, "enabled"),
        ({"languages": [1]}, "languages"),
        ({"languages": []}, "languages"),
        ({"alert_max_age": 1.5}, "alert_max_age"),
        ({"alert_max_age": float("inf")}, "alert_max_age"),
        ({"alert_max_age": float("nan")}, "alert_max_age"),
        ({"confidence_floor": float("nan")}, "confidence_floor"),
        ({"scale": "six"}, "scale"),
        ({"scale": "\ud800"}, "scale"),
        ({"retention": 5, "redact": 5}, "redact"),
        ([], "body"),
        ("on", "body"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name_and_nothing_changes(call: Call, change: object, field: str) -> None:
    before = told(call())

    answer = call(method="PATCH", json=change)

    assert (answer.status_code, told(answer)["field"]) == (422, field)
    assert told(call()) == before


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 30_000])
def test_a_body_that_is_no_json_is_refused(call: Call, body: bytes) -> None:
    answer = call(method="PATCH", data=body, content_type="application/json")

    assert (answer.status_code, told(answer)["field"]) == (422, "body")


def test_a_body_of_another_type_is_refused(call: Call) -> None:
    assert call(method="PATCH", data=b"retention=3").status_code == 415


def test_a_body_that_is_too_large_is_refused(call: Call) -> None:
    answer = call(method="PATCH", json={"scale": "x" * 70_000})

    assert answer.status_code == 413


@pytest.mark.parametrize("query", ["?x=1", "?slug=other", "?%00=1"])
def test_unknown_parameters_are_refused(call: Call, query: str) -> None:
    assert call(query).status_code == 422


def test_an_address_that_does_not_exist_is_a_problem(call: Call) -> None:
    answer = call("/nothing")

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert told(answer) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no such thing here",
    }


def test_a_method_that_is_not_taken_is_a_problem_that_names_those_taken(call: Call) -> None:
    answer = call(method="DELETE")

    assert (answer.status_code, answer.content_type) == (405, "application/problem+json")
    assert {"GET", "PATCH"} <= set(answer.headers["Allow"].split(", "))


def test_our_own_fault_is_a_problem_that_tells_nothing_of_our_inside(
    call: Call, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_arguments: object) -> None:
        raise KeyError("secret words")

    monkeypatch.setattr(workspaces, "show", fail)

    answer = call()

    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert b"secret words" not in answer.data
    assert [record.exc_info is not None for record in caplog.records if record.name == "moodbridge.web"] == [True]


def test_without_the_database_the_caller_is_told_to_come_back(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise DatabaseDown("it is away")

    monkeypatch.setattr(workspaces, "show", fail)

    answer = call()

    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert int(answer.headers["Retry-After"]) > 0


def test_answers_carry_the_security_headers_and_are_not_kept(call: Call) -> None:
    for answer in (call(), call("/nothing")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
        assert answer.headers["Server"] == ""


def test_nothing_under_the_api_sets_a_cookie(client: FlaskClient, call: Call) -> None:
    assert "Set-Cookie" not in call().headers
    assert "Set-Cookie" not in client.get("/api/v1/workspaces/x").headers
