"""Telling endpoints: signed, in order, again until it is taken, and nobody waits for somebody else's receiver."""

import json
import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from bridge import webhook_log, webhooks, workspaces
from bridge.channels import webhook
from bridge.channels.fact import Fact
from bridge.model import Origin
from bridge.runtime import Runtime
from bridge.store.delivery_claims import AT_ONCE, AT_ONCE_FAILING, STRIKES
from bridge.store.events import EventType, insert_events
from bridge.store.tables import State
from jobs.notify import LADDER
from tests.fakes import Home
from tests.told import Listener, Notifying, answers, endpoint, event, happen, listening, make_due, receiver, sent


def test_an_event_arrives_signed_and_in_the_published_shape(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    _, secret = endpoint(runtime, home, listener.url)
    words = runtime.vault.encrypt(json.dumps(["third time I ask"]))
    happen(runtime, event(home, "T-1", message_id="m-3", indicators=words, created_at=1_764_000_000.5))
    notifying.all()
    (told,) = listener.verified(secret)
    assert told == {
        "type": "ticket.sentiment_changed",
        "timestamp": "2025-11-24T16:00:00.500Z",
        "data": {
            "workspace": home.slug,
            "connection": home.connection,
            "ticket_id": "T-1",
            "message_id": "m-3",
            "origin": "live",
            "before": {"label": "neutral", "score": 0.1},
            "after": {"label": "urgent", "score": -0.82},
            "trend": {"trend": "declining", "direction": -0.61, "current_avg": -0.55},
            "indicators": ["third time I ask"],
            "confidence": 0.86,
            "caveats": [],
            "scorer": {"provider": "openai", "model": "gpt-6-luna", "prompt": "3"},
            "scored_at": "2026-11-22T10:00:00Z",
        },
    }
    assert listener.calls[0].headers["content-type"] == "application/json"


def test_indicators_are_left_out_when_the_workspace_keeps_none(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    endpoint(runtime, home, listener.url)
    happen(runtime, event(home, indicators=runtime.vault.encrypt('["secret words"]')))
    workspaces.set(runtime, home.slug, {"indicators": "off"})
    notifying.all()
    assert b"secret words" not in listener.calls[0].body


def test_only_live_events_and_corrections_are_sent_unless_more_is_asked_for(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    endpoint(runtime, home, listener.url)
    inserted = happen(runtime, *(event(home, f"T-{origin}", origin=origin) for origin in Origin))
    notifying.all()
    assert inserted.told
    assert {call.json["data"]["origin"] for call in listener.calls} == {"live", "correction"}


def test_an_endpoint_that_asks_for_backfill_gets_it(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    endpoint(runtime, home, listener.url, origins=["backfill"])
    happen(runtime, event(home), event(home, origin=Origin.BACKFILL))
    notifying.all()
    assert [call.json["data"]["origin"] for call in listener.calls] == ["backfill"]


def test_only_the_types_asked_for_are_sent(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    endpoint(runtime, home, listener.url, types=["ticket.escalated"])
    happen(runtime, event(home), event(home, type=EventType.ESCALATED))
    notifying.all()
    assert [call.json["type"] for call in listener.calls] == ["ticket.escalated"]


def test_nobody_is_told_of_another_workspaces_events(
    runtime: Runtime, home: Home, add_home: Callable[..., Home], listener: Listener
) -> None:
    endpoint(runtime, home, listener.url)
    assert not happen(runtime, event(add_home())).told
    assert sent(runtime) == []


def test_events_of_one_ticket_arrive_in_order_although_others_overtake_them(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    endpoint(runtime, home, listener.url)
    listener.reply = lambda number, call: answers(after=0.02 * (number % 3))(number, call)
    happen(runtime, *(event(home, f"T-{n % 5}", message_id=f"m-{n}") for n in range(60)))
    notifying.all()
    assert listener.most_under_way > 1
    for ticket in range(5):
        came = [
            call.json["data"]["message_id"]
            for call in listener.calls
            if call.json["data"]["ticket_id"] == f"T-{ticket}"
        ]
        assert came == [f"m-{n}" for n in range(ticket, 60, 5)]


def test_what_follows_on_a_ticket_waits_until_the_one_before_is_taken(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    endpoint(runtime, home, listener.url)
    listener.reply = lambda _number, call: (500 if call.json["data"]["message_id"] == "m-a" else 200, b"", {})
    happen(runtime, event(home, "T-1", message_id="m-a"), event(home, "T-1", message_id="m-b"))
    first = notifying.tried()[0]
    happen(runtime, event(home, "T-1", message_id="m-c"), event(home, "T-2", message_id="m-d"))
    notifying.until(lambda: sent(runtime)[3].state == State.SETTLED, "the other ticket's event")
    listener.reply = answers()
    make_due(runtime)
    notifying.all()
    assert first.state == State.PENDING
    assert [call.json["data"]["message_id"] for call in listener.calls] == ["m-a", "m-d", "m-a", "m-b", "m-c"]


def test_a_failed_delivery_comes_again_with_the_same_id_and_body_signed_anew(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    _, secret = endpoint(runtime, home, listener.url)
    listener.reply = lambda number, _call: (503 if number == 1 else 200, b"", {})
    happen(runtime, event(home))
    notifying.tried()
    make_due(runtime)
    notifying.all()
    first, second = listener.calls
    assert first.webhook_id == second.webhook_id
    assert first.body == second.body
    assert len(listener.verified(secret)) == 2


def test_the_tries_follow_the_published_ladder_and_then_end(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    endpoint_id, _ = endpoint(runtime, home, listener.url)
    listener.reply = answers(500, b"no")
    happen(runtime, event(home))
    waits = []
    for number in range(1, len(LADDER) + 1):
        (row,) = notifying.tried(number)
        waits.append(row.due_at - row.tried_at)
        make_due(runtime)
    (row,) = notifying.tried(len(LADDER) + 1)
    assert all(step <= wait <= step * 1.1 for step, wait in zip(LADDER, waits, strict=True))
    assert (row.state, len(listener.calls)) == (State.DEAD, 10)
    (shown,) = webhook_log.listed(runtime, home.slug, endpoint_id)
    assert (shown.state, shown.attempts, shown.status, shown.answer) == ("failed", 10, 500, "no")


def test_the_ladder_takes_about_three_days() -> None:
    assert 3 * 86_400 < sum(LADDER) < 3.2 * 86_400


@pytest.mark.parametrize(("header", "waits"), [("120", 120.0), ("0", 5.0), ("999999", 86_400.0), ("soon", 5.0)])
def test_a_receiver_may_ask_for_more_time_but_not_for_ever(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying, header: str, waits: float
) -> None:
    endpoint(runtime, home, listener.url)
    listener.reply = answers(429, headers={"Retry-After": header})
    happen(runtime, event(home))
    (row,) = notifying.tried()
    assert waits <= row.due_at - row.tried_at <= waits * 1.1


def test_a_workspace_that_is_off_sends_nothing_and_sends_it_once_on_again(
    runtime: Runtime, home: Home, add_home: Callable[..., Home], listener: Listener, notifying: Notifying
) -> None:
    other = add_home()
    endpoint(runtime, home, listener.url)
    endpoint(runtime, other, listener.url)
    workspaces.set(runtime, home.slug, {"enabled": "off"})
    happen(runtime, event(home), event(other))
    notifying.until(lambda: sent(runtime)[1].state == State.SETTLED, "the other workspace's event")
    assert [call.json["data"]["workspace"] for call in listener.calls] == [other.slug]
    workspaces.set(runtime, home.slug, {"enabled": "on"})
    notifying.all()
    assert len(listener.calls) == 2


def test_no_endpoint_gets_more_than_a_few_calls_at_once(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    endpoint(runtime, home, listener.url)
    listener.reply = answers(after=0.05)
    happen(runtime, *(event(home, f"T-{n}") for n in range(120)))
    notifying.all()
    assert AT_ONCE // 2 < listener.most_under_way <= AT_ONCE


def test_an_endpoint_that_fails_gets_fewer_still_until_it_answers_well(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    endpoint_id, _ = endpoint(runtime, home, listener.url)
    listener.reply = answers(500)
    happen(runtime, *(event(home, f"T-{n}") for n in range(STRIKES)))
    notifying.until(lambda: all(row.attempts for row in sent(runtime)), "the first failures")
    assert receiver(runtime, endpoint_id).strikes >= STRIKES
    listener.most_under_way = 0
    listener.reply = answers(500, after=0.02)
    happen(runtime, *(event(home, f"U-{n}") for n in range(10)))
    notifying.until(lambda: all(row.attempts for row in sent(runtime)), "every first try")
    assert listener.most_under_way <= AT_ONCE_FAILING
    assert webhooks.show(runtime, home.slug, endpoint_id).status == "failing"
    listener.reply = answers()
    make_due(runtime)
    notifying.all()
    assert receiver(runtime, endpoint_id).strikes == 0
    assert webhooks.show(runtime, home.slug, endpoint_id).status == "active"


def test_a_dead_endpoint_keeps_nobody_else_waiting(
    runtime: Runtime, home: Home, add_home: Callable[..., Home], listener: Listener, notifying: Notifying
) -> None:
    other = add_home()
    with listening() as dead:
        over = threading.Event()
        dead.reply = lambda number, call: answers(503 if over.wait(60) else 500)(number, call)
        endpoint(runtime, home, dead.url)
        endpoint(runtime, home, listener.url)
        endpoint(runtime, other, listener.url)
        happen(runtime, *(event(home, f"T-{n}") for n in range(500)))
        notifying.until(lambda: dead.under_way == AT_ONCE, "the dead endpoint's calls")
        happen(runtime, *(event(other, f"T-{n}") for n in range(50)))
        notifying.until(lambda: len(listener.calls) == 550, "everything for the living", within=20)
        assert dead.under_way == AT_ONCE
        over.set()


def test_a_body_that_would_be_too_large_keeps_what_names_it() -> None:
    data = {"after": {"label": "urgent"}, "caveats": ["x" * 30_000]}
    fact = Fact("msg_1", EventType.SENTIMENT_CHANGED, 0.0, "acme", Origin.LIVE, data, "c-1", "T-1", "m-1")
    body = webhook.body_of(fact)
    assert len(body) < 20_000
    assert json.loads(body)["data"] == {
        "workspace": "acme", "connection": "c-1", "ticket_id": "T-1", "message_id": "m-1", "origin": "live",
        "truncated": True,
    }  # fmt: skip


def test_a_transaction_that_fails_leaves_neither_event_nor_delivery(
    runtime: Runtime, home: Home, listener: Listener
) -> None:
    endpoint(runtime, home, listener.url)

    def fail(connection: sa.Connection) -> None:
        insert_events(connection, [event(home)])
        raise RuntimeError("after the events")

    with pytest.raises(RuntimeError):
        runtime.database.write(fail)
    assert sent(runtime) == []
