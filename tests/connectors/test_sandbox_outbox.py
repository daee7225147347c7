"""What the desk tells the bridge: signed, repeated until taken, and never forgotten."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge import signing
from connectors.sandbox.desk.outbox import pause_after
from connectors.sandbox.webhook import parse, verify
from tests.connectors.sandbox_access import access_to, hook
from tests.hosts.sandbox import Arrived, Desk, Receiver, running_desk, wait_for

DAY = 86_400.0


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with running_desk(tmp_path) as desk:
        yield desk


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.start()
    yield receiver
    receiver.stop()


def install(desk: Desk, receiver: Receiver) -> str:
    """The new webhook's secret."""
    webhook: dict[str, str] = desk.ask("POST", "/webhooks", {"url": receiver.url})
    return webhook["secret"]


def arrived(receiver: Receiver, count: int) -> list[Arrived]:
    wait_for(lambda: len(receiver.arrived) >= count, f"{count} events")
    return list(receiver.arrived)


def settled(desk: Desk) -> list[tuple[str, str, int]]:
    """Type, state and attempts of all deliveries, once none waits."""

    def look() -> list[tuple[str, str, int]] | None:
        items = desk.ask("GET", "/deliveries")["items"]
        found = [(item["type"], item["state"], item["attempts"]) for item in items]
        return None if any(state == "waiting" for _, state, _ in found) else found

    return wait_for(look, "all deliveries to settle")


def test_each_thing_that_happens_is_told_once_and_signed(desk: Desk, receiver: Receiver) -> None:
    secret = install(desk, receiver)
    ticket_id = desk.create_ticket("Help me")
    desk.post(ticket_id, "Please?")
    desk.label_as_person(ticket_id, "urgent")
    desk.ask("PUT", f"/tickets/{ticket_id}/status", {"status": "solved"})
    assert sorted(one.event["type"] for one in arrived(receiver, 4)) == [
        "label.changed",
        "post.created",
        "ticket.created",
        "ticket.solved",
    ]
    for one in receiver.arrived:
        request = hook(one.body, one.headers, time.time())
        verify(request, access_to(secrets=(secret,)))
        parse(request, access_to())
    assert len({one.headers["webhook-id"] for one in receiver.arrived}) == 4
    assert {state for _, state, _ in settled(desk)} == {"delivered"}


def test_a_new_ticket_is_told_without_its_words(desk: Desk, receiver: Receiver) -> None:
    install(desk, receiver)
    ticket_id = desk.create_ticket("Secret words")
    (event,) = arrived(receiver, 1)
    assert event.event["data"] == {"ticket_id": ticket_id}


def test_what_the_bridge_writes_is_not_told_to_it(desk: Desk, receiver: Receiver) -> None:
    install(desk, receiver)
    ticket_id = desk.create_ticket("Help me")
    write = {"label": "urgent", "score": -0.8, "trend": "stable", "prefix": "sentiment", "expected": None}
    desk.ask("PUT", f"/tickets/{ticket_id}/sentiment", write)
    assert settled(desk) == [("ticket.created", "delivered", 1)]


def test_an_event_that_is_not_taken_is_sent_again_with_the_same_id(desk: Desk, receiver: Receiver) -> None:
    install(desk, receiver)
    receiver.answers = [500, 429]
    desk.create_ticket("Help me")
    first, second, third = arrived(receiver, 3)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == third.headers["webhook-id"]
    assert first.body == third.body
    assert settled(desk) == [("ticket.created", "delivered", 3)]


def test_an_event_that_is_refused_is_not_sent_again(desk: Desk, receiver: Receiver) -> None:
    install(desk, receiver)
    receiver.answers = [422]
    desk.create_ticket("Help me")
    assert settled(desk) == [("ticket.created", "ended", 1)]
    assert len(receiver.arrived) == 1


def test_a_receiver_that_was_down_gets_the_event_later(desk: Desk, receiver: Receiver) -> None:
    install(desk, receiver)
    receiver.stop()
    desk.create_ticket("Is anybody there?")
    wait_for(lambda: desk.ask("GET", "/deliveries")["items"][0]["attempts"], "a first attempt")
    receiver.start()
    assert len(arrived(receiver, 1)) == 1


def test_events_survive_a_kill_of_the_desk(desk: Desk, receiver: Receiver) -> None:
    secret = install(desk, receiver)
    receiver.stop()
    ticket_id = desk.create_ticket("Do not forget me")
    event_id = desk.ask("GET", "/deliveries")["items"][0]["event_id"]
    desk.stop(signal.SIGKILL)
    receiver.start()
    desk.start()
    (event,) = arrived(receiver, 1)
    assert event.headers["webhook-id"] == event_id
    assert event.event["data"]["ticket_id"] == ticket_id
    signing.verify((secret,), event.headers, event.body, time.time())


def test_after_a_rotation_the_new_secret_signs_alone(desk: Desk, receiver: Receiver) -> None:
    former = install(desk, receiver)
    secret = desk.ask("POST", "/webhooks/1/rotate")["secret"]
    desk.create_ticket("Help me")
    (event,) = arrived(receiver, 1)
    signing.verify((secret,), event.headers, event.body, time.time())
    with pytest.raises(signing.WrongSignature):
        signing.verify((former,), event.headers, event.body, time.time())


def test_a_deleted_webhook_hears_nothing_more(desk: Desk, receiver: Receiver) -> None:
    install(desk, receiver)
    desk.call("DELETE", "/webhooks/1")
    desk.create_ticket("Help me")
    assert desk.ask("GET", "/deliveries")["items"] == []


def test_the_log_of_failed_deliveries_holds_no_words_and_no_hook(desk: Desk, receiver: Receiver) -> None:
    install(desk, receiver)
    receiver.answers = [422]
    desk.post(desk.create_ticket("First words"), "Second words")
    settled(desk)
    log = (desk.directory / "log").read_text()
    assert "422" in log
    assert "words" not in log
    assert receiver.url not in log


@pytest.mark.parametrize("status", [None, 302, 409, 429, 500, 503])
def test_the_pauses_grow_to_half_a_minute(status: int | None) -> None:
    pauses = [pause_after(status, None, attempts, age=0, secret_age=DAY) for attempts in range(1, 8)]
    assert pauses == [1, 2, 5, 10, 30, 30, 30]


@pytest.mark.parametrize("status", [400, 401, 404, 410, 413, 422])
def test_a_refusal_is_final(status: int) -> None:
    assert pause_after(status, None, 1, age=0, secret_age=DAY) is None


@pytest.mark.parametrize("status", [401, 404])
def test_a_receiver_that_may_not_know_the_new_secret_yet_is_asked_again(status: int) -> None:
    assert pause_after(status, None, 1, age=0, secret_age=5) == 1


def test_a_longer_pause_asked_for_is_kept_up_to_five_minutes() -> None:
    assert pause_after(503, 20, 1, age=0, secret_age=DAY) == 20
    assert pause_after(503, 0, 3, age=0, secret_age=DAY) == 5
    assert pause_after(503, 9_999, 1, age=0, secret_age=DAY) == 300


def test_an_event_is_given_up_after_three_days() -> None:
    assert pause_after(None, None, 50, age=3 * DAY + 1, secret_age=DAY) is None
