"""Rules for escalation as data: what they ask, and what is refused."""

import pytest

from bridge.alerts import DEFAULT_RULES, Rule, Situation, escalating, from_json, has_recovered, to_json
from bridge.errors import Invalid
from bridge.model import Score, Trend


def ticket(latest: int | None = 0, average: int | None = 0, trend: Trend = Trend.STABLE, scores: int = 5) -> Situation:
    known = None if latest is None else Score(latest)
    return Situation("negative", known, trend, None if average is None else Score(average), scores)


@pytest.mark.parametrize(
    ("situation", "name"),
    [
        (ticket(latest=-71), "very_negative_message"),
        (ticket(latest=-70), None),
        (ticket(average=-51, trend=Trend.DECLINING), "sentiment_declining"),
        (ticket(average=-50, trend=Trend.DECLINING), None),
        (ticket(average=-51, trend=Trend.STABLE), None),
        (ticket(latest=None, average=None, trend=Trend.DECLINING), None),
    ],
)
def test_the_usual_rules(situation: Situation, name: str | None) -> None:
    rule = escalating(DEFAULT_RULES, situation)
    assert (rule.name if rule else None) == name


@pytest.mark.parametrize(("latest", "recovered"), [(-61, False), (-60, True), (10, True)])
def test_recovery_needs_a_margin(latest: int, recovered: bool) -> None:
    assert has_recovered(DEFAULT_RULES, ticket(latest=latest)) is recovered


def test_a_rule_can_leave_out_the_first_message() -> None:
    rules = (Rule("low", latest_below=Score(-30), not_first=True),)
    assert escalating(rules, ticket(latest=-90, scores=1)) is None
    assert escalating(rules, ticket(latest=-90, scores=2)) == rules[0]


def test_a_rule_can_ask_for_labels() -> None:
    rules = (Rule("angry", labels=("urgent",)),)
    assert escalating(rules, ticket(latest=-90)) is None


def test_rules_come_back_from_their_json() -> None:
    rules = (*DEFAULT_RULES, Rule("low", labels=("negative", "urgent"), latest_below=Score(-33), not_first=True))
    assert from_json(to_json(rules)) == rules


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "{}",
        '[{"name":"all"}]',
        '[{"latest_below":-0.5}]',
        '[{"name":"x","latest_below":-5}]',
        '[{"name":"x","latest_below":true}]',
        '[{"name":"x","trend":"sideways"}]',
        '[{"name":"x","labels":[]}]',
        '[{"name":"x","latest_below":0,"volume":11}]',
        '[{"name":"x","latest_below":0},{"name":"x","latest_below":0}]',
    ],
)
def test_rules_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        from_json(text)


@pytest.mark.parametrize(
    "text",
    [
        '[{"name":"x","tags":["vip"]}]',
        '[{"name":"x","silent_hours":4}]',
        '[{"name":"x","latest_below":0,"silent_hours":0}]',
        '[{"name":"x","contacts":3}]',
        '[{"name":"x","contacts":1,"within_days":7}]',
        '[{"name":"x","latest_below":0,"tags":[]}]',
        '[{"name":"x","latest_below":0,"priorities":"high"}]',
    ],
)
def test_rules_that_would_fit_too_many_tickets_or_none_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        from_json(text)


def test_rules_that_ask_for_more_than_the_mood_come_back_from_their_json() -> None:
    rules = (
        Rule("vip", latest_below=Score(-20), tags=("vip",), priorities=("high",), silent_hours=4),
        Rule("again", contacts=3, within_days=7),
    )
    assert from_json(to_json(rules)) == rules


def test_a_rule_of_repeated_contact_alone_keeps_no_ticket_from_recovering() -> None:
    again = (Rule("again", contacts=2, within_days=7),)
    assert has_recovered(again, ticket())
