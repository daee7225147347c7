"""Tickets and the dashboard over the API, exactly in the contract's shapes."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from bridge.runtime import Runtime
from tests.fakes import Home, scored

Call = Callable[..., TestResponse]


def told(answer: TestResponse) -> dict[str, Any]:
    assert isinstance(answer.json, dict), answer.data
    return answer.json


def items(answer: TestResponse) -> list[str]:
    return [one["ticket_id"] for one in told(answer)["items"]]


def test_a_page_shows_each_ticket_in_the_shape_of_the_contract(call: Call, runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", 30, -10, -82, None)

    answer = told(call("/tickets"))

    (ticket,) = answer["items"]
    assert answer["next_cursor"] is None
    assert ticket.pop("updated_at").endswith("Z")
    assert ticket == {
        "connection": home.connection,
        "ticket_id": "T-1",
        "label": "urgent",
        "score": -0.82,
        "trend": "declining",
        "direction": -1.12,
        "current_avg": -0.21,
        "escalated": True,
        "messages_scored": 4,
        "messages_unknown": 1,
    }


def test_a_ticket_that_is_unknown_has_no_score(call: Call, runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", None)

    (ticket,) = told(call("/tickets"))["items"]

    assert (ticket["label"], ticket["score"], ticket["current_avg"]) == ("unknown", None, None)
    assert (ticket["trend"], ticket["direction"]) == ("stable", 0.0)


def test_one_ticket_adds_its_messages_and_writes(call: Call, runtime: Runtime, home: Home) -> None:
    (name,) = scored(runtime, home, "T-1", -82)

    answer = told(call(f"/tickets/{home.connection}/T-1"))

    (message,) = answer["messages"]
    assert message.pop("scored_at").endswith("Z")
    assert message.pop("written_at").endswith("Z")
    assert message == {
        "message_id": name,
        "author": "customer",
        "score": -0.82,
        "label": "urgent",
        "confidence": 0.9,
        "indicators": ["broken"],
        "caveats": ["short"],
        "scorer": {"provider": "test", "model": "none", "prompt": "1"},
        "cached": False,
        "corrected_by": None,
        "corrected_at": None,
    }
    assert answer["writes"] == []
    assert set(answer) == {*told(call("/tickets"))["items"][0], "messages", "writes", "history"}
    (point,) = answer["history"]
    assert (point["message_id"], point["score"], point["trend"]) == (name, -0.82, "stable")


@pytest.mark.parametrize("path", ["/tickets/nobody/T-1", "/tickets/{0}/T-2", "/tickets/{0}/T%00", "/tickets/{0}/%FF"])
def test_a_ticket_that_is_not_there_is_not_found(call: Call, runtime: Runtime, home: Home, path: str) -> None:
    scored(runtime, home, "T-1", 0)

    assert call(path.format(home.connection)).status_code == 404


def test_ids_of_helpdesks_with_odd_characters_are_reached(call: Call, runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "A:b@c+d=e~f-g_h.1", 0)

    assert call(f"/tickets/{home.connection}/A:b@c+d=e~f-g_h.1").status_code == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["silent", "rising", "falling"]),
        ("?sort=score", ["falling", "rising", "silent"]),
        ("?label=urgent", ["falling"]),
        ("?trend=improving", ["rising"]),
        ("?escalated=true", ["falling"]),
        ("?escalated=false&label=unknown", ["silent"]),
        ("?connection=nobody", []),
        ("?since=2020-01-01T00:00:00Z&limit=200", ["silent", "rising", "falling"]),
        ("?since=2990-01-01T00:00:00%2B01:00", []),
    ],
)
def test_filters_and_order(call: Call, runtime: Runtime, home: Home, query: str, found: list[str]) -> None:
    scored(runtime, home, "falling", 60, -80)
    scored(runtime, home, "rising", -80, 60)
    scored(runtime, home, "silent", None)

    assert items(call("/tickets" + query)) == found


def test_next_cursor_leads_through_all_pages(call: Call, runtime: Runtime, home: Home) -> None:
    for number in range(5):
        scored(runtime, home, f"T-{number}", 10)

    first = told(call("/tickets?limit=3"))
    second = told(call(f"/tickets?limit=3&cursor={first['next_cursor']}"))

    assert [one["ticket_id"] for one in first["items"]] == ["T-4", "T-3", "T-2"]
    assert [one["ticket_id"] for one in second["items"]] == ["T-1", "T-0"]
    assert second["next_cursor"] is None


def test_a_page_has_50_tickets_unless_asked_otherwise(call: Call, runtime: Runtime, home: Home) -> None:
    for number in range(51):
        scored(runtime, home, f"T-{number}", 10)

    assert len(items(call("/tickets"))) == 50
    assert len(items(call("/tickets?limit=200"))) == 51


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("label=angry", "label"),
        ("trend=sideways", "trend"),
        ("escalated=yes", "escalated"),
        ("since=yesterday", "since"),
        ("since=", "since"),
        ("sort=name", "sort"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=%D9%A1", "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=x", "cursor"),
        ("connection=%00", "connection"),
        ("page=2", "page"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_by_name(call: Call, query: str, field: str) -> None:
    answer = call("/tickets?" + query)

    assert (answer.status_code, told(answer)["field"]) == (422, field)


def test_the_dashboard_tells_the_last_seven_days(call: Call, runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", 60, 0, -80)

    answer = told(call("/dashboard"))

    days = answer.pop("by_day")
    assert [sum(day["messages"] for day in days), len(days)] == [3, 8]
    assert set(days[-1]) == {"day", "messages", "avg_sentiment", "by_label"}
    told_first = {name: answer[name] for name in list(answer)[:6]}
    assert told_first == {
        "days": 7,
        "messages": 3,
        "avg_sentiment": -0.07,
        "negative_tickets": 1,
        "declining_conversations": 1,
        "by_label": {"positive": 1, "neutral": 1, "negative": 0, "urgent": 1, "unknown": 0},
    }


def test_the_dashboard_tells_parts_and_what_became_of_conversations(call: Call, runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", 60, 0, -80)

    answer = told(call("/dashboard"))

    assert answer["by_connection"] == {
        home.connection: {"messages": 3, "avg_sentiment": -0.07, "negative": 1, "unknown": 0}
    }
    assert sum(hour["messages"] for hour in answer["by_hour"]) == 3
    assert answer["first_and_latest"] == {"conversations": 1, "first": 0.6, "latest": -0.8}
    assert (answer["conversations"], answer["recovery"]["escalated"]) == (1, 1)
    assert (answer["unknown_share"], answer["offline_share"], answer["cost_usd"]) == (0.0, 0.0, 0.0)


def test_the_dashboard_of_nothing_has_no_mean(call: Call) -> None:
    assert told(call("/dashboard?days=1"))["avg_sentiment"] is None


@pytest.mark.parametrize("days", ["0", "367", "-1", "x", "1.5", ""])
def test_days_are_a_whole_number_from_1_to_366(call: Call, days: str) -> None:
    answer = call(f"/dashboard?days={days}")

    assert (answer.status_code, told(answer)["field"]) == (422, "days")


def test_a_correction_answers_the_score_that_it_made(call: Call, runtime: Runtime, home: Home) -> None:
    (name,) = scored(runtime, home, "T-1", -82)

    answer = call(f"/tickets/{home.connection}/T-1/corrections", "POST", json={"message_id": name, "label": "neutral"})

    assert told(answer) == {"message_id": name, "label": "neutral", "score": -0.2}
    (message,) = told(call(f"/tickets/{home.connection}/T-1"))["messages"]
    assert message["corrected_by"].startswith("token tok_")
