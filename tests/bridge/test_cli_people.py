"""`moodbridge stats` and `correct`, as somebody at a terminal or a script uses them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bridge.cli import moodbridge
from bridge.runtime import Runtime
from tests.fakes import Home, scored


@pytest.fixture
def command(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on the test's runtime."""
    monkeypatch.setattr("bridge.runtime.prepare", lambda _settings: None)
    monkeypatch.setattr("bridge.cli.output.load", lambda _environ: runtime.settings)
    monkeypatch.setattr("bridge.runtime.open_runtime", lambda _settings: runtime)
    monkeypatch.setattr(type(runtime), "close", lambda _self: None)
    return lambda *words: CliRunner().invoke(moodbridge, list(words), catch_exceptions=False)


def test_stats_print_one_json_value(command: Any, runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", -80, 20)
    value = json.loads(command("stats", home.slug, "--json").stdout)
    assert (value["messages"], value["avg_sentiment"], value["negative_tickets"]) == (2, -0.3, 1)


def test_stats_are_a_table_for_people(command: Any, runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", -80)
    lines = command("stats", home.slug).stdout.splitlines()
    assert any(line.split() == ["urgent", "1"] for line in lines)


def test_correct_says_what_the_message_counts_as(command: Any, runtime: Runtime, home: Home) -> None:
    (message,) = scored(runtime, home, "T-1", -80)
    answer = command("correct", home.slug, home.connection, "T-1", message, "neutral", "--json")
    assert json.loads(answer.stdout) == {"message_id": message, "label": "neutral", "score": -0.2}


def test_the_rules_can_be_changed_and_taken_back(command: Any, home: Home, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text('[{"name":"low","latest_below":-0.3}]')
    changed = json.loads(command("alert", "rules", home.slug, "--set", str(file), "--json").stdout)
    assert changed == [{"name": "low", "latest_below": -0.3}]
    usual = json.loads(command("alert", "rules", home.slug, "--reset", "--json").stdout)
    assert [one["name"] for one in usual] == ["sentiment_declining", "very_negative_message"]
