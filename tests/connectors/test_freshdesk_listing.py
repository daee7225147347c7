"""Freshdesk's pages: the backlog, what changed, and a ticket that takes no write."""

from collections.abc import Iterator

import pytest

from bridge.connector import CHANGES, NEWEST, Access, Target, TargetKind, TicketWrite, WriteStatus
from bridge.http import Http, Policy
from bridge.model import Score, Sentiment, Trend
from connectors.freshdesk import CONNECTOR
from connectors.freshdesk.install import install
from connectors.freshdesk.listing import backlog, changes
from connectors.freshdesk.writing import write
from tests.hosts.freshdesk.account import Account
from tests.hosts.freshdesk.server import serve

SENTIMENT = Sentiment("negative", Score(-50), Trend.STABLE)


class Kept(dict[str, str]):
    """A connection's state."""

    def set(self, key: str, value: str, expected: str | None) -> bool:
        self[key] = value
        return True


@pytest.fixture
def account() -> Account:
    return Account(lambda delivery: None)


@pytest.fixture
def access(account: Account) -> Iterator[Access]:
    http = Http(Policy(allow_private=True))
    with serve(account) as url:
        options = {"domain": "acme", "api-key": account.key, "base-url": url}
        yield Access("freshdesk-1", "https://bridge.example/hooks/h", "sentiment", options, ("s3cret",), Kept(), http)
    http.close()


def test_the_backlog_names_every_ticket_the_newest_first(account: Account, access: Access) -> None:
    ids = [str(account.open_ticket("<p>x</p>", "x")["id"]) for _ in range(130)]
    first = backlog(access, NEWEST.name).backlog
    assert first is not None
    assert first.following is not None
    second = backlog(access, first.following).backlog
    assert second is not None
    assert [one.ticket_id for one in (*first.tickets, *second.tickets)] == ids[::-1]
    assert second.following is None


def test_the_backlog_leaves_out_what_staff_began(account: Account, access: Access) -> None:
    account.open_ticket("<p>x</p>", "x", source=10)
    page = backlog(access, NEWEST.name).backlog
    assert page is not None
    assert [one.skip for one in page.tickets] == ["by_staff"]


def test_a_poll_of_two_pages_names_every_ticket(account: Account, access: Access) -> None:
    ids = {str(account.open_ticket("<p>x</p>", "x")["id"]) for _ in range(130)}
    waiting, found = [CHANGES], set()
    while waiting:
        for target in changes(access, waiting.pop().name).targets:
            if target.kind is TargetKind.TICKET:
                found.add(target.name)
            else:
                waiting.append(target)
    assert found == ids


def test_an_empty_mandatory_field_is_named_and_final(account: Account, access: Access) -> None:
    install(access, False)
    ticket = account.open_ticket("<p>x</p>", "x")
    account.missing[ticket["id"]] = "cf_region"
    (result,) = write(access, [TicketWrite(str(ticket["id"]), None, SENTIMENT)])
    assert result.status is WriteStatus.FAILED
    assert result.reason is not None
    assert "cf_region" in result.reason


def test_without_tags_asked_for_no_tag_is_written(account: Account, access: Access) -> None:
    install(access, False)
    ticket = account.open_ticket("<p>x</p>", "x")
    write(access, [TicketWrite(str(ticket["id"]), None, SENTIMENT)])
    assert ticket["tags"] == []


def test_another_label_than_ours_is_left_to_the_person(account: Account, access: Access) -> None:
    install(access, False)
    ticket = account.open_ticket("<p>x</p>", "x")
    write(access, [TicketWrite(str(ticket["id"]), None, SENTIMENT)])
    name = next(name for name, value in ticket["custom_fields"].items() if value == "negative")
    ticket["custom_fields"][name] = "positive"
    (result,) = write(access, [TicketWrite(str(ticket["id"]), SENTIMENT, Sentiment("urgent", None, Trend.STABLE))])
    assert (result.status, ticket["custom_fields"][name]) == (WriteStatus.PERSON, "positive")


def test_all_conversations_of_a_long_ticket_are_read(account: Account, access: Access) -> None:
    ticket = account.open_ticket("<p>x</p>", "x")
    for number in range(105):
        account.say(ticket["id"], f"again {number}", incoming=True)
    assert CONNECTOR.read is not None
    assert len(CONNECTOR.read(access, Target(TargetKind.TICKET, str(ticket["id"]))).messages) == 106
