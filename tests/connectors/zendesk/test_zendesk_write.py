"""Writing sentiments into tickets: what it costs, and what it leaves alone."""

from dataclasses import replace

import pytest

from bridge.connector import (
    Refused,
    Seen,
    TicketWrite,
    WriteResult,
    WriteStatus,
)
from bridge.model import Score, Sentiment, Trend
from bridge.scale import FIVE
from connectors.zendesk import client
from tests.connectors.zendesk.world import ANGRY, CALM, URGENT, World, wanting
from tests.hosts.zendesk.account import Ticket, stamp

write, look = client.write, client.look
SHOW, PUT = ("GET", "/api/v2/tickets/show_many"), "PUT"


def tickets(world: World, count: int) -> list[Ticket]:
    ann = world.account.person("Ann")
    return [world.account.open_ticket(ann, "hi", tags=["mobile"]) for _ in range(count)]


def seen(ticket: Ticket, label: str | None) -> Seen:
    return Seen(str(ticket.id), label, stamp(ticket.updated_at))


def write_seen(world: World, wanted: TicketWrite, told: Seen) -> WriteResult:
    (result,) = write(world.access, [replace(wanted, seen=told)])
    return result


# What it costs


def test_a_live_message_costs_no_read_and_one_write(world: World) -> None:
    (ticket,) = tickets(world, 1)
    told = seen(ticket, None)
    calls = world.calls_of(lambda: write_seen(world, wanting(ticket, ANGRY), told))
    assert calls == [(PUT, f"/api/v2/tickets/{ticket.id}")]
    assert world.shown(ticket) == ("sentiment_negative", "-0.45", "sentiment_trend_declining")


def test_the_next_live_message_of_a_ticket_costs_no_read_either(world: World) -> None:
    (ticket,) = tickets(world, 1)
    write(world.access, [wanting(ticket, ANGRY)])
    told = seen(ticket, "negative")
    calls = world.calls_of(lambda: write_seen(world, wanting(ticket, URGENT, ANGRY), told))
    assert calls == [(PUT, f"/api/v2/tickets/{ticket.id}")]
    assert world.shown(ticket)[0] == "sentiment_urgent"


def test_without_an_event_the_ticket_is_read_first(world: World) -> None:
    (ticket,) = tickets(world, 1)
    calls = world.calls_of(lambda: write(world.access, [wanting(ticket, ANGRY)]))
    assert calls == [SHOW, (PUT, f"/api/v2/tickets/{ticket.id}")]


def test_what_already_stands_there_is_not_written_again(world: World) -> None:
    (ticket,) = tickets(world, 1)
    write(world.access, [wanting(ticket, ANGRY)])
    calls = world.calls_of(lambda: write(world.access, [wanting(ticket, ANGRY, CALM)]))
    assert calls == [SHOW]


def test_a_hundred_tickets_cost_one_read_and_one_write(world: World) -> None:
    many = tickets(world, 100)
    calls = world.calls_of(lambda: write(world.access, [wanting(ticket, ANGRY) for ticket in many]))
    assert [call for call in calls if call[0] == PUT] == [(PUT, "/api/v2/tickets/update_many")]
    assert calls.count(SHOW) == 1
    assert {world.shown(ticket)[0] for ticket in many} == {"sentiment_negative"}


def test_of_many_tickets_only_those_that_differ_are_written(world: World) -> None:
    one, two, three = tickets(world, 3)
    write(world.access, [wanting(one, ANGRY), wanting(two, ANGRY)])
    calls = world.calls_of(lambda: write(world.access, [wanting(t, ANGRY, ANGRY) for t in (one, two, three)]))
    assert calls == [SHOW, (PUT, f"/api/v2/tickets/{three.id}")]


# What it writes


def test_only_our_three_fields_change(world: World) -> None:
    (ticket,) = tickets(world, 1)
    world.account.tag(ticket, world.account.smith, add=["vip"])
    write(world.access, [wanting(ticket, ANGRY)])
    assert set(ticket.tags) == {"mobile", "vip", "sentiment_negative", "sentiment_trend_declining"}
    write(world.access, [wanting(ticket, CALM, ANGRY)])
    assert set(ticket.tags) == {"mobile", "vip", "sentiment_neutral", "sentiment_trend_stable"}
    assert len(ticket.comments) == 1


def test_an_unknown_score_clears_the_number(world: World) -> None:
    (ticket,) = tickets(world, 1)
    write(world.access, [wanting(ticket, ANGRY)])
    write(world.access, [wanting(ticket, Sentiment("unknown", None, Trend.STABLE), ANGRY)])
    assert world.shown(ticket) == ("sentiment_unknown", None, "sentiment_trend_stable")


@pytest.mark.parametrize("score", [-100, -82, -5, 0, 7, 100])
def test_what_is_written_is_seen_again(world: World, score: int) -> None:
    (ticket,) = tickets(world, 1)
    after = Sentiment("neutral", Score(score), Trend.IMPROVING)
    write(world.access, [wanting(ticket, after)])
    (shown,) = look(world.access, [str(ticket.id), "999"])
    assert shown.sentiment == after


def test_a_ticket_without_our_label_shows_nothing(world: World) -> None:
    (ticket,) = tickets(world, 1)
    (shown,) = look(world.access, [str(ticket.id)])
    assert shown.sentiment is None


def test_a_label_without_an_option_fails_and_says_what_to_do(world: World) -> None:
    (ticket,) = tickets(world, 1)
    (result,) = write(world.access, [wanting(ticket, Sentiment("furious", Score(-90), Trend.STABLE))])
    assert result.status is WriteStatus.FAILED
    assert "connect zendesk" in (result.reason or "")


def test_a_scale_that_the_account_does_not_know_yet_is_for_a_person_to_mend(world: World) -> None:
    (ticket,) = tickets(world, 1)
    world.access = replace(world.access, scale=FIVE.buckets)
    with pytest.raises(Refused, match="connect zendesk"):
        write(world.access, [wanting(ticket, Sentiment("very_negative", Score(-90), Trend.STABLE))])
    world.connect()
    write(world.access, [wanting(ticket, Sentiment("very_negative", Score(-90), Trend.STABLE))])
    assert world.shown(ticket)[0] == "sentiment_very_negative"


def test_a_connection_that_is_not_installed_is_refused(bare: World) -> None:
    with pytest.raises(Refused, match="connect zendesk"):
        write(bare.access, [])


# People's labels


def test_a_label_that_a_person_chose_stands(world: World) -> None:
    (ticket,) = tickets(world, 1)
    write(world.access, [wanting(ticket, ANGRY)])
    world.account.choose(ticket, world.account.smith, world.field("Sentiment"), "sentiment_positive")
    (result,) = write(world.access, [wanting(ticket, URGENT, ANGRY)])
    assert (result.status, result.label) == (WriteStatus.PERSON, "positive")
    assert world.shown(ticket)[0] == "sentiment_positive"


def test_a_persons_label_that_an_event_tells_of_stands(world: World) -> None:
    (ticket,) = tickets(world, 1)
    write(world.access, [wanting(ticket, ANGRY)])
    world.account.tag(ticket, world.account.smith, add=["sentiment_positive"])
    told = seen(ticket, "positive")
    result = write_seen(world, wanting(ticket, URGENT, ANGRY), told)
    assert (result.status, result.label) == (WriteStatus.PERSON, "positive")


def test_a_label_chosen_between_event_and_write_stands(world: World) -> None:
    (ticket,) = tickets(world, 1)
    told = seen(ticket, None)
    world.account.choose(ticket, world.account.smith, world.field("Sentiment"), "sentiment_positive")
    result = write_seen(world, wanting(ticket, ANGRY), told)
    assert (result.status, result.label) == (WriteStatus.PERSON, "positive")


def test_a_persons_label_carries_the_time_it_was_chosen(world: World) -> None:
    (ticket,) = tickets(world, 1)
    write(world.access, [wanting(ticket, ANGRY)])
    world.clock.advance(60)
    world.account.choose(ticket, world.account.smith, world.field("Sentiment"), "sentiment_positive")
    chosen_at = float(int(ticket.updated_at))
    world.clock.advance(60)
    world.account.reply(ticket, world.account.users[ticket.requester_id], "again")
    (result,) = write(world.access, [wanting(ticket, URGENT, ANGRY)])
    assert result.label_at == chosen_at


def test_where_the_audits_do_not_tell_the_tickets_last_update_is_the_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.hosts.zendesk.tickets_api.audit_events", lambda record: [])
    (ticket,) = tickets(world, 1)
    write(world.access, [wanting(ticket, ANGRY)])
    world.account.choose(ticket, world.account.smith, world.field("Sentiment"), "sentiment_positive")
    (result,) = write(world.access, [wanting(ticket, URGENT, ANGRY)])
    assert (result.status, result.label_at) == (WriteStatus.PERSON, float(int(ticket.updated_at)))


def test_while_the_audits_cannot_be_read_nothing_is_decided(world: World) -> None:
    (ticket,) = tickets(world, 1)
    write(world.access, [wanting(ticket, ANGRY)])
    world.account.choose(ticket, world.account.smith, world.field("Sentiment"), "sentiment_positive")
    world.account.faults.next_up.extend(["", "500"])
    (result,) = write(world.access, [wanting(ticket, URGENT, ANGRY)])
    assert result.status is WriteStatus.LATER
    assert world.shown(ticket)[0] == "sentiment_positive"


def test_in_bulk_a_persons_label_stands_and_the_others_are_written(world: World) -> None:
    many = tickets(world, 4)
    write(world.access, [wanting(ticket, ANGRY) for ticket in many])
    world.account.choose(many[2], world.account.smith, world.field("Sentiment"), "sentiment_neutral")
    results = write(world.access, [wanting(ticket, URGENT, ANGRY) for ticket in many])
    assert [str(result.status) for result in results] == ["done", "done", "person", "done"]


def test_an_event_older_than_our_own_last_write_is_not_taken_for_a_person(world: World) -> None:
    (ticket,) = tickets(world, 1)
    old = seen(ticket, None)
    write(world.access, [wanting(ticket, ANGRY)])
    result = write_seen(world, wanting(ticket, URGENT, ANGRY), old)
    assert result.status is WriteStatus.DONE


def test_where_field_and_tag_are_not_coupled_a_persons_choice_still_stands(world: World) -> None:
    world.account.coupled = False
    (ticket,) = tickets(world, 1)
    write(world.access, [wanting(ticket, ANGRY)])
    world.account.choose(ticket, world.account.smith, world.field("Sentiment"), "sentiment_positive")
    result = write_seen(world, wanting(ticket, URGENT, ANGRY), seen(ticket, None))
    assert result.status is WriteStatus.PERSON


def test_an_agents_other_change_meanwhile_costs_a_second_look_and_loses_nothing(world: World) -> None:
    (ticket,) = tickets(world, 1)
    told = seen(ticket, None)
    world.account.tag(ticket, world.account.smith, add=["vip"])
    calls = world.calls_of(lambda: write_seen(world, wanting(ticket, ANGRY), told))
    put = (PUT, f"/api/v2/tickets/{ticket.id}")
    assert calls == [put, SHOW, put]
    assert {"vip", "sentiment_negative"} <= set(ticket.tags)


# Tickets that take nothing


def test_closed_and_deleted_tickets_are_final(world: World) -> None:
    closed, deleted = tickets(world, 2)
    world.account.close(closed)
    world.account.delete_for_good(deleted, world.account.admin)
    results = write(world.access, [wanting(closed, ANGRY), wanting(deleted, ANGRY)])
    assert [result.status for result in results] == [WriteStatus.GONE] * 2


def test_bulk_work_leaves_solved_tickets_alone_where_asked(world: World) -> None:
    solved, still_open, closed = tickets(world, 3)
    solved.status = "solved"
    world.account.close(closed)
    wanted = [replace(wanting(ticket, ANGRY), unsolved_only=True) for ticket in (solved, still_open, closed)]
    results = write(world.access, wanted)
    assert [str(result.status) for result in results] == ["gone", "done", "gone"]
    assert solved.tags == ["mobile"]


def test_bulk_work_looks_at_the_status_although_an_event_told_of_the_ticket(world: World) -> None:
    (ticket,) = tickets(world, 1)
    ticket.status = "solved"
    told = seen(ticket, None)
    assert write_seen(world, replace(wanting(ticket, ANGRY), unsolved_only=True), told).status is WriteStatus.GONE


def test_a_solved_ticket_is_written_when_its_customer_writes_again(world: World) -> None:
    (ticket,) = tickets(world, 1)
    ticket.status = "solved"
    assert write_seen(world, wanting(ticket, ANGRY), seen(ticket, None)).status is WriteStatus.DONE


def test_a_ticket_closed_after_its_event_is_final(world: World) -> None:
    (ticket,) = tickets(world, 1)
    told = seen(ticket, None)
    world.account.close(ticket)
    result = write_seen(world, wanting(ticket, ANGRY), told)
    assert (result.status, result.reason) == (WriteStatus.GONE, "closed")


def test_a_ticket_deleted_after_its_event_is_final(world: World) -> None:
    (ticket,) = tickets(world, 1)
    told = seen(ticket, None)
    world.account.delete_for_good(ticket, world.account.admin)
    result = write_seen(world, wanting(ticket, ANGRY), told)
    assert result.status is WriteStatus.GONE


# Jobs
