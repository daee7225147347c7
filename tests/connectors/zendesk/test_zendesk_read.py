"""Reading a ticket's conversation."""

import pytest

from bridge.connector import Gone, HelpdeskDown, Received, Target, TargetKind, Unreadable
from bridge.model import Author
from connectors.zendesk.client import read
from tests.connectors.zendesk.world import World
from tests.hosts.zendesk.account import Comment, Ticket


def target(ticket: Ticket) -> Target:
    return Target(TargetKind.TICKET, str(ticket.id))


def test_a_tickets_public_comments_are_read_in_one_call_with_their_authors(world: World) -> None:
    ann, agent = world.account.person("Ann"), world.account.person("Smith", "agent")
    ticket = world.account.open_ticket(ann, "hi")
    world.account.reply(ticket, agent, "hello")
    world.account.reply(ticket, agent, "watch out, VIP", public=False)
    last = world.account.reply(ticket, ann, "thanks")
    got: list[Received] = []
    calls = world.calls_of(lambda: got.append(read(world.access, target(ticket))))
    assert calls == [("GET", f"/api/v2/tickets/{ticket.id}/comments")]
    assert [(message.author, message.text) for message in got[0].messages] == [
        (Author.CUSTOMER, "hi"),
        (Author.STAFF, None),
        (Author.CUSTOMER, "thanks"),
    ]
    assert got[0].messages[-1].message_id == str(last.id)
    assert got[0].ignored == 1


def test_the_id_and_time_are_those_that_the_event_of_the_same_comment_tells(world: World) -> None:
    ann = world.account.person("Ann")
    ticket = world.account.open_ticket(ann, "hi")
    (message,) = read(world.access, target(ticket)).messages
    assert (message.message_id, message.written_at) == (str(ticket.comments[0].id), float(int(ticket.created_at)))


def test_an_agent_who_is_the_requester_is_still_staff(world: World) -> None:
    agent = world.account.person("Smith", "agent")
    ticket = world.account.open_ticket(agent, "please fix")
    (message,) = read(world.access, target(ticket)).messages
    assert message.author is Author.STAFF


def test_what_an_agent_opens_for_a_customer_is_not_the_customers_words(world: World) -> None:
    ann, agent = world.account.person("Ann"), world.account.person("Smith", "agent")
    ticket = world.account.open_ticket(ann, "Ann called and is angry", submitter=agent)
    (message,) = read(world.access, target(ticket)).messages
    assert message.author is Author.STAFF


def test_comments_of_the_system_are_nobodys(world: World) -> None:
    ticket = world.account.open_ticket(world.account.person("Ann"), "hi")
    ticket.comments.append(Comment(5, -1, "merged", True, world.clock(), "system"))
    assert len(read(world.access, target(ticket)).messages) == 1


def test_long_tickets_are_read_to_the_end(world: World) -> None:
    ann = world.account.person("Ann")
    ticket = world.account.open_ticket(ann, "0")
    for number in range(1, 230):
        world.account.reply(ticket, ann, str(number))
    texts = [message.text for message in read(world.access, target(ticket)).messages]
    assert texts == [str(number) for number in range(230)]


def test_a_conversation_is_read_from_its_log_and_its_transcript_is_left_out(world: World) -> None:
    ann, agent = world.account.person("Ann"), world.account.person("Smith", "agent")
    ticket = world.account.open_ticket(ann, "Conversation with Ann", channel="native_messaging")
    said = world.account.chat(ticket, ann, "hello?")
    world.account.chat(ticket, agent, "Hi", actor_type="agent")
    world.account.chat(ticket, agent, "You are number 3", actor_type="system")
    messages = read(world.access, target(ticket)).messages
    assert [(message.author, message.text) for message in messages] == [
        (Author.CUSTOMER, "hello?"),
        (Author.STAFF, None),
    ]
    assert messages[0].message_id == said.id


def test_a_deleted_ticket_is_gone(world: World) -> None:
    with pytest.raises(Gone):
        read(world.access, Target(TargetKind.TICKET, "999"))


@pytest.mark.parametrize("name", ["../users/1", "T-1", ""])
def test_what_is_no_ticket_number_is_not_asked_for(world: World, name: str) -> None:
    def ask() -> None:
        with pytest.raises(Gone):
            read(world.access, Target(TargetKind.TICKET, name))

    assert world.calls_of(ask) == []


def test_an_unknown_listing_is_refused(world: World) -> None:
    with pytest.raises(Unreadable):
        read(world.access, Target(TargetKind.LISTING, "everything"))


def test_an_answer_that_is_not_the_apis_is_an_outage(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = world.account.open_ticket(world.account.person("Ann"), "hi")
    monkeypatch.setattr("tests.hosts.zendesk.tickets_api.person", lambda account, user_id: {"name": "no id"})
    with pytest.raises(HelpdeskDown, match="not its API's"):
        read(world.access, target(ticket))
