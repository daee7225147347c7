"""What helpdesks say of tickets themselves: tags, priority and group, without the tags that we write."""

import json

import pytest

from bridge.connector import Access, HookRequest, Received, TicketFacts, Unreadable
from connectors.api import webhook as api
from connectors.zendesk.facts import facts_of
from tests.connectors.sandbox_access import access_to


@pytest.fixture
def access() -> Access:
    return access_to()


def parsed(access: Access, **more: object) -> Received:
    item = {
        "ticket_id": "T-1", "message_id": "m-1", "author": "customer", "text": "This is broken",
        "created_at": "2026-11-22T10:00:00Z", **more,
    }  # fmt: skip
    body = json.dumps({"type": "message.created", "data": item}).encode()
    return api.parse(HookRequest(body, {"content-type": "application/json"}, 0.0), access)


def test_a_program_may_say_tags_priority_and_group(access: Access) -> None:
    (found,) = parsed(access, tags=["vip"], priority="high", group="billing").facts
    assert found == TicketFacts("T-1", ("vip",), "high", "billing", "1795341600.000".zfill(17))


def test_a_program_that_says_nothing_of_the_ticket_changes_nothing(access: Access) -> None:
    assert parsed(access).facts == ()


@pytest.mark.parametrize("more", [{"tags": "vip"}, {"tags": [1]}, {"tags": [""]}, {"priority": 3}, {"group": "a\nb"}])
def test_what_cannot_be_a_tag_is_refused(access: Access, more: dict[str, object]) -> None:
    with pytest.raises(Unreadable):
        parsed(access, **more)


def test_zendesks_events_tell_tags_priority_and_group_without_our_tags(access: Access) -> None:
    detail = {
        "id": "7", "tags": ["vip", "sentiment_urgent", "sentiment_escalated"], "priority": "HIGH", "group_id": "42",
        "updated_at": "2026-11-22T10:00:00Z",
    }  # fmt: skip
    (found,) = facts_of(detail, "7", access)
    assert (found.tags, found.priority, found.group) == (("vip",), "high", "42")
    assert facts_of({"tags": None}, "7", access) == ()
