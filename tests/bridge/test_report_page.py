"""The page of a report: whole in itself, and safe whatever the texts are."""

import re
from html.parser import HTMLParser

import pytest

from bridge.model import Score
from bridge.report import DAY, Report, Row, Tally
from bridge.report_page import page
from bridge.scale import FIVE, FOUR, Scale

HOSTILE = "<script>alert(1)</script>\"'&"


def report_of(scale: Scale, *rows: Row) -> Report:
    tally = Tally(scale)
    for row in rows:
        tally.add(row)
    return tally.report()


def rows(days: int) -> list[Row]:
    return [Row(HOSTILE, Score(-90), (20_000 + day) * DAY, (HOSTILE,), ("short",)) for day in range(days)]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)


@pytest.mark.parametrize("scale", [FOUR, FIVE], ids=["four", "five"])
@pytest.mark.parametrize("days", [0, 1, 400])
def test_it_runs_no_script_and_loads_nothing(scale: Scale, days: int) -> None:
    found = page(report_of(scale, *rows(days)), scale, HOSTILE)
    tags = _Tags()
    tags.feed(found)
    assert not {"script", "img", "link", "iframe", "a", "object"} & set(tags.names)
    assert not re.search(r"(src|href)=|url\(|@import", found)


def test_customers_words_are_text_and_no_markup() -> None:
    assert "<script" not in page(report_of(FOUR, *rows(3)), FOUR, HOSTILE)


def test_it_names_the_worst_ticket_and_why() -> None:
    found = page(report_of(FOUR, Row("T-7", Score(-90), None, ("never again",))), FOUR, "old.csv")
    assert re.search(r"<td>T-7</td><td class=\"n\">-0\.90</td><td>urgent</td><td>never again</td>", found)


def test_a_long_time_has_no_more_bars_than_a_chart_holds() -> None:
    found = page(report_of(FOUR, *(Row(str(day), Score(0), day * DAY) for day in range(1, 3000))), FOUR, "x")
    chart = found.split('aria-label="Messages over time"')[1].split("</svg>")[0]
    assert chart.count("<rect") <= 62


def test_an_empty_report_is_a_page_too() -> None:
    assert "0 messages are unknown" in page(report_of(FOUR), FOUR, "x").replace("0 of 0", "0")
