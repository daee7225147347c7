"""/provider and /usage: keys go in and never come out, and addresses are judged."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from bridge.runtime import Runtime
from bridge.store.tables import providers
from tests.fakes import Home

Call = Callable[..., TestResponse]

KEY = "sk-a-key-of-the-tests-0123456789"


def told(answer: TestResponse) -> dict[str, Any]:
    assert isinstance(answer.json, dict), answer.data
    return answer.json


def put(call: Call, **body: object) -> TestResponse:
    return call("/provider", "PUT", json=body)


def test_without_a_provider_the_embedded_scorer_is_told(call: Call) -> None:
    assert told(call("/provider"))["provider"] == "offline"


def test_a_key_is_stored_encrypted_and_only_shown_masked(call: Call, runtime: Runtime) -> None:
    answers = [put(call, provider="openai", key=KEY), call("/provider"), call("/provider", role="agent")]
    assert [told(answer)["key"] for answer in answers] == ["****6789"] * 3
    assert all(KEY not in answer.text for answer in answers)
    with runtime.database.read() as connection:
        (row,) = connection.execute(providers.select()).all()
    assert KEY not in row.key
    assert runtime.vault.decrypt(row.key) == KEY


def test_a_key_that_is_left_out_stays_where_provider_and_address_do(call: Call) -> None:
    put(call, provider="openai", key=KEY)
    assert told(put(call, provider="openai", model="gpt-x"))["key"] == "****6789"
    answer = put(call, provider="anthropic")
    assert (answer.status_code, told(answer)["field"]) == (422, "key")


def test_a_key_is_never_handed_to_another_address(call: Call) -> None:
    put(call, provider="openai", key=KEY)
    answer = put(call, provider="openai", base_url="https://127.0.0.1/v1")
    assert (answer.status_code, told(answer)["field"]) == (422, "key")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "provider"),
        ({"provider": "nobody"}, "provider"),
        ({"provider": "openai"}, "key"),
        ({"provider": "openai", "key": "two words"}, "key"),
        ({"provider": "openai", "key": 7}, "key"),
        ({"provider": "openai", "key": KEY, "model": "a b"}, "model"),
        ({"provider": "openai-compatible", "key": KEY, "model": "m"}, "base_url"),
        ({"provider": "openai", "key": KEY, "base_url": "ftp://host/v1"}, "base_url"),
        ({"provider": "openai", "key": KEY, "base_url": "https://10.0.0.1/v1"}, "base_url"),
        ({"provider": "openai", "key": KEY, "base_url": "https://169.254.169.254/v1"}, "base_url"),
        ({"provider": "openai", "key": KEY, "base_url": "http://93.184.216.34/v1"}, "base_url"),
        ({"provider": "openai", "key": KEY, "base_url": "https://user:word@127.0.0.1/v1"}, "base_url"),
        ({"provider": "openai", "key": KEY, "secret": "x"}, "secret"),
    ],
)
def test_what_cannot_be_is_refused_by_name_without_repeating_the_key(
    call: Call, body: dict[str, object], field: str
) -> None:
    answer = put(call, **body)
    assert (answer.status_code, told(answer)["field"]) == (422, field)
    assert KEY not in answer.text
    assert told(call("/provider"))["provider"] == "offline"


def test_a_test_of_the_embedded_scorer_calls_nobody(call: Call) -> None:
    answer = told(call("/provider/test", "POST"))
    assert (answer["ok"], answer["cost_usd"]) == (True, None)


def test_a_test_that_fails_says_why_in_words(call: Call) -> None:
    put(call, provider="openai-compatible", key=KEY, model="m", base_url="http://127.0.0.1:9/v1")
    answer = told(call("/provider/test", "POST"))
    assert answer["ok"] is False
    assert len(answer["words"]) > 20
    assert KEY not in str(answer)


def test_usage_tells_a_month(call: Call, home: Home) -> None:
    call(method="PATCH", json={"monthly_budget_usd": 20})
    answer = told(call("/usage?month=2026-11", role="agent"))
    assert (answer["month"], answer["cost_usd"], answer["budget_usd"]) == ("2026-11", 0.0, 20.0)
    assert (answer["calls"], answer["days"], answer["cache"]) == (0, [], {"texts": 0, "hits": 0})


@pytest.mark.parametrize("month", ["2026-13", "2026", "november", "2026-11-01"])
def test_a_month_is_written_as_year_and_month(call: Call, month: str) -> None:
    answer = call(f"/usage?month={month}")
    assert (answer.status_code, told(answer)["field"]) == (422, "month")
