"""What people read in an alert, whatever the channel."""

import pytest

from bridge.channels.words import REMINDER, marks, words
from bridge.model import Score
from bridge.store.events import EventType
from tests.bridge.channels.facts import fact


def test_an_escalation_names_label_score_trend_reason_and_both_links() -> None:
    told = words(fact())
    assert told.title == "Ticket T-1 needs a person"
    assert dict(told.values) == {
        "Workspace": "acme",
        "Connection": "zendesk-abc",
        "Label": "urgent (was neutral)",
        "Score": "-0.82",
        "Trend": "declining ▇▅▃▁",
        "Why": "the conversation gets worse",
    }
    assert told.quotes == ("third time I ask",)
    assert [text for text, _ in told.links] == ["Open the ticket", "See its history"]
    assert told.reminder == REMINDER


@pytest.mark.parametrize(
    ("reason", "shown"),
    [("very_negative_message", "the last message is very negative"), ("our_own_rule", "our_own_rule")],
)
def test_the_rule_is_told_in_words_where_there_are_some(reason: str, shown: str) -> None:
    assert dict(words(fact(data={"reason": reason})).values)["Why"] == shown


def test_marks_rise_with_the_score() -> None:
    assert marks([Score(value) for value in (-100, -75, -50, -25, 0, 25, 50, 75, 100)]) == "▁▁▂▃▄▅▆▇█"


def test_a_score_that_is_not_known_is_not_invented() -> None:
    told = words(fact(data={"after": {"label": "unknown", "score": None}}, scores=()))
    assert dict(told.values)["Score"] == "none"
    assert "Trend" not in dict(told.values)


def test_a_digest_lists_its_tickets_and_counts_those_it_leaves_out() -> None:
    tickets = [{"ticket_id": f"T-{n}", "label": "urgent", "score": -0.9, "trend": "stable"} for n in range(23)]
    told = words(fact(EventType.DIGEST, data={"tickets": tickets}, ticket_id=None, connection=None, scores=()))
    assert told.values[1] == ("Ticket T-0", "urgent, -0.90, stable")
    assert told.values[-1] == ("And", "3 more")


@pytest.mark.parametrize("type", list(EventType))
def test_every_type_has_a_title_even_without_any_data(type: EventType) -> None:
    told = words(fact(type, data={}, connection=None, ticket_id=None, scores=(), indicators=()))
    assert told.title
    assert len(told.title) <= 140


@pytest.mark.parametrize("data", [{"after": "x"}, {"trend": 3}, {"tickets": {"a": 1}}, {"reason": 7, "summary": []}])
def test_data_of_an_unexpected_shape_is_left_out(data: dict[str, object]) -> None:
    assert words(fact(data=data)).title == "Ticket T-1 needs a person"


def test_long_values_are_cut() -> None:
    told = words(fact(ticket_id="T" * 200, data={"summary": "x" * 1000}))
    assert len(told.title) == 140
    assert all(len(value) <= 300 for _, value in told.values)
