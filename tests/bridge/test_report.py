"""What a report says of scored messages."""

from datetime import date

import pytest

from bridge.alerts import Rule
from bridge.model import Score
from bridge.report import DAY, MOST_SHOWN, Report, Row, Tally
from bridge.scale import FOUR

NOON = 20_000 * DAY + 43_200


def report_of(*rows: Row) -> Report:
    tally = Tally(FOUR)
    for row in rows:
        tally.add(row)
    return tally.report()


def row(ticket: str, score: int | None, hours: float | None = 0.0, *indicators: str) -> Row:
    at = None if hours is None else NOON + hours * 3600
    return Row(ticket, None if score is None else Score(score), at, indicators)


def test_an_empty_report_has_no_days_and_no_average() -> None:
    found = report_of()
    assert (found.messages, found.average, found.days, found.alerts_a_day, found.by_day) == (0, None, None, None, [])


def test_messages_are_counted_by_label_from_best_to_worst() -> None:
    found = report_of(row("a", 90), row("a", 0), row("b", -50), row("c", -90), row("d", None))
    assert list(found.by_label.items()) == [
        ("positive", 1),
        ("neutral", 1),
        ("negative", 1),
        ("urgent", 1),
        ("unknown", 1),
    ]


def test_the_average_leaves_unknown_out() -> None:
    assert report_of(row("a", 50), row("a", None), row("b", -10)).average == 20


def test_steps_of_scores_hold_both_ends() -> None:
    found = report_of(row("a", -100), row("b", 100), row("c", 95))
    assert (found.by_score[0], found.by_score[19]) == (1, 2)


def test_the_worst_tickets_come_lowest_first_each_once_with_their_indicators() -> None:
    found = report_of(row("a", -30), row("b", -90, 0, "awful"), row("a", -60, 0, "bad"), row("c", -10))
    assert [(one.ticket, one.score, one.indicators) for one in found.worst] == [
        ("b", -90, ("awful",)),
        ("a", -60, ("bad",)),
    ]


def test_the_worst_of_many_tickets_are_found_in_any_order() -> None:
    scores = [-21 - (7 * number) % 79 for number in range(790)]
    found = report_of(*(row(f"t{number}", score) for number, score in enumerate(scores)))
    assert [one.score for one in found.worst] == sorted(scores)[:MOST_SHOWN]


def test_a_conversation_declines_by_the_order_of_writing_not_of_the_file() -> None:
    found = report_of(row("a", -60, 3), row("a", 30, 1), row("a", -10, 2))
    assert [(one.ticket, one.scores, one.direction) for one in found.declining] == [("a", 3, -90)]


def test_two_messages_are_no_declining_conversation() -> None:
    assert report_of(row("a", 50, 1), row("a", -50, 2)).declining_tickets == 0


def test_an_escalated_ticket_alerts_once_until_it_recovers() -> None:
    found = report_of(row("a", -90, 0), row("a", -95, 1), row("a", -90, 30))
    assert found.alerts == 1


def test_a_recovered_ticket_alerts_again_after_a_day() -> None:
    found = report_of(row("a", -90, 0), row("a", 60, 1), row("a", -90, 2), row("a", 60, 3), row("a", -90, 26))
    assert found.alerts == 2


def test_alerts_a_day_are_over_the_time_that_the_rows_span() -> None:
    found = report_of(row("a", -90, 0), row("b", -90, 24), row("c", 10, 96))
    assert (found.days, found.alerts_a_day) == (4.0, 0.5)


def test_the_rules_handed_in_decide() -> None:
    tally = Tally(FOUR, [Rule("any", latest_below=Score(0))])
    tally.add(row("a", -5))
    assert tally.report().alerts_by_rule == {"any": 1}


def test_rows_without_a_time_keep_the_order_of_the_file_and_have_no_day() -> None:
    found = report_of(*(row("a", score, None) for score in (80, 0, -80)))
    assert (found.declining_tickets, found.alerts, found.alerts_a_day, found.by_day) == (1, 1, None, [])


def test_a_day_counts_its_messages_and_its_alerts() -> None:
    found = report_of(row("a", -90, 0), row("b", 10, 1), row("b", 30, 24))
    assert [(one.day, one.messages, one.average, one.alerts) for one in found.by_day] == [
        (date(2024, 10, 4), 2, -40, 1),
        (date(2024, 10, 5), 1, 30, 0),
    ]


def test_caveats_are_counted() -> None:
    tally = Tally(FOUR)
    tally.add(Row("a", None, caveats=("language:de", "short")))
    tally.add(Row("b", None, caveats=("short",)))
    assert tally.report().caveats == {"short": 2, "language:de": 1}


@pytest.mark.parametrize("messages", [1, 500])
def test_a_long_ticket_is_one_ticket(messages: int) -> None:
    assert report_of(*(row("a", 0, hours) for hours in range(messages))).tickets == 1
