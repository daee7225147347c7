"""What Slack, Teams and PagerDuty are sent, held against their published limits."""

import json
import re
from typing import Any

import pytest

from bridge.channels import pagerduty, slack, teams
from bridge.channels.fact import Fact
from bridge.channels.words import REMINDER
from bridge.errors import Invalid
from bridge.store.events import EventType
from tests.bridge.channels.facts import fact

KEY = "R" * 32
NASTY = "<!channel> *bold* <https://evil.example|click> & [text](https://evil.example)"


def sent(request: Any) -> Any:
    return json.loads(request.body)


def slack_texts(value: Any) -> list[str]:
    """Every text of a message, checked against Slack's limits on the way."""
    assert 1 <= len(value["blocks"]) <= 50
    found = [value["text"]]
    for block in value["blocks"]:
        match block["type"]:
            case "header":
                assert block["text"]["type"] == "plain_text"
                assert 1 <= len(block["text"]["text"]) <= 150
                found.append(block["text"]["text"])
            case "section":
                fields = block.get("fields", [])
                assert len(fields) <= 10
                assert all(len(one["text"]) <= 2000 for one in fields)
                texts = [*fields, *([block["text"]] if "text" in block else [])]
                assert texts
                assert all(1 <= len(one["text"]) <= 3000 for one in texts)
                found += [one["text"] for one in texts]
            case "context":
                assert 1 <= len(block["elements"]) <= 10
                found += [one["text"] for one in block["elements"]]
            case other:
                pytest.fail(f"Slack knows no block {other} in a message of ours")
    return found


def digest() -> Fact:
    tickets = [{"ticket_id": "T" * 200, "label": "urgent", "score": -0.9, "trend": "stable"}] * 30
    return fact(EventType.DIGEST, data={"tickets": tickets}, ticket_id=None)


@pytest.mark.parametrize("one", [fact(), digest(), fact(ticket_id="T" * 200), fact(EventType.TEST, data={})])
def test_slack_messages_keep_its_limits(one: Fact) -> None:
    slack_texts(sent(slack.request("https://hooks.slack.example/x", one)))


def test_slack_shows_links_the_line_of_marks_and_the_reminder() -> None:
    texts = "\n".join(slack_texts(sent(slack.request("https://hooks.slack.example/x", fact()))))
    assert "<https://acme.zendesk.com/agent/tickets/1|Open the ticket>" in texts
    assert "▇▅▃▁" in texts
    assert REMINDER in texts
    assert "“third time I ask”" in texts


def test_what_a_customer_writes_is_no_command_in_slack() -> None:
    body = sent(slack.request("https://hooks.slack.example/x", fact(indicators=(NASTY,))))
    for block in body["blocks"]:
        texts = [*block.get("fields", []), *block.get("elements", []), *([block["text"]] if "text" in block else [])]
        assert all(one["type"] == "plain_text" for one in texts if "evil.example" in one["text"])
    assert "evil.example" not in body["text"]


def test_markup_in_our_own_values_is_escaped_in_slack() -> None:
    body = sent(slack.request("https://hooks.slack.example/x", fact(data={"reason": NASTY})))
    assert "<!channel>" not in json.dumps(body)


def test_teams_gets_an_adaptive_card_in_a_message() -> None:
    body = sent(teams.request("https://flow.example/x", fact()))
    assert body["type"] == "message"
    (attachment,) = body["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert [action["type"] for action in card["actions"]] == ["Action.OpenUrl", "Action.OpenUrl"]
    text = json.dumps(card, ensure_ascii=False)
    assert all(part in text for part in ("Ticket T-1 needs a person", "-0.82", "▇▅▃▁", "third time I ask", REMINDER))


def test_nothing_in_a_teams_card_can_hold_markdown() -> None:
    card = sent(teams.request("https://flow.example/x", fact(indicators=(NASTY,))))["attachments"][0]["content"]
    assert {element["type"] for element in card["body"]} == {"RichTextBlock"}
    assert {run["type"] for element in card["body"] for run in element["inlines"]} == {"TextRun"}


def test_a_teams_card_stays_under_28_kb() -> None:
    assert len(teams.request("https://flow.example/x", digest()).body) < 28_000


def test_an_escalation_opens_an_alert_in_pagerduty_and_the_recovery_resolves_the_same() -> None:
    opened = sent(pagerduty.request(KEY, fact()))
    resolved = sent(pagerduty.request(KEY, fact(EventType.RECOVERED)))
    assert (opened["event_action"], resolved["event_action"]) == ("trigger", "resolve")
    assert opened["dedup_key"] == resolved["dedup_key"]
    assert opened["payload"]["severity"] == "critical"
    assert opened["payload"]["custom_details"]["Trend"] == "declining ▇▅▃▁"
    assert opened["links"][0]["href"] == "https://acme.zendesk.com/agent/tickets/1"


def test_two_tickets_are_two_alerts_in_pagerduty() -> None:
    keys = {sent(pagerduty.request(KEY, fact(ticket_id=ticket)))["dedup_key"] for ticket in ("T-1", "T-2")}
    assert len(keys) == 2


@pytest.mark.parametrize("one", [fact(ticket_id="T" * 200), digest()])
def test_pagerduty_events_keep_its_limits(one: Fact) -> None:
    body = sent(pagerduty.request(KEY, one))
    assert len(body["dedup_key"]) <= 255
    assert 1 <= len(body["payload"]["summary"]) <= 1024
    assert body["payload"]["severity"] in ("critical", "error", "warning", "info")
    assert re.fullmatch(r"[\d-]+T[\d:.]+\+00:00", body["payload"]["timestamp"])


def test_the_european_region_is_named_before_the_key() -> None:
    assert pagerduty.parts(f"https://events.eu.pagerduty.com/v2/enqueue {KEY}") == (
        "https://events.eu.pagerduty.com/v2/enqueue",
        KEY,
    )
    assert pagerduty.parts(KEY) == ("https://events.pagerduty.com/v2/enqueue", KEY)


@pytest.mark.parametrize("target", ["", "short", "R" * 33, KEY + "\n" + KEY])
def test_what_is_no_integration_key_is_refused_without_being_repeated(target: str) -> None:
    with pytest.raises(Invalid) as caught:
        pagerduty.parts(target)
    assert not target or target not in str(caught.value)
