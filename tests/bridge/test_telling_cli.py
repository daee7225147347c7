"""`moodbridge webhook` and `alert`, as typed."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.cli import moodbridge
from bridge.errors import Invalid
from bridge.runtime import Runtime
from bridge.store.events import EventType
from tests.fakes import Home
from tests.told import Listener, Notifying, answers, event, happen, listening, receiver

Run = Callable[..., Result]


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as running:
        yield running


@pytest.fixture
def run(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on the test's installation."""
    settings = runtime.settings
    monkeypatch.setenv("MOODBRIDGE_SECRET_KEY", settings.secret_keys[0].reveal())
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("REDIS_URL", settings.redis_url or "")
    monkeypatch.setenv("MOODBRIDGE_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("MOODBRIDGE_ALLOW_HOSTS", "127.0.0.1")

    def command(*arguments: str, given: str | None = None) -> Result:
        return CliRunner().invoke(moodbridge, arguments, input=given, standalone_mode=False)

    return command


def value(result: Result) -> Any:
    assert result.exception is None, result.exception
    return json.loads(result.stdout)


@pytest.mark.parametrize("way", ["argument", "option", "stdin", "dash"])
def test_a_webhooks_url_is_given_as_argument_or_by_stdin(run: Run, home: Home, listener: Listener, way: str) -> None:
    more = {"argument": [listener.url], "option": ["--url", listener.url], "stdin": [], "dash": ["-"]}[way]
    made = value(run("webhook", "add", home.slug, *more, "--json", given=listener.url + "\n"))
    assert made["secret"].startswith("whsec_")
    (shown,) = value(run("webhook", "list", home.slug, "--json"))
    assert (shown["id"], shown["status"]) == (made["id"], "active")
    assert "secret" not in shown


def test_the_way_of_a_webhook_from_its_addition_to_its_removal(
    run: Run, runtime: Runtime, home: Home, listener: Listener
) -> None:
    made = value(run("webhook", "add", home.slug, listener.url, "--type", "ticket.escalated", "--json"))
    assert value(run("webhook", "test", home.slug, made["id"], "--json"))["ok"] is True
    assert value(run("webhook", "rotate", home.slug, made["id"], "--json"))["secret"] != made["secret"]
    value(run("webhook", "remove", home.slug, made["id"], "--json"))
    assert value(run("webhook", "list", home.slug, "--json")) == []
    assert receiver(runtime, made["id"]).target is None


def test_what_was_sent_is_shown_and_sent_again(run: Run, runtime: Runtime, home: Home, listener: Listener) -> None:
    made = value(run("webhook", "add", home.slug, listener.url, "--json"))
    happen(runtime, event(home, "T-7"))
    drain = Notifying(runtime)
    (row,) = drain.all()
    (line,) = value(run("webhook", "log", home.slug, made["id"], "--json"))
    assert (line["id"], line["ticket_id"], line["state"], line["status"]) == (row.id, "T-7", "delivered", 200)
    again = run("webhook", "resend", home.slug, made["id"], "--since", "2020-01-01T00:00:00Z", "--json")
    assert value(again) == {"resent": 1}
    assert value(run("webhook", "resend", home.slug, made["id"], "--delivery", str(row.id), "--json")) == {"resent": 1}
    drain.until(lambda: len(listener.calls) == 2, "the second call")
    drain.close()
    assert len({call.webhook_id for call in listener.calls}) == 1


def test_a_resend_names_one_delivery_or_a_time(run: Run, home: Home, listener: Listener) -> None:
    made = value(run("webhook", "add", home.slug, listener.url, "--json"))
    assert isinstance(run("webhook", "resend", home.slug, made["id"]).exception, Invalid)


def test_a_test_that_is_not_taken_exits_with_1_and_says_why(run: Run, home: Home, listener: Listener) -> None:
    made = value(run("webhook", "add", home.slug, listener.url, "--json"))
    listener.reply = answers(500)
    result = run("webhook", "test", home.slug, made["id"])
    assert result.exit_code == 1
    assert "it answers 500" in result.stdout


def test_a_channels_target_comes_by_stdin_and_is_never_shown(run: Run, home: Home, listener: Listener) -> None:
    target = listener.url + "/services/hidden"
    made = run("alert", "add", home.slug, "slack", "--per-day", "3", "--json", given=target + "\n")
    listed = run("alert", "list", home.slug, "--json")
    (shown,) = value(listed)
    assert (shown["id"], shown["kind"], shown["per_day"]) == (value(made)["id"], "slack", 3)
    assert "hidden" not in made.output + listed.output
    tested = run("alert", "test", home.slug, shown["id"])
    assert tested.exit_code == 0
    assert [call.path for call in listener.calls] == ["/told/services/hidden"]
    value(run("alert", "remove", home.slug, shown["id"], "--json"))
    assert value(run("alert", "list", home.slug, "--json")) == []


def test_an_unknown_kind_of_channel_is_refused(run: Run, home: Home) -> None:
    assert isinstance(run("alert", "add", home.slug, "pigeon", given="x\n").exception, Invalid)


@pytest.mark.parametrize("kind", ["webhook", "alert"])
def test_a_receiver_that_answered_gone_is_told_again_once_it_is_enabled(
    run: Run, runtime: Runtime, home: Home, listener: Listener, kind: str
) -> None:
    named = ("slack",) if kind == "alert" else ()
    made = value(run(kind, "add", home.slug, *named, "--json", given=listener.url + "\n"))["id"]
    listener.reply = answers(410)
    failing = event(home, None, type=EventType.CONNECTION_FAILING, data={"summary": "it refuses the sign-in"})
    notifying = Notifying(runtime)
    happen(runtime, failing)
    notifying.all()
    assert value(run(kind, "list", home.slug, "--json"))[0]["status"] == "disabled"

    listener.reply = answers(200)
    assert value(run(kind, "enable", home.slug, made, "--json")) == {"enabled": made}
    happen(runtime, failing)
    notifying.all()
    notifying.close()
    assert value(run(kind, "list", home.slug, "--json"))[0]["status"] == "active"
    assert len(listener.calls) == 2
