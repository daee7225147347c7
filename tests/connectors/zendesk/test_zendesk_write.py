"""Writing sentiments into tickets: what it costs, and what it leaves alone."""

import logging
from dataclasses import replace

import pytest

from bridge.connector import (
    HelpdeskDown,
    RateLimited,
    Refused,
    Seen,
    Target,
    TargetKind,
    TicketWrite,
    WriteResult,
    WriteStatus,
)
from bridge.model import Score, Sentiment, Trend
from bridge.scale import FIVE
from connectors.zendesk import client
from connectors.zendesk.breaker import MOST
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


def test_a_job_is_judged_item_by_item(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, changed, deleted, good = tickets(world, 4)
    monkeypatch.setattr("connectors.zendesk.bulk.sleep", lambda seconds: meanwhile())
    done: list[bool] = []

    def meanwhile() -> None:
        if not done:
            world.account.close(closed)
            world.account.tag(changed, world.account.smith, add=["vip"])
            world.account.delete_for_good(deleted, world.account.admin)
            done.append(True)
        world.clock.advance(1)

    results = write(world.access, [wanting(ticket, ANGRY) for ticket in (closed, changed, deleted, good)])
    assert [str(result.status) for result in results] == ["gone", "later", "gone", "done"]
    assert "vip" in changed.tags


def test_a_job_whose_end_is_not_seen_is_unsure_and_nothing_is_written_twice(world: World) -> None:
    world.account.job_seconds = 60
    many = tickets(world, 3)
    results = write(world.access, [wanting(ticket, ANGRY) for ticket in many])
    assert {result.status for result in results} == {WriteStatus.UNSURE}
    world.clock.advance(60)
    calls = world.calls_of(lambda: write(world.access, [wanting(ticket, ANGRY) for ticket in many]))
    assert calls == [SHOW]


def test_a_job_whose_results_are_gone_is_unsure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.zendesk.bulk.sleep", lambda seconds: world.running.jobs.forget())
    results = write(world.access, [wanting(ticket, ANGRY) for ticket in tickets(world, 2)])
    assert {result.status for result in results} == {WriteStatus.UNSURE}


def test_only_the_items_whose_end_is_not_told_are_unsure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = tickets(world, 2)
    run = world.running.jobs.run_due

    def all_but_the_last() -> None:
        run()
        for job in world.running.jobs.known.values():
            job.results = job.results and job.results[:1]

    monkeypatch.setattr(world.running.jobs, "run_due", all_but_the_last)
    results = write(world.access, [wanting(one, ANGRY), wanting(two, ANGRY)])
    assert [str(result.status) for result in results] == ["done", "unsure"]


def test_our_own_write_whose_end_nobody_saw_is_not_taken_for_a_person(world: World) -> None:
    world.account.job_seconds = 60
    many = tickets(world, 2)
    write(world.access, [wanting(ticket, URGENT) for ticket in many])
    world.clock.advance(60)
    world.account.job_seconds = 1
    results = write(world.access, [wanting(ticket, CALM) for ticket in many])
    assert {result.status for result in results} == {WriteStatus.DONE}
    assert {world.shown(ticket)[0] for ticket in many} == {"sentiment_neutral"}


def test_many_unexpected_labels_are_looked_up_a_few_at_a_time(world: World) -> None:
    many = tickets(world, 17)
    for ticket in many[:15]:
        world.account.choose(ticket, world.account.smith, world.field("Sentiment"), "sentiment_positive")
    results = write(world.access, [wanting(ticket, ANGRY) for ticket in many])
    assert [str(result.status) for result in results] == ["person"] * 10 + ["later"] * 5 + ["done"] * 2


def test_a_look_at_a_job_that_fails_does_not_lose_the_others(world: World) -> None:
    many = tickets(world, 2)
    world.account.faults.next_up.extend(["", "", "503", "429-integer"])
    results = write(world.access, [wanting(ticket, ANGRY) for ticket in many])
    assert {result.status for result in results} == {WriteStatus.DONE}


def test_when_items_of_a_job_count_as_updates_those_refused_come_later(world: World) -> None:
    world.account.items_count_as_updates = True
    world.account.limits.others_use("updates", 98)
    results = write(world.access, [wanting(ticket, ANGRY) for ticket in tickets(world, 4)])
    assert [str(result.status) for result in results] == ["done", "done", "later", "later"]


def test_a_conflict_without_cause_on_the_whole_job_comes_later(world: World) -> None:
    many = tickets(world, 2)
    world.account.faults.next_up.extend(["", "409"])
    results = write(world.access, [wanting(ticket, ANGRY) for ticket in many])
    assert {result.status for result in results} == {WriteStatus.LATER}


# Limits and outages


@pytest.mark.parametrize(("fault", "seconds"), [("429-integer", 3.0), ("429-decimal", 1.5), ("503-retry", 3.0)])
def test_a_pause_that_zendesk_asks_for_is_handed_on(world: World, fault: str, seconds: float) -> None:
    (ticket,) = tickets(world, 1)
    world.account.faults.next_up.append(fault)
    with pytest.raises(RateLimited) as limited:
        write(world.access, [wanting(ticket, ANGRY)])
    assert limited.value.retry_after == seconds


def test_a_429_without_a_time_is_put_off_until_the_window_opens(world: World) -> None:
    (ticket,) = tickets(world, 1)
    world.account.faults.next_up.append("429-absent")
    with pytest.raises(RateLimited) as limited:
        write(world.access, [wanting(ticket, ANGRY)])
    assert 1 <= limited.value.retry_after <= 61


@pytest.mark.parametrize("fault", ["500", "503", "html", "drop"])
def test_an_outage_is_an_outage(world: World, fault: str) -> None:
    (ticket,) = tickets(world, 1)
    world.account.faults.next_up.append(fault)
    with pytest.raises(HelpdeskDown):
        write(world.access, [wanting(ticket, ANGRY)])


def test_singles_keep_to_half_of_their_own_limit_and_then_go_by_job(world: World) -> None:
    first, last = (many := tickets(world, 51))[:50], many[50]
    for ticket in first:
        write_seen(world, wanting(ticket, ANGRY), seen(ticket, None))
    calls = world.calls_of(lambda: write_seen(world, wanting(last, ANGRY), seen(last, None)))
    assert calls[0] == (PUT, "/api/v2/tickets/update_many")
    assert world.shown(last)[0] == "sentiment_negative"
    assert world.account.limits.busiest_minute("updates") == 50
    assert world.account.limits.refused == []


def test_a_ticket_that_is_written_again_and_again_is_held_far_below_zendesks_limit(world: World) -> None:
    (ticket,) = tickets(world, 1)
    held = None
    for turn in range(40):
        before, after = (ANGRY, CALM) if turn % 2 else (CALM, ANGRY)
        (result,) = write(world.access, [wanting(ticket, after, before)])
        if result.status is WriteStatus.LATER:
            held = result
            break
        world.clock.advance(5)
    assert held is not None
    assert len(world.account.limits.taken[f"ticket/{ticket.id}"]) == MOST
    world.clock.advance(held.retry_after or 0)
    (result,) = write(world.access, [wanting(ticket, URGENT, CALM)])
    assert result.status is WriteStatus.DONE


def test_no_customer_word_and_no_bearer_reaches_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        (ticket,) = tickets(world, 1)
        ticket.comments[0].body = "xylophone"
        write(world.access, [wanting(ticket, ANGRY)])
        client.read(world.access, Target(TargetKind.TICKET, str(ticket.id)))
    ours = [record.getMessage() for record in caplog.records if record.name != "werkzeug"]
    assert not any("xylophone" in line for line in ours)
    assert not any(bearer in line for line in ours for bearer in world.running.sign_in.tokens)
