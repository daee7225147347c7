"""Telling endpoints: signed, in order, again until it is taken, and nobody waits for somebody else's receiver."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook

from bridge import webhook_log, webhooks, workspaces
from bridge.channels import webhook
from bridge.channels.fact import Fact
from bridge.model import Origin
from bridge.runtime import Runtime
from bridge.signing import new_secret
from bridge.store import connections
from bridge.store.delivery_claims import AT_ONCE, AT_ONCE_FAILING, STRIKES
from bridge.store.events import EventType, insert_events
from bridge.store.tables import State, events
from jobs.notify import LADDER
from tests.fakes import Home
from tests.told import Listener, Notifying, answers, endpoint, event, happen, listening, make_due, receiver, sent


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as running:
        yield running


@pytest.fixture
def drain(runtime: Runtime) -> Iterator[Notifying]:
    notifying = Notifying(runtime)
    yield notifying
    notifying.close()


def test_an_event_arrives_signed_and_in_the_published_shape(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    _, secret = endpoint(runtime, home, listener.url)
    words = runtime.vault.encrypt(json.dumps(["third time I ask"]))
    happen(runtime, event(home, "T-1", message_id="m-3", indicators=words, created_at=1_764_000_000.5))
    drain.all()
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


def test_another_secret_does_not_verify_it(runtime: Runtime, home: Home, listener: Listener, drain: Notifying) -> None:
    endpoint(runtime, home, listener.url)
    happen(runtime, event(home))
    drain.all()
    with pytest.raises(Exception, match="No matching signature"):
        listener.verified(new_secret())


def test_indicators_are_left_out_when_the_workspace_keeps_none(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    endpoint(runtime, home, listener.url)
    happen(runtime, event(home, indicators=runtime.vault.encrypt('["secret words"]')))
    workspaces.set(runtime, home.slug, {"indicators": "off"})
    drain.all()
    assert b"secret words" not in listener.calls[0].body


def test_only_live_events_and_corrections_are_sent_unless_more_is_asked_for(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    endpoint(runtime, home, listener.url)
    inserted = happen(runtime, *(event(home, f"T-{origin}", origin=origin) for origin in Origin))
    drain.all()
    assert inserted.told
    assert {call.json["data"]["origin"] for call in listener.calls} == {"live", "correction"}


def test_an_endpoint_that_asks_for_backfill_gets_it(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    endpoint(runtime, home, listener.url, origins=["backfill"])
    happen(runtime, event(home), event(home, origin=Origin.BACKFILL))
    drain.all()
    assert [call.json["data"]["origin"] for call in listener.calls] == ["backfill"]


def test_only_the_types_asked_for_are_sent(runtime: Runtime, home: Home, listener: Listener, drain: Notifying) -> None:
    endpoint(runtime, home, listener.url, types=["ticket.escalated"])
    happen(runtime, event(home), event(home, type=EventType.ESCALATED))
    drain.all()
    assert [call.json["type"] for call in listener.calls] == ["ticket.escalated"]


def test_nobody_is_told_of_another_workspaces_events(
    runtime: Runtime, home: Home, add_home: Callable[..., Home], listener: Listener
) -> None:
    endpoint(runtime, home, listener.url)
    assert not happen(runtime, event(add_home())).told
    assert sent(runtime) == []


def test_events_of_one_ticket_arrive_in_order_although_others_overtake_them(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    endpoint(runtime, home, listener.url)
    listener.reply = lambda number, call: answers(after=0.02 * (number % 3))(number, call)
    happen(runtime, *(event(home, f"T-{n % 5}", message_id=f"m-{n}") for n in range(60)))
    drain.all()
    assert listener.most_under_way > 1
    for ticket in range(5):
        came = [
            call.json["data"]["message_id"]
            for call in listener.calls
            if call.json["data"]["ticket_id"] == f"T-{ticket}"
        ]
        assert came == [f"m-{n}" for n in range(ticket, 60, 5)]


def test_what_follows_on_a_ticket_waits_until_the_one_before_is_taken(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    endpoint(runtime, home, listener.url)
    listener.reply = lambda _number, call: (500 if call.json["data"]["message_id"] == "m-a" else 200, b"", {})
    happen(runtime, event(home, "T-1", message_id="m-a"), event(home, "T-1", message_id="m-b"))
    first = drain.tried()[0]
    happen(runtime, event(home, "T-1", message_id="m-c"), event(home, "T-2", message_id="m-d"))
    drain.until(lambda: sent(runtime)[3].state == State.SETTLED, "the other ticket's event")
    listener.reply = answers()
    make_due(runtime)
    drain.all()
    assert first.state == State.PENDING
    assert [call.json["data"]["message_id"] for call in listener.calls] == ["m-a", "m-d", "m-a", "m-b", "m-c"]


def test_a_failed_delivery_comes_again_with_the_same_id_and_body_signed_anew(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    _, secret = endpoint(runtime, home, listener.url)
    listener.reply = lambda number, _call: (503 if number == 1 else 200, b"", {})
    happen(runtime, event(home))
    drain.tried()
    make_due(runtime)
    drain.all()
    first, second = listener.calls
    assert first.webhook_id == second.webhook_id
    assert first.body == second.body
    assert len(listener.verified(secret)) == 2


def test_the_tries_follow_the_published_ladder_and_then_end(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    endpoint_id, _ = endpoint(runtime, home, listener.url)
    listener.reply = answers(500, b"no")
    happen(runtime, event(home))
    waits = []
    for number in range(1, len(LADDER) + 1):
        (row,) = drain.tried(number)
        waits.append(row.due_at - row.tried_at)
        make_due(runtime)
    (row,) = drain.tried(len(LADDER) + 1)
    assert all(step <= wait <= step * 1.1 for step, wait in zip(LADDER, waits, strict=True))
    assert (row.state, len(listener.calls)) == (State.DEAD, 10)
    (shown,) = webhook_log.listed(runtime, home.slug, endpoint_id)
    assert (shown.state, shown.attempts, shown.status, shown.answer) == ("failed", 10, 500, "no")


def test_the_ladder_takes_about_three_days() -> None:
    assert 3 * 86_400 < sum(LADDER) < 3.2 * 86_400


@pytest.mark.parametrize(("header", "waits"), [("120", 120.0), ("0", 5.0), ("999999", 86_400.0), ("soon", 5.0)])
def test_a_receiver_may_ask_for_more_time_but_not_for_ever(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying, header: str, waits: float
) -> None:
    endpoint(runtime, home, listener.url)
    listener.reply = answers(429, headers={"Retry-After": header})
    happen(runtime, event(home))
    (row,) = drain.tried()
    assert waits <= row.due_at - row.tried_at <= waits * 1.1


def test_410_disables_the_endpoint_and_gives_up_what_waits(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    endpoint_id, _ = endpoint(runtime, home, listener.url)
    listener.reply = answers(410)
    happen(runtime, event(home, "T-1"), event(home, "T-1"))
    rows = drain.all()
    assert {row.state for row in rows} == {State.DEAD}
    assert len(listener.calls) == 1
    assert webhooks.show(runtime, home.slug, endpoint_id).status == "disabled"
    assert not happen(runtime, event(home)).told


def test_an_endpoint_enabled_again_gets_what_it_missed_by_a_resend(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    endpoint_id, _ = endpoint(runtime, home, listener.url)
    listener.reply = answers(410)
    happen(runtime, event(home))
    drain.all()
    listener.reply = answers(204)
    webhooks.enable(runtime, home.slug, endpoint_id)
    assert webhook_log.resend_since(runtime, home.slug, endpoint_id, time.time() - 60) == 1
    assert drain.all()[0].state == State.SETTLED


def test_a_redirect_is_not_followed(runtime: Runtime, home: Home, listener: Listener, drain: Notifying) -> None:
    endpoint(runtime, home, listener.url)
    listener.reply = answers(307, headers={"Location": listener.url + "/elsewhere"})
    happen(runtime, event(home))
    (row,) = drain.tried()
    assert [call.path for call in listener.calls] == ["/told"]
    assert (row.state, row.status) == (State.PENDING, 307)
    assert "redirects are not followed" in row.last_error


def test_an_address_that_turns_private_is_not_called(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a name does that is made to lead elsewhere after it was added (DNS rebinding)."""
    monkeypatch.setattr("bridge.receivers.refuse_private", lambda *_: None)
    endpoint(runtime, home, listener.url.replace("127.0.0.1", "127.0.0.2"))
    happen(runtime, event(home))
    (row,) = drain.tried()
    assert listener.calls == []
    assert "private address" in row.last_error


def test_a_rotated_secret_and_the_former_one_both_verify(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    endpoint_id, former = endpoint(runtime, home, listener.url)
    renewed = webhooks.rotate(runtime, home.slug, endpoint_id).secret.reveal()
    happen(runtime, event(home))
    drain.all()
    call = listener.calls[0]
    assert Webhook(former).verify(call.body, call.headers) == Webhook(renewed).verify(call.body, call.headers)


def test_the_former_secret_ends_a_day_after_the_rotation(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "OLD_SECRET_FOR", -1.0)
    endpoint_id, _ = endpoint(runtime, home, listener.url)
    webhooks.rotate(runtime, home.slug, endpoint_id)
    happen(runtime, event(home))
    drain.all()
    assert len(listener.calls[0].headers["webhook-signature"].split(" ")) == 1


def test_a_workspace_that_is_off_sends_nothing_and_sends_it_once_on_again(
    runtime: Runtime, home: Home, add_home: Callable[..., Home], listener: Listener, drain: Notifying
) -> None:
    other = add_home()
    endpoint(runtime, home, listener.url)
    endpoint(runtime, other, listener.url)
    workspaces.set(runtime, home.slug, {"enabled": "off"})
    happen(runtime, event(home), event(other))
    drain.until(lambda: sent(runtime)[1].state == State.SETTLED, "the other workspace's event")
    assert [call.json["data"]["workspace"] for call in listener.calls] == [other.slug]
    workspaces.set(runtime, home.slug, {"enabled": "on"})
    drain.all()
    assert len(listener.calls) == 2


def test_no_endpoint_gets_more_than_a_few_calls_at_once(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    endpoint(runtime, home, listener.url)
    listener.reply = answers(after=0.05)
    happen(runtime, *(event(home, f"T-{n}") for n in range(120)))
    drain.all()
    assert AT_ONCE // 2 < listener.most_under_way <= AT_ONCE


def test_an_endpoint_that_fails_gets_fewer_still_until_it_answers_well(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    endpoint_id, _ = endpoint(runtime, home, listener.url)
    listener.reply = answers(500)
    happen(runtime, *(event(home, f"T-{n}") for n in range(STRIKES)))
    drain.until(lambda: all(row.attempts for row in sent(runtime)), "the first failures")
    assert receiver(runtime, endpoint_id).strikes >= STRIKES
    listener.most_under_way = 0
    listener.reply = answers(500, after=0.02)
    happen(runtime, *(event(home, f"U-{n}") for n in range(10)))
    drain.until(lambda: all(row.attempts for row in sent(runtime)), "every first try")
    assert listener.most_under_way <= AT_ONCE_FAILING
    assert webhooks.show(runtime, home.slug, endpoint_id).status == "failing"
    listener.reply = answers()
    make_due(runtime)
    drain.all()
    assert receiver(runtime, endpoint_id).strikes == 0
    assert webhooks.show(runtime, home.slug, endpoint_id).status == "active"


def test_a_dead_endpoint_keeps_nobody_else_waiting(
    runtime: Runtime, home: Home, add_home: Callable[..., Home], listener: Listener, drain: Notifying
) -> None:
    other = add_home()
    with listening() as dead:
        over = threading.Event()
        dead.reply = lambda number, call: answers(503 if over.wait(60) else 500)(number, call)
        endpoint(runtime, home, dead.url)
        endpoint(runtime, home, listener.url)
        endpoint(runtime, other, listener.url)
        happen(runtime, *(event(home, f"T-{n}") for n in range(500)))
        drain.until(lambda: dead.under_way == AT_ONCE, "the dead endpoint's calls")
        happen(runtime, *(event(other, f"T-{n}") for n in range(50)))
        drain.until(lambda: len(listener.calls) == 550, "everything for the living", within=20)
        assert dead.under_way == AT_ONCE
        over.set()


def test_the_log_shows_answer_time_and_status(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    endpoint_id, _ = endpoint(runtime, home, listener.url)
    listener.reply = answers(202, b"thank you" + b"." * 1000)
    happen(runtime, event(home, "T-9"))
    drain.all()
    (line,) = webhook_log.listed(runtime, home.slug, endpoint_id)
    assert (line.state, line.status, line.attempts, line.ticket_id) == ("delivered", 202, 1, "T-9")
    assert line.answer is not None
    assert line.answer.startswith("thank you.")
    assert len(line.answer) == 500
    assert line.ms is not None
    assert line.ms >= 0


def test_one_delivery_can_be_sent_again_with_the_same_id(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    endpoint_id, _ = endpoint(runtime, home, listener.url)
    happen(runtime, event(home))
    (row,) = drain.all()
    webhook_log.resend(runtime, home.slug, endpoint_id, row.id)
    drain.until(lambda: len(listener.calls) == 2, "the second call")
    assert listener.calls[0].webhook_id == listener.calls[1].webhook_id


def test_a_removed_endpoint_gets_nothing_more_and_its_secrets_are_forgotten(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    endpoint_id, _ = endpoint(runtime, home, listener.url)
    happen(runtime, event(home))
    webhooks.remove(runtime, home.slug, endpoint_id)
    drain.all()
    row = receiver(runtime, endpoint_id)
    assert (row.target, row.secrets, listener.calls) == (None, None, [])
    assert webhooks.listed(runtime, home.slug) == []


def test_no_secret_no_address_and_no_word_of_a_customer_is_logged(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    _, secret = endpoint(runtime, home, listener.url + "/path-secret?token=query-secret")
    listener.reply = answers(500, b"echo: third time I ask")
    happen(runtime, event(home, indicators=runtime.vault.encrypt('["third time I ask"]')))
    drain.tried()
    told = " ".join(
        f"{record.getMessage()} {record.__dict__}" for record in caplog.records if "moodbridge" in record.name
    )
    assert "not told" in told
    for hidden in ("path-secret", "query-secret", secret, "third time"):
        assert hidden not in told


def test_the_answer_is_kept_encrypted_since_it_may_repeat_a_customers_words(
    runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    endpoint(runtime, home, listener.url)
    listener.reply = answers(200, b"third time I ask")
    happen(runtime, event(home))
    (row,) = drain.all()
    assert "third time" not in row.answer
    assert runtime.vault.decrypt(row.answer) == "third time I ask"


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


def test_deleting_a_workspace_takes_its_events_and_receivers_along(
    runtime: Runtime, home: Home, listener: Listener
) -> None:
    endpoint(runtime, home, listener.url)
    happen(runtime, event(home), event(home, ticket_id=None, connection_id=None, type=EventType.MOOD_SHIFTED))
    workspaces.delete(runtime, home.slug)
    with runtime.database.read() as connection:
        assert connection.execute(sa.select(events)).all() == []
        assert connections.all_active(connection) == []
    assert sent(runtime) == []
