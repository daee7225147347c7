"""Tickets as CSV: the filters of the list, all pages, and nothing that a spreadsheet would run."""

import csv
import io
from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from bridge import tickets
from bridge.runtime import Runtime
from tests.fakes import Home, scored

Call = Callable[..., TestResponse]


def rows(answer: TestResponse) -> list[dict[str, str]]:
    assert answer.content_type == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_the_columns_are_a_tickets_members(call: Call, runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", 30, -10, -82, None)
    (row,) = rows(call("/tickets.csv", role="agent"))
    (shown,) = call("/tickets").json["items"]  # type: ignore[index]
    assert row == {name: "true" if value is True else str(value) for name, value in shown.items()}


def test_what_has_no_score_has_an_empty_cell(call: Call, runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", None)
    (row,) = rows(call("/tickets.csv"))
    assert (row["label"], row["score"], row["escalated"]) == ("unknown", "", "false")


def test_filters_and_order_are_those_of_the_list(call: Call, runtime: Runtime, home: Home) -> None:
    for name, score in (("good", 60), ("bad", -60), ("worst", -90)):
        scored(runtime, home, name, score)
    assert [row["ticket_id"] for row in rows(call("/tickets.csv?sort=score"))] == ["worst", "bad", "good"]
    assert [row["ticket_id"] for row in rows(call("/tickets.csv?label=positive"))] == ["good"]


def test_it_has_every_ticket_however_many_pages_they_are(
    call: Call, runtime: Runtime, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tickets, "MOST", 2)
    for number in range(5):
        scored(runtime, home, f"T-{number}", 10)
    assert [row["ticket_id"] for row in rows(call("/tickets.csv"))] == ["T-4", "T-3", "T-2", "T-1", "T-0"]


def test_an_id_that_would_be_a_formula_is_made_text(call: Call, runtime: Runtime, home: Home) -> None:
    for name in ("=1+1", "@x", "-2", "+3"):
        scored(runtime, home, name, 10)
    assert {row["ticket_id"] for row in rows(call("/tickets.csv"))} == {"'=1+1", "'@x", "'-2", "'+3"}


@pytest.mark.parametrize(("query", "field"), [("label=angry", "label"), ("limit=5", "limit"), ("cursor=x", "cursor")])
def test_what_it_does_not_take_is_refused_before_it_begins(call: Call, query: str, field: str) -> None:
    answer = call(f"/tickets.csv?{query}")
    assert (answer.status_code, answer.json["field"]) == (422, field)  # type: ignore[index]
