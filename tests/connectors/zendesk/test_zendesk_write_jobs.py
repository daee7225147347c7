"""What becomes of Zendesk's jobs, limits and outages while labels are written."""

import logging
from dataclasses import replace

import pytest

from bridge.connector import (
    HelpdeskDown,
    RateLimited,
    Seen,
    Target,
    TargetKind,
    TicketWrite,
    WriteResult,
    WriteStatus,
)
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
