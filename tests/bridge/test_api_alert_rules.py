"""/alert-rules: everybody sees them, admins change them."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

Call = Callable[..., TestResponse]


def told(answer: TestResponse) -> dict[str, Any]:
    assert isinstance(answer.json, dict), answer.data
    return answer.json


def put(call: Call, *rules: object) -> TestResponse:
    return call("/alert-rules", "PUT", json={"rules": list(rules)})


def test_the_usual_rules_hold_until_others_are_given(call: Call) -> None:
    names = [rule["name"] for rule in told(call("/alert-rules", role="agent"))["rules"]]
    assert names == ["sentiment_declining", "very_negative_message"]


def test_rules_are_changed_and_what_is_not_asked_is_null(call: Call) -> None:
    answer = told(put(call, {"name": "angry", "latest_below": -0.6, "labels": ["urgent"], "tags": ["vip"]}))
    assert answer == told(call("/alert-rules"))
    (rule,) = answer["rules"]
    assert {name: value for name, value in rule.items() if value not in (None, False)} == {
        "name": "angry",
        "latest_below": -0.6,
        "labels": ["urgent"],
        "tags": ["vip"],
    }


def test_what_is_shown_can_be_sent_back(call: Call) -> None:
    put(call, {"name": "quiet", "trend": "declining", "silent_hours": 4, "contacts": 3, "within_days": 7})
    shown = told(call("/alert-rules"))
    assert told(call("/alert-rules", "PUT", json=shown)) == shown


def test_null_brings_the_usual_rules_back(call: Call) -> None:
    usual = told(call("/alert-rules"))
    put(call, {"name": "angry", "latest_below": -0.6})
    assert told(call("/alert-rules", "PUT", json={"rules": None})) == usual


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({}, "rules[0].name"),
        ({"name": "x", "colour": "red"}, "rules[0].colour"),
        ({"name": "x", "latest_below": -2}, "rules[0].latest_below"),
        ({"name": "x", "labels": ["cross"]}, "rules"),
        ({"name": "x"}, "rules[0]"),
        ("x", "rules[0]"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_its_place(call: Call, rule: object, field: str) -> None:
    answer = put(call, rule)
    assert (answer.status_code, told(answer)["field"]) == (422, field)
