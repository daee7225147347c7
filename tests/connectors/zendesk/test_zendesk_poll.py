"""The poll: what webhooks did not tell."""

from collections import deque
from dataclasses import replace

import pytest

from bridge.connector import CHANGES, Forgotten, HelpdeskDown, LabelChange, RateLimited, Target, TargetKind
from bridge.model import Author, Message
from connectors.zendesk import CONNECTOR, record
from connectors.zendesk.client import read, write
from tests.connectors.zendesk.world import ANGRY, World, wanting
from tests.hosts.zendesk.tickets_api import EVENTS_A_PAGE


def poll(world: World) -> list[Message]:
    """Does what the engine does: reads what is asked for until nothing more is."""
    found: list[Message] = []
    waiting = deque([CHANGES])
    while waiting:
        target = waiting.popleft()
        try:
            received = read(world.access, target)
        except RateLimited as limited:
            world.clock.advance(limited.retry_after)
            waiting.append(target)
            continue
        found += received.messages
        waiting += received.targets
    return found


def without_webhook(world: World) -> None:
    record.save(world.access, replace(record.load(world.access), webhook=None))


def test_replies_of_an_hour_without_the_bridge_are_found_at_its_return(world: World) -> None:
    ann = world.account.person("Ann")
    ticket = world.account.open_ticket(ann, "hi")
    world.clock.advance(700)
    poll(world)
    wanted = []
    for number in range(30):
        world.clock.advance(120)
        wanted.append(str(world.account.reply(ticket, ann, f"again {number}").id))
    world.clock.advance(61)
    back_at = world.clock()
    messages = poll(world)
    assert set(wanted) <= {message.message_id for message in messages}
    assert world.clock() - back_at < 900


def test_customer_and_staff_are_told_apart_by_one_call_for_a_page(world: World) -> None:
    ann, agent = world.account.person("Ann"), world.account.person("Smith", "agent")
    ticket = world.account.open_ticket(ann, "hi")
    world.account.reply(ticket, agent, "hello")
    world.account.reply(ticket, agent, "psst", public=False)
    world.clock.advance(700)
    found: list[Message] = []
    calls = world.calls_of(lambda: found.extend(poll(world)))
    assert calls == [("GET", "/api/v2/incremental/ticket_events"), ("GET", "/api/v2/users/show_many")]
    assert [(message.author, message.text) for message in found] == [(Author.CUSTOMER, "hi"), (Author.STAFF, None)]


def test_a_message_has_the_same_id_and_time_by_poll_and_by_reading_the_ticket(world: World) -> None:
    ticket = world.account.open_ticket(world.account.person("Ann"), "hi")
    world.clock.advance(700)
    (polled,) = poll(world)
    (direct,) = read(world.access, Target(TargetKind.TICKET, str(ticket.id))).messages
    assert polled == direct


def test_our_own_writes_bring_nothing(world: World) -> None:
    ticket = world.account.open_ticket(world.account.person("Ann"), "hi")
    world.clock.advance(700)
    poll(world)
    write(world.access, [wanting(ticket, ANGRY)])
    world.clock.advance(700)
    poll(world)
    world.clock.advance(700)
    assert poll(world) == []
    assert world.account.ticket_events[-1]["child_events"][0]["event_type"] == "Change"


def test_a_label_that_an_agent_chose_is_told_and_our_own_is_not(world: World) -> None:
    ticket = world.account.open_ticket(world.account.person("Ann"), "hi")
    world.clock.advance(100)
    write(world.access, [wanting(ticket, ANGRY)])
    world.clock.advance(100)
    world.account.choose(ticket, world.account.smith, world.field("Sentiment"), "sentiment_positive")
    chosen_at = float(int(world.clock()))
    world.clock.advance(700)
    (page,) = read(world.access, CHANGES).targets
    changes = read(world.access, page).label_changes
    assert changes == (LabelChange(str(ticket.id), "positive", str(world.account.smith.id), chosen_at),)


@pytest.mark.parametrize("private", [False, True], ids=["redacted", "made private"])
def test_a_comment_that_was_taken_back_meanwhile_is_to_be_forgotten(world: World, private: bool) -> None:
    account = world.account
    ticket = account.open_ticket(account.person("Ann"), "my card is 4111 1111")
    (comment,) = ticket.comments
    (account.make_private if private else account.redact)(ticket, comment, account.smith)
    world.clock.advance(700)
    (page,) = read(world.access, CHANGES).targets
    assert read(world.access, page).forgotten == (Forgotten(str(ticket.id), str(comment.id)),)


def test_it_looks_every_ten_minutes_beside_a_webhook_and_every_minute_without_one(world: World) -> None:
    assert CONNECTOR.poll_every is not None
    assert CONNECTOR.poll_every(world.access) == 600
    without_webhook(world)
    assert CONNECTOR.poll_every(world.access) == 60


def test_polled_every_minute_a_message_is_found_within_three(world: World) -> None:
    poll(world)
    ticket = world.account.open_ticket(world.account.person("Ann"), "hi")
    found: list[Message] = []
    for _ in range(3):
        world.clock.advance(60)
        found += poll(world)
    assert {message.ticket_id for message in found} == {str(ticket.id)}


def test_at_most_two_of_the_ten_exports_a_minute_are_ours(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.hosts.zendesk.tickets_api.EVENTS_A_PAGE", 10)
    ann = world.account.person("Ann")
    ticket = world.account.open_ticket(ann, "hi")
    for number in range(60):
        world.clock.advance(5)
        world.account.reply(ticket, ann, str(number))
    world.clock.advance(700)
    found = {message.message_id for message in poll(world)}
    assert len(found) == 61
    assert world.account.limits.busiest_minute("incremental") == 2
    assert world.account.limits.refused == []


def test_while_the_pages_of_a_poll_are_read_no_other_begins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.hosts.zendesk.tickets_api.EVENTS_A_PAGE", 1)
    ann = world.account.person("Ann")
    for number in range(3):
        world.account.open_ticket(ann, str(number))
        world.clock.advance(5)
    world.clock.advance(700)
    (page,) = read(world.access, CHANGES).targets
    (following,) = read(world.access, page).targets
    world.clock.advance(60)
    assert read(world.access, CHANGES).targets == ()
    world.clock.advance(600)  # nobody reads on: it was lost
    assert read(world.access, CHANGES).targets == (page,)
    assert following != page


def test_more_than_a_page_within_one_second_does_not_turn_in_circles(world: World) -> None:
    ann = world.account.person("Ann")
    for number in range(EVENTS_A_PAGE + 5):
        world.account.open_ticket(ann, str(number))
    world.clock.advance(700)
    assert len({message.message_id for message in poll(world)}) == EVENTS_A_PAGE + 5


def test_a_page_that_was_read_but_not_stored_is_read_again(world: World) -> None:
    ticket = world.account.open_ticket(world.account.person("Ann"), "hi")
    world.clock.advance(700)
    (page,) = read(world.access, CHANGES).targets
    lost = read(world.access, page)
    world.clock.advance(700)
    assert [message.ticket_id for message in lost.messages] == [str(ticket.id)]
    assert [message.ticket_id for message in poll(world)] == [str(ticket.id)]


def test_after_an_outage_the_poll_goes_on_where_it_was(world: World) -> None:
    ticket = world.account.open_ticket(world.account.person("Ann"), "hi")
    world.clock.advance(700)
    (page,) = read(world.access, CHANGES).targets
    world.account.faults.next_up.append("503")
    with pytest.raises(HelpdeskDown):
        read(world.access, page)
    assert [message.ticket_id for message in poll(world)] == [str(ticket.id)]


def test_what_happened_before_connecting_is_not_polled(bare: World) -> None:
    bare.account.open_ticket(bare.account.person("Ann"), "old")
    bare.clock.advance(3600)
    bare.connect()
    bare.clock.advance(700)
    assert poll(bare) == []


def test_a_transcript_sends_us_to_read_the_ticket(world: World) -> None:
    ann = world.account.person("Ann")
    ticket = world.account.open_ticket(ann, "Conversation with Ann", channel="native_messaging")
    world.account.chat(ticket, ann, "hello?")
    world.clock.advance(700)
    assert [message.text for message in poll(world)] == ["hello?"]
