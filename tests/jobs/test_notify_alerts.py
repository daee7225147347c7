"""Telling alert channels: whom, of what, with which words, and that one that fails never blocks another."""

import dataclasses
import threading
import time

import pytest
import sqlalchemy as sa

from bridge import alert_channels, workspaces
from bridge.runtime import Runtime
from bridge.store.events import Event, EventType, insert_events, send_to
from bridge.store.tables import State, receivers
from jobs.notify import ALERT_LADDER
from tests.fakes import Home, scored
from tests.told import Listener, Notifying, answers, event, happen, listening, make_due, receiver, sent

WORDS = "third time I ask"


def escalate(runtime: Runtime, one: Event, *channels: str) -> None:
    """The ticket escalates, and these channels are to be told."""

    def store(connection: sa.Connection) -> None:
        r = receivers.c
        ids = list(connection.execute(sa.select(r.id).where(r.public_id.in_(channels))).scalars())
        send_to(connection, one, insert_events(connection, [one]).ids[0], ids)

    runtime.database.write(store)


def escalated(home: Home, ticket_id: str = "T-1", **more: object) -> Event:
    return event(home, ticket_id, type=EventType.ESCALATED, **more)


def slack(runtime: Runtime, home: Home, listener: Listener) -> str:
    return alert_channels.add(runtime, home.slug, "slack", listener.url).id


def test_a_tickets_event_alerts_only_those_it_is_sent_to(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    told, _other = slack(runtime, home, listener), slack(runtime, home, listener)
    happen(runtime, event(home), escalated(home))
    escalate(runtime, escalated(home, "T-9"), told)
    notifying.all()
    assert ["T-9" in call.json["text"] for call in listener.calls] == [True]


def test_the_same_event_goes_to_a_channel_once(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    channel = receiver(runtime, slack(runtime, home, listener)).id
    one = escalated(home)

    def store(connection: sa.Connection) -> None:
        event_id = insert_events(connection, [one]).ids[0]
        send_to(connection, one, event_id, [channel])
        send_to(connection, one, event_id, [channel])

    runtime.database.write(store)
    notifying.all()
    assert len(listener.calls) == 1


def test_what_happens_to_a_workspace_or_a_connection_alerts_every_channel_that_wants_it(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    slack(runtime, home, listener)
    alert_channels.add(runtime, home.slug, "slack", listener.url, types=["workspace.budget_reached"])
    happen(runtime, event(home, None, type=EventType.CONNECTION_FAILING, data={"summary": "it refuses the sign-in"}))
    notifying.all()
    (call,) = listener.calls
    assert "it refuses the sign-in" in call.body.decode()


def test_an_alert_shows_the_line_of_scores_and_links_to_the_history(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    scored(runtime, home, "T-1", 60, 10, None, -30, -82)
    escalate(runtime, escalated(home), slack(runtime, home, listener))
    notifying.until(lambda: listener.calls, "the alert")
    text = str(listener.calls[0].json)
    assert "▇▅▃▁" in text
    assert f"https://bridge.example/w/{home.slug}/tickets/{home.connection}/T-1" in text


def test_an_alert_links_to_the_ticket_in_its_helpdesk(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked = dataclasses.replace(
        runtime.connectors["fake"], ticket_url=lambda _access, ticket_id: f"https://desk.example/{ticket_id}"
    )
    monkeypatch.setitem(runtime.connectors, "fake", linked)
    escalate(runtime, escalated(home), slack(runtime, home, listener))
    notifying.all()
    assert "<https://desk.example/T-1|Open the ticket>" in str(listener.calls[0].json)


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        ({}, False),
        ({"indicators_in_alerts": "on"}, True),
        ({"indicators_in_alerts": "on", "indicators": "off"}, False),
    ],
)
def test_a_customers_words_are_in_an_alert_only_where_that_is_switched_on(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying, chosen: dict[str, str], shown: bool
) -> None:
    workspaces.set(runtime, home.slug, chosen)
    sealed = runtime.vault.encrypt(f'["{WORDS}"]')
    escalate(runtime, escalated(home, indicators=sealed), slack(runtime, home, listener))
    notifying.all()
    assert (WORDS in str(listener.calls[0].json)) is shown


def test_nobody_is_alerted_about_what_is_long_past(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    workspaces.set(runtime, home.slug, {"alert_max_age": "1h"})
    escalate(runtime, escalated(home, created_at=time.time() - 3700), slack(runtime, home, listener))
    (row,) = notifying.all()
    assert listener.calls == []
    assert (row.state, alert_channels.listed(runtime, home.slug)[0].status) == (State.IGNORED, "active")
    assert "too old to alert" in row.last_error


def test_a_channel_that_refuses_is_shown_as_failing_and_not_asked_again(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    channel = slack(runtime, home, listener)
    listener.reply = answers(404, b"no_service")
    escalate(runtime, escalated(home), channel)
    (row,) = notifying.all()
    assert (row.state, len(listener.calls)) == (State.DEAD, 1)
    shown = alert_channels.show(runtime, home.slug, channel)
    assert (shown.status, shown.error) == ("failing", "it answers 404")


def test_an_alert_that_cannot_be_sent_is_tried_for_hours_not_for_days(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    listener.reply = answers(503)
    escalate(runtime, escalated(home), slack(runtime, home, listener))
    for number in range(1, len(ALERT_LADDER) + 1):
        notifying.tried(number)
        make_due(runtime)
    (row,) = notifying.all()
    assert (row.state, len(listener.calls)) == (State.DEAD, len(ALERT_LADDER) + 1)


def test_a_busy_channel_is_given_the_time_it_asks_for(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    listener.reply = answers(429, headers={"Retry-After": "30"})
    escalate(runtime, escalated(home), slack(runtime, home, listener))
    (row,) = notifying.tried()
    assert 30 <= row.due_at - row.tried_at <= 33


def test_a_channel_that_hangs_keeps_no_other_channel_waiting(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    with listening() as hung:
        over = threading.Event()
        hung.reply = lambda number, call: answers(503 if over.wait(60) else 500)(number, call)
        both = slack(runtime, home, hung), slack(runtime, home, listener)
        for number in range(10):
            escalate(runtime, escalated(home, f"T-{number}"), *both)
        notifying.until(lambda: len(listener.calls) == 10, "the other channel's alerts", within=4)
        assert len(hung.calls) <= 2
        over.set()


@pytest.mark.parametrize(
    ("kind", "target"), [("slack", "{url}"), ("teams", "{url}"), ("pagerduty", "{url} " + "R" * 32)]
)
def test_each_kind_of_channel_is_told(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying, kind: str, target: str
) -> None:
    channel = alert_channels.add(runtime, home.slug, kind, target.format(url=listener.url)).id
    escalate(runtime, escalated(home), channel)
    (row,) = notifying.all()
    assert row.state == State.SETTLED
    (call,) = listener.calls
    assert call.headers["content-type"] == "application/json"
    assert "T-1 needs a person" in str(call.json)


def test_receivers_of_a_removed_channel_get_nothing_more(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    channel = slack(runtime, home, listener)
    escalate(runtime, escalated(home), channel)
    alert_channels.remove(runtime, home.slug, channel)
    assert notifying.all()[0].state == State.IGNORED
    assert listener.calls == []
    assert sent(runtime)[0].last_error == "its receiver was removed"
