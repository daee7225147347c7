"""`moodbridge try`, as typed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from bridge import providers
from bridge.cli import moodbridge
from bridge.errors import Invalid
from bridge.runtime import Runtime
from bridge.vault import Secret
from tests.fakes import Home
from tests.hosts.provider import KEY, FakeProvider

Run = Callable[..., Result]
EXPORT = """Ticket ID,Author role,Created at,Comment body
1,end-user,2026-11-01T10:00:00Z,Thanks a lot for the great help!
1,agent,2026-11-01T11:00:00Z,You are terrible
1,end-user,2026-11-02T10:00:00Z,Where is the button?
1,end-user,2026-11-03T10:00:00Z,"This is unacceptable, I'm cancelling"
2,end-user,2026-11-03T12:00:00Z,Merci beaucoup pour votre aide avec ma commande hier soir
"""


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "old.csv"
    path.write_text(EXPORT)
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.delenv("MOODBRIDGE_SECRET_KEY", raising=False)

    def command(*arguments: str, given: str | None = None) -> Result:
        return CliRunner().invoke(moodbridge, ["try", *arguments], input=given, standalone_mode=False)

    return command


@pytest.fixture
def installed(run: Run, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same on the test's installation."""
    settings = runtime.settings
    monkeypatch.setenv("MOODBRIDGE_SECRET_KEY", settings.secret_keys[0].reveal())
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("REDIS_URL", settings.redis_url or "")
    monkeypatch.setenv("MOODBRIDGE_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("MOODBRIDGE_ALLOW_HOSTS", "127.0.0.1")
    return run


def value(result: Result) -> Any:
    assert result.exception is None, result.exception
    return json.loads(result.stdout)


def test_customers_messages_are_scored_and_staff_is_left_out(run: Run, export: Path) -> None:
    found = value(run(str(export), "--json"))
    assert (found["messages"], found["staff"], found["tickets"]) == (4, 1, 2)
    assert found["by_label"] == {"positive": 1, "neutral": 1, "negative": 0, "urgent": 1, "unknown": 1}


def test_the_worst_ticket_is_named_with_what_shows_it(run: Run, export: Path) -> None:
    found = value(run(str(export), "--json"))
    assert found["worst"][0]["ticket"] == "1"
    assert "This is unacceptable" in found["worst"][0]["indicators"]


def test_declining_conversations_and_alerts_a_day_are_told(run: Run, export: Path) -> None:
    words = run(str(export)).stdout
    assert "DECLINING (1)" in words
    assert "alerts a day: 1 in 2 days" in words


def test_columns_that_are_told_win_over_guessed_ones(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("text,words\nThis is terrible,Thanks for the great help\n")
    assert value(run(str(path), "--text", "words", "--json"))["by_label"]["positive"] == 1


def test_a_column_that_is_not_there_is_refused_with_those_that_are(run: Run, export: Path) -> None:
    result = run(str(export), "--text", "nothing")
    assert isinstance(result.exception, click.BadParameter)
    assert "Comment body" in str(result.exception)


def test_without_a_column_for_the_text_it_says_how_to_name_one(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    result = run(str(path))
    assert isinstance(result.exception, click.UsageError)
    assert "--text" in str(result.exception)


def test_the_page_is_written(run: Run, export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.html"
    run(str(export), "--html", str(out))
    assert out.read_text().startswith("<!doctype html>")


def test_an_unreadable_file_fails_with_a_reason(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "fine"}\n{"text": \n')
    assert isinstance(run(str(path)).exception, Invalid)


def test_a_provider_needs_a_workspace(run: Run, export: Path) -> None:
    assert isinstance(run(str(export), "--provider").exception, click.UsageError)


def test_a_workspaces_own_scale_is_used(installed: Run, home: Home, runtime: Runtime, export: Path) -> None:
    CliRunner().invoke(moodbridge, ["workspace", "set", home.slug, "scale=good>=0.3,bad"], standalone_mode=False)
    found = value(installed(str(export), "--workspace", home.slug, "--json"))
    assert set(found["by_label"]) == {
        "good",
        "bad",
        "unknown",
    }


@pytest.fixture
def with_provider(installed: Run, home: Home, runtime: Runtime) -> Iterator[FakeProvider]:
    with FakeProvider() as fake:
        providers.set(runtime, home.slug, "openai", Secret(KEY), base_url=fake.base_url("openai"))
        yield fake


def test_the_price_is_said_first_and_no_means_that_nobody_is_asked(
    installed: Run, home: Home, with_provider: FakeProvider, export: Path
) -> None:
    result = installed(str(export), "--workspace", home.slug, "--provider", given="n\n")
    assert isinstance(result.exception, click.Abort)
    assert "4 messages to OpenAI" in result.stderr
    assert "about $0.00" in result.stderr
    assert with_provider.state.calls == 0


def test_after_yes_the_provider_scores_and_its_calls_are_counted(
    installed: Run, home: Home, with_provider: FakeProvider, export: Path, runtime: Runtime
) -> None:
    found = value(installed(str(export), "--workspace", home.slug, "--provider", "--yes", "--json"))
    assert (found["messages"], found["failed"], with_provider.state.calls) == (4, 0, 4)
    assert providers.usage(runtime, home.slug).total.calls == 4


def test_nothing_is_sent_without_being_asked_for(
    installed: Run, home: Home, with_provider: FakeProvider, export: Path
) -> None:
    installed(str(export), "--workspace", home.slug)
    assert with_provider.state.calls == 0
