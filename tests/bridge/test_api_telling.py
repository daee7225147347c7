"""/webhooks and /alerts: what admins can do, and that secrets are shown once or never."""

import time
from collections.abc import Callable, Iterator

import pytest
from werkzeug.test import TestResponse

from bridge import alert_channels, webhooks
from bridge.runtime import Runtime
from tests.fakes import Home
from tests.told import Listener, Notifying, answers, event, happen, listening, sent

Call = Callable[..., TestResponse]


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as running:
        yield running


@pytest.fixture
def drain(runtime: Runtime) -> Iterator[Notifying]:
    notifying = Notifying(runtime)
    yield notifying
    notifying.close()


def added(call: Call, url: str, **more: object) -> dict[str, str]:
    answer = call("/webhooks", "POST", json={"url": url, **more})
    assert answer.status_code == 201, answer.json
    found: dict[str, str] = answer.json  # type: ignore[assignment]
    return found


def test_a_new_webhook_shows_its_secret_once(call: Call, listener: Listener) -> None:
    made = added(call, listener.url, types=["ticket.escalated"])
    assert made["secret"].startswith("whsec_")
    (shown,) = call("/webhooks").json["items"]  # type: ignore[index]
    assert shown == {
        "id": made["id"],
        "url": listener.url.replace("/told", "/…"),
        "types": ["ticket.escalated"],
        "origins": ["live", "correction"],
        "status": "active",
        "error": None,
        "failing_since": None,
        "last_sent_at": None,
        "created_at": made["created_at"],
    }
    assert call(f"/webhooks/{made['id']}").json == shown


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": 7}, "url"),
        ({"url": "ftp://host/x"}, "url"),
        ({"url": "https://user:password@host/x"}, "url"),
        ({"url": "https://10.0.0.1/x"}, "url"),
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": "http://127.0.0.2/x"}, "url"),
        ({"url": "https://127.0.0.1/x", "types": ["ticket.made_up"]}, "types"),
        ({"url": "https://127.0.0.1/x", "types": "ticket.escalated"}, "types"),
        ({"url": "https://127.0.0.1/x", "origins": []}, "origins"),
        ({"url": "https://127.0.0.1/x", "secret": "mine"}, "secret"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused_by_the_name_of_what_is_wrong(
    call: Call, body: dict[str, object], field: str
) -> None:
    answer = call("/webhooks", "POST", json=body)
    assert (answer.status_code, answer.json["field"]) == (422, field)  # type: ignore[index]


def test_there_is_a_limit_to_webhooks(call: Call, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.receivers.MOST", 1)
    added(call, listener.url)
    assert call("/webhooks", "POST", json={"url": listener.url}).status_code == 422


def test_deliveries_are_listed_the_newest_first_in_pages(
    call: Call, runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    path = f"/webhooks/{added(call, listener.url)['id']}/deliveries"
    happen(runtime, *(event(home, f"T-{n}") for n in range(3)))
    drain.all()
    first = call(path + "?limit=2").json
    assert first is not None
    second = call(f"{path}?limit=2&cursor={first['next_cursor']}").json
    assert second is not None
    assert [one["ticket_id"] for one in first["items"] + second["items"]] == ["T-2", "T-1", "T-0"]
    assert second["next_cursor"] is None
    shown = first["items"][0]
    assert (shown["state"], shown["status"], shown["attempts"], shown["error"]) == ("delivered", 200, 1, None)
    assert shown["webhook_id"] in {one.webhook_id for one in listener.calls}


def test_deliveries_can_be_sent_again_one_or_all_since_a_time(
    call: Call, runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    path = f"/webhooks/{added(call, listener.url)['id']}/resend"
    happen(runtime, event(home, "T-0", created_at=time.time() - 7200), event(home, "T-1"))
    rows = drain.all()
    assert call(path, "POST", json={"delivery": rows[0].id}).json == {"resent": 1}
    drain.until(lambda: len(listener.calls) == 3, "the one")
    assert call(path, "POST", json={"since": "2020-01-01T00:00:00Z"}).json == {"resent": 2}
    drain.all()
    assert len(listener.calls) == 5
    assert len({one.webhook_id for one in listener.calls}) == 2


@pytest.mark.parametrize("body", [{}, {"delivery": 1, "since": "2020-01-01"}, {"since": "soon"}, {"delivery": "one"}])
def test_a_resend_that_names_nothing_is_refused(call: Call, listener: Listener, body: dict[str, object]) -> None:
    path = f"/webhooks/{added(call, listener.url)['id']}/resend"
    assert call(path, "POST", json=body).status_code == 422


def test_another_webhooks_delivery_is_not_found(
    call: Call, runtime: Runtime, home: Home, listener: Listener, drain: Notifying
) -> None:
    added(call, listener.url)
    happen(runtime, event(home))
    drain.all()
    other = added(call, listener.url)
    answer = call(f"/webhooks/{other['id']}/resend", "POST", json={"delivery": sent(runtime)[0].id})
    assert answer.status_code == 404


def test_a_rotation_shows_a_new_secret(call: Call, listener: Listener) -> None:
    made = added(call, listener.url)
    renewed = call(f"/webhooks/{made['id']}/rotate", "POST").json
    assert renewed is not None
    assert renewed["secret"].startswith("whsec_")
    assert renewed["secret"] != made["secret"]


def test_a_test_is_sent_at_once_and_its_answer_shown(call: Call, listener: Listener) -> None:
    made = added(call, listener.url)
    listener.reply = answers(418, b"a teapot")
    assert call(f"/webhooks/{made['id']}/test", "POST").json == {
        "ok": False,
        "status": 418,
        "error": "it answers 418",
        "answer": "a teapot",
    }
    assert listener.verified(made["secret"])[0]["type"] == "workspace.test"


def test_a_removed_webhook_is_gone(call: Call, listener: Listener) -> None:
    made = added(call, listener.url)
    assert call(f"/webhooks/{made['id']}", "DELETE").status_code == 204
    assert call(f"/webhooks/{made['id']}").status_code == 404
    assert call("/webhooks").json == {"items": [], "next_cursor": None}


def test_a_channel_is_added_listed_tested_and_removed(call: Call, listener: Listener) -> None:
    body = {"kind": "slack", "target": listener.url + "/secret-part", "per_day": 5}
    made = call("/alerts", "POST", json=body).json
    assert made is not None
    assert (made["kind"], made["goes_to"], made["per_day"]) == ("slack", "127.0.0.1", 5)
    assert "secret-part" not in str(made)
    assert call("/alerts").json == {"items": [made], "next_cursor": None}
    assert call(f"/alerts/{made['id']}/test", "POST").json["ok"] is True  # type: ignore[index]
    assert "A test from Moodbridge" in listener.calls[0].json["text"]
    assert call(f"/alerts/{made['id']}", "DELETE").status_code == 204
    assert call(f"/alerts/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "pigeon", "target": "x"}, "kind"),
        ({"kind": "slack", "target": ""}, "target"),
        ({"kind": "slack", "target": "https://10.0.0.1/x"}, "target"),
        ({"kind": "email", "target": "smtp://10.0.0.1?from=a@b.example&to=c@d.example"}, "target"),
        ({"kind": "pagerduty", "target": "short"}, "target"),
        ({"kind": "pagerduty", "target": "http://10.0.0.1 " + "R" * 32}, "target"),
        ({"kind": "slack", "target": "https://127.0.0.1/x", "per_day": 0}, "per_day"),
        ({"kind": "slack", "target": "https://127.0.0.1/x", "types": ["ticket.sentiment_changed"]}, "types"),
    ],
)
def test_a_channel_that_cannot_be_is_refused_by_the_name_of_what_is_wrong(
    call: Call, body: dict[str, object], field: str
) -> None:
    answer = call("/alerts", "POST", json=body)
    assert (answer.status_code, answer.json["field"]) == (422, field)  # type: ignore[index]


def test_an_agent_may_neither_look_at_webhooks_and_channels_nor_change_them(
    call: Call, runtime: Runtime, home: Home, listener: Listener
) -> None:
    webhook = webhooks.add(runtime, home.slug, listener.url).endpoint.id
    alert = alert_channels.add(runtime, home.slug, "slack", listener.url).id
    asked = [
        *((method, "/webhooks") for method in ("GET", "POST")),
        *((method, f"/webhooks/{webhook}") for method in ("GET", "DELETE")),
        ("GET", f"/webhooks/{webhook}/deliveries"),
        *(("POST", f"/webhooks/{webhook}/{what}") for what in ("enable", "rotate", "test", "resend")),
        *((method, "/alerts") for method in ("GET", "POST")),
        *((method, f"/alerts/{alert}") for method in ("GET", "DELETE")),
        ("POST", f"/alerts/{alert}/test"),
    ]
    answers = [call(path, method, role="agent").status_code for method, path in asked]
    assert answers == [403] * len(asked)
    assert listener.calls == []


def test_the_receivers_of_another_workspace_are_not_found(
    call: Call, runtime: Runtime, add_home: Callable[..., Home], listener: Listener
) -> None:
    other = add_home()
    webhook = webhooks.add(runtime, other.slug, listener.url).endpoint.id
    alert = alert_channels.add(runtime, other.slug, "slack", listener.url).id
    assert call(f"/webhooks/{webhook}").status_code == 404
    assert call(f"/webhooks/{webhook}/deliveries").status_code == 404
    assert call(f"/webhooks/{webhook}", "DELETE").status_code == 404
    assert call(f"/alerts/{alert}/test", "POST").status_code == 404
    assert call("/webhooks").json == {"items": [], "next_cursor": None}
    assert [one.id for one in webhooks.listed(runtime, other.slug)] == [webhook]
