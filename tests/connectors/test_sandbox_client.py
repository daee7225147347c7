"""Reading from the real desk and writing into it, over HTTP."""

import dataclasses
import time
from collections.abc import Iterator

import pytest

from bridge.connector import (
    CHANGES,
    Access,
    Gone,
    HelpdeskDown,
    RateLimited,
    Received,
    Refused,
    Shown,
    Target,
    TargetKind,
    TicketWrite,
    WriteResult,
    WriteStatus,
)
from bridge.http import Http, Policy
from bridge.model import Author, Score, Sentiment, Trend
from connectors.sandbox.client import CURSOR, clear, look, read, write
from tests.connectors.sandbox_access import MemoryState, access_to
from tests.hosts.sandbox import Desk, free_port, running_desk

URGENT = Sentiment("urgent", Score(-82), Trend.DECLINING)
NEUTRAL = Sentiment("neutral", Score(10), Trend.STABLE)


@pytest.fixture(scope="module")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with running_desk(tmp_path_factory.mktemp("desk")) as desk:
        yield desk


@pytest.fixture
def desk(shared_desk: Desk) -> Desk:
    shared_desk.ask("POST", "/reset")
    return shared_desk


@pytest.fixture
def access(desk: Desk) -> Access:
    return access_to(desk.url, desk.token)


def ticket(name: str) -> Target:
    return Target(TargetKind.TICKET, name)


def read_all(access: Access, target: Target) -> list[Received]:
    """The pages of a listing, from `target` to the end."""
    pages = [read(access, target)]
    while pages[-1].targets:
        pages.append(read(access, pages[-1].targets[0]))
    return pages


# Reading


def test_a_ticket_is_read_with_the_words_of_its_customer_alone(desk: Desk, access: Access) -> None:
    name = desk.create_ticket("It is broken 😡")
    desk.post(name, "We look into it.", author="staff")
    desk.post(name, "He always complains.", author="staff", visibility="internal")
    first, second = read(access, ticket(name)).messages
    assert (first.ticket_id, first.author, first.text) == (name, Author.CUSTOMER, "It is broken 😡")
    assert (second.author, second.text) == (Author.STAFF, None)


def test_a_message_read_equals_the_one_that_was_typed_a_moment_ago(desk: Desk, access: Access) -> None:
    name = desk.create_ticket("Hello?")
    (message,) = read(access, ticket(name)).messages
    assert message.message_id.isdigit()
    assert message.author_id == f"customer-{name.removeprefix('T-')}"
    assert abs(message.written_at - time.time()) < 60


@pytest.mark.parametrize("name", ["T-999999", "nonsense", "T-1/../../stats"])
def test_a_ticket_that_is_not_there_is_gone(access: Access, name: str) -> None:
    with pytest.raises(Gone):
        read(access, ticket(name))


def test_a_poll_finds_the_tickets_changed_since_the_cursor(desk: Desk, access: Access) -> None:
    desk.create_ticket("First")
    desk.create_ticket("Second")
    pages = read_all(access, CHANGES)
    assert [message.text for page in pages for message in page.messages] == ["First", "Second"]


def test_a_poll_of_many_tickets_goes_page_by_page_and_misses_none(desk: Desk, access: Access) -> None:
    names = {desk.create_ticket(f"Message {number}") for number in range(120)}
    pages = read_all(access, CHANGES)
    assert [len(page.messages) for page in pages] == [0, 50, 50, 20]
    assert {message.ticket_id for page in pages for message in page.messages} == names


def test_the_cursor_moves_with_the_last_page_only(desk: Desk, access: Access) -> None:
    for number in range(51):
        desk.create_ticket(f"Message {number}")
    (start,) = read(access, CHANGES).targets
    (following,) = read(access, start).targets
    assert access.state.get(CURSOR) is None
    assert read(access, following).targets == ()
    assert access.state.get(CURSOR) is not None


def test_the_next_poll_begins_a_little_before_the_end_of_the_last_one(desk: Desk, access: Access) -> None:
    desk.create_ticket("Read twice")
    read_all(access, CHANGES)
    assert [message.text for page in read_all(access, CHANGES) for message in page.messages] == ["Read twice"]


def test_a_read_that_is_tried_again_after_a_crash_finds_the_same_although_the_cursor_moved(
    desk: Desk, access: Access
) -> None:
    desk.create_ticket("Lost?")
    (target,) = read(access, CHANGES).targets
    before = read(access, target)
    access.state.set(CURSOR, "2099-01-01T00:00:00.000Z", access.state.get(CURSOR))
    assert read(access, target).messages == before.messages


def test_a_cursor_never_moves_backwards(access: Access) -> None:
    access.state.set(CURSOR, "2099-01-01T00:00:00.000Z", None)
    read_all(access, Target(TargetKind.LISTING, "since=2026-01-01T00:00:00.000Z"))
    assert access.state.get(CURSOR) == "2099-01-01T00:00:00.000Z"


# Writing


def test_a_written_label_shows_on_the_ticket_with_its_tag(desk: Desk, access: Access) -> None:
    name = desk.create_ticket("Help")
    assert write(access, [TicketWrite(name, None, URGENT)]) == (WriteResult(name, WriteStatus.DONE),)
    shown = desk.ask("GET", f"/tickets/{name}")
    assert shown["tags"] == ["sentiment_urgent"]
    assert look(access, [name]) == [Shown(name, URGENT)]


def test_the_prefix_of_the_connection_is_used(desk: Desk, access: Access) -> None:
    name = desk.create_ticket("Help")
    write(dataclasses.replace(access, prefix="mood"), [TicketWrite(name, None, URGENT)])
    assert desk.ask("GET", f"/tickets/{name}")["tags"] == ["mood_urgent"]


def test_unknown_is_written_without_a_score(desk: Desk, access: Access) -> None:
    name = desk.create_ticket("???")
    unknown = Sentiment("unknown", None, Trend.STABLE)
    write(access, [TicketWrite(name, None, unknown)])
    assert look(access, [name]) == [Shown(name, unknown)]


def test_a_hundred_tickets_are_written_by_one_call(desk: Desk, access: Access) -> None:
    names = [desk.create_ticket(f"Message {number}") for number in range(100)]
    results = write(access, [TicketWrite(name, None, NEUTRAL) for name in names])
    assert [(result.ticket_id, result.status) for result in results] == [(name, WriteStatus.DONE) for name in names]
    stats = desk.ask("GET", "/stats")
    assert (stats["bulk_calls"], stats["single_calls"], stats["writes"]) == (1, 0, 100)


def test_a_value_written_twice_is_counted_as_repeated(desk: Desk, access: Access) -> None:
    name = desk.create_ticket("Help")
    write(access, [TicketWrite(name, None, URGENT)])
    write(access, [TicketWrite(name, URGENT, NEUTRAL)])
    assert desk.ask("GET", "/stats")["repeated"] == 0
    write(access, [TicketWrite(name, NEUTRAL, NEUTRAL)])
    assert desk.ask("GET", "/stats")["tickets"][name] == {"writes": 3, "repeated": 1, "conflicts": 0}


@pytest.mark.parametrize("bulk", [False, True])
def test_a_persons_label_stands(desk: Desk, access: Access, bulk: bool) -> None:
    name, other = desk.create_ticket("Help"), desk.create_ticket("Hello")
    write(access, [TicketWrite(name, None, URGENT)])
    desk.label_as_person(name, "positive")
    asked = [TicketWrite(name, URGENT, NEUTRAL), TicketWrite(other, None, NEUTRAL)]
    results = write(access, asked if bulk else asked[:1])
    assert (results[0].status, results[0].label) == (WriteStatus.PERSON, "positive")
    assert results[0].label_at == pytest.approx(time.time(), abs=60)
    shown = desk.sentiment(name)
    assert shown is not None
    assert (shown["label"], shown["set_by"]) == ("positive", "person")
    assert [result.status for result in results[1:]] == ([WriteStatus.DONE] if bulk else [])


def test_a_persons_first_label_stands_too(desk: Desk, access: Access) -> None:
    name = desk.create_ticket("Help")
    desk.label_as_person(name, "negative")
    assert write(access, [TicketWrite(name, None, URGENT)])[0].status is WriteStatus.PERSON


def test_a_persons_label_gives_way_to_whoever_knows_of_it(desk: Desk, access: Access) -> None:
    name = desk.create_ticket("Help")
    write(access, [TicketWrite(name, None, URGENT)])
    desk.label_as_person(name, "neutral")
    assert write(access, [TicketWrite(name, NEUTRAL, URGENT)])[0].status is WriteStatus.DONE


def test_a_score_written_below_a_persons_label_leaves_it_the_persons(desk: Desk, access: Access) -> None:
    name = desk.create_ticket("Help")
    desk.label_as_person(name, "neutral")
    write(access, [TicketWrite(name, NEUTRAL, NEUTRAL)])
    shown = desk.sentiment(name)
    assert shown is not None
    assert (shown["score"], shown["set_by"]) == (0.1, "person")


@pytest.mark.parametrize("bulk", [False, True])
def test_closed_and_unknown_tickets_are_gone(desk: Desk, access: Access, bulk: bool) -> None:
    closed = desk.create_ticket("Help")
    desk.ask("PUT", f"/tickets/{closed}/status", {"status": "closed"})
    asked = [TicketWrite(closed, None, URGENT), TicketWrite("T-999999", None, URGENT)]
    results = write(access, asked) if bulk else [*write(access, asked[:1]), *write(access, asked[1:])]
    assert [result.status for result in results] == [WriteStatus.GONE, WriteStatus.GONE]


def test_what_the_desk_refuses_is_failed_with_its_reason(desk: Desk, access: Access) -> None:
    name = desk.create_ticket("Help")
    (result,) = write(access, [TicketWrite(name, None, Sentiment("No Label", None, Trend.STABLE))])
    assert result.status is WriteStatus.FAILED
    assert result.reason == "label: must be a label"


def test_looking_leaves_out_what_is_gone_and_tells_what_has_no_label(desk: Desk, access: Access) -> None:
    name = desk.create_ticket("Help")
    assert look(access, ["T-999999", name]) == [Shown(name, None)]


def test_looking_at_more_than_a_hundred_tickets_works(desk: Desk, access: Access) -> None:
    names = [desk.create_ticket("Help") for _ in range(101)]
    assert [shown.ticket_id for shown in look(access, names)] == names


def test_what_we_wrote_can_be_taken_away_and_a_persons_label_stays(desk: Desk, access: Access) -> None:
    ours, theirs = desk.create_ticket("Help"), desk.create_ticket("Help")
    write(access, [TicketWrite(name, None, URGENT) for name in (ours, theirs)])
    desk.ask("PUT", f"/tickets/{theirs}/label", {"label": "positive"})
    done = clear(access, [Shown(name, URGENT) for name in (ours, theirs, "T-999999")])
    assert [one.status for one in done] == [WriteStatus.DONE, WriteStatus.PERSON, WriteStatus.GONE]
    shown = {one.ticket_id: one.sentiment and one.sentiment.label for one in look(access, [ours, theirs])}
    assert shown == {ours: None, theirs: "positive"}


# Trouble


def test_a_desk_that_asks_for_a_pause_is_given_it(desk: Desk, access: Access) -> None:
    name = desk.create_ticket("Help")
    desk.ask("POST", "/faults", {"times": 1, "status": 429, "retry_after": 7})
    with pytest.raises(RateLimited) as refusal:
        write(access, [TicketWrite(name, None, URGENT)])
    assert refusal.value.retry_after == 7


def test_an_error_of_the_desk_is_an_outage(desk: Desk, access: Access) -> None:
    desk.ask("POST", "/faults", {"times": 1, "status": 500})
    with pytest.raises(HelpdeskDown):
        read(access, ticket("T-1"))


def test_a_write_whose_answer_is_lost_is_an_outage_although_it_was_done(desk: Desk, access: Access) -> None:
    name = desk.create_ticket("Help")
    desk.ask("POST", "/faults", {"times": 1, "on": "writes", "when": "after", "status": 502})
    with pytest.raises(HelpdeskDown):
        write(access, [TicketWrite(name, None, URGENT)])
    assert look(access, [name]) == [Shown(name, URGENT)]


def test_a_wrong_token_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="token"):
        look(access_to(desk.url, "wrong-token-wrong-token"), ["T-1"])


def test_a_desk_that_does_not_run_is_an_outage() -> None:
    with pytest.raises(HelpdeskDown):
        look(access_to(f"http://127.0.0.1:{free_port()}", "token"), ["T-1"])


def test_an_address_that_the_settings_forbid_is_refused(desk: Desk) -> None:
    access = dataclasses.replace(access_to(desk.url, desk.token), http=Http(Policy()), state=MemoryState())
    with pytest.raises(Refused):
        look(access, ["T-1"])
