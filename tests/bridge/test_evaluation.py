"""`moodbridge eval`: labelled texts through the embedded scorer and through a provider."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bridge import providers
from bridge.cli import moodbridge
from bridge.errors import Invalid
from bridge.evaluation import evaluate, offline_scorer, provider_scorer, rows_of
from bridge.http import Http, Policy
from bridge.runtime import Runtime
from bridge.scale import FOUR
from bridge.scoring.providers.outcomes import CallFailed
from bridge.scoring.providers.route import route
from bridge.vault import Secret
from bridge.workspace_settings import WorkspaceSettings
from tests.fakes import Home
from tests.hosts.provider import KEY, FakeProvider

ROWS = (
    ("Thank you so much, love it", "positive"),
    ("This is broken", "negative"),
    ("This is unacceptable, I cancel", "urgent"),
    ("Where is the setting?", "neutral"),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in ROWS))
    return path


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    with FakeProvider() as running:
        yield running


def asking(fake: FakeProvider, key: str = KEY) -> Callable[..., Any]:
    way = route("openai", Secret(key), base_url=fake.base_url("openai"))
    return provider_scorer(Http(Policy(allow_private=True)), way)


def run(*arguments: str) -> Any:
    """What the command prints as JSON."""
    done = CliRunner().invoke(moodbridge, [*arguments, "--json"], catch_exceptions=False, standalone_mode=False)
    return json.loads(done.stdout)


def test_the_command_needs_neither_database_nor_workspace(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    found = run("eval", str(file))
    assert found["rows"] == 4
    assert set(found["recall"]) == {"positive", "neutral", "negative", "urgent"}
    assert found["cost_usd"] == 0
    contract = {"rows", "macro_f1", "mcc", "accuracy", "auc_negative", "abstained", "f1_answered", "recall"}
    assert contract | {"confusion", "cost_usd", "messages_per_second"} <= set(found)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("not json", 'line 2: it must be {"text"'),
        ('{"text": "x"}', 'line 2: it must be {"text"'),
        ('{"text": "x", "label": "cross"}', "line 2: there is no label 'cross'"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "Hello", "label": "neutral"}\n' + line + "\n")
    with pytest.raises(Invalid, match=said.replace("{", r"\{")):
        rows_of(path, FOUR)


def test_a_provider_is_asked_about_each_row_and_its_cost_is_told(file: Path, fake: FakeProvider) -> None:
    found = evaluate("openai", rows_of(file, FOUR), asking(fake), WorkspaceSettings(), at_once=4)
    assert found.figures.accuracy == 1.0
    assert found.spent.calls == 4
    assert found.spent.cost > 0


def test_a_busy_provider_is_waited_for(file: Path, fake: FakeProvider) -> None:
    fake.state.retry_after = "0.1"
    fake.state.fail_next("rate_limited", "rate_limited")
    assert evaluate("openai", rows_of(file, FOUR), asking(fake), WorkspaceSettings()).failed == 0


def test_a_row_without_a_score_counts_nowhere_but_is_told(file: Path, fake: FakeProvider) -> None:
    fake.state.fail_next("refused")
    found = evaluate("openai", rows_of(file, FOUR), asking(fake), WorkspaceSettings())
    assert (found.failed, found.figures.rows) == (1, 3)


def test_a_wrong_key_ends_it_with_the_reason(file: Path, fake: FakeProvider) -> None:
    with pytest.raises(CallFailed, match="refuses the key"):
        evaluate("openai", rows_of(file, FOUR), asking(fake, "sk-wrong"), WorkspaceSettings(), at_once=4)
    assert fake.state.calls <= 4


def test_figures_use_the_scores_label_even_where_the_product_answers_unknown(file: Path, fake: FakeProvider) -> None:
    found = evaluate("openai", rows_of(file, FOUR), asking(fake), WorkspaceSettings(confidence_floor=0.9))
    assert (found.figures.abstained, found.figures.accuracy, found.figures.f1_answered) == (1.0, 1.0, None)


def test_two_scorers_side_by_side_with_the_rows_on_which_they_differ(
    runtime: Runtime, home: Home, file: Path, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.state.scores = {"Where is": -5}
    providers.set(runtime, home.slug, "openai", Secret(KEY), base_url=fake.base_url("openai"))
    settings = runtime.settings
    monkeypatch.setenv("MOODBRIDGE_SECRET_KEY", settings.secret_keys[0].reveal())
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("MOODBRIDGE_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("MOODBRIDGE_ALLOW_HOSTS", "127.0.0.1")
    found = run("eval", str(file), "--workspace", home.slug, "--against", "offline")
    assert found["scorer"] == "openai gpt-6-luna"
    assert found["against"]["scorer"] == "offline"
    assert {"text": "Where is the setting?", "label": "neutral"}.items() <= found["differ"][-1].items()
    assert found["differ"][-1]["first"] == {"label": "negative", "score": -0.5}
    assert providers.usage(runtime, home.slug).total.calls == 4, "it counts in the workspace's usage"


def test_the_offline_scorer_alone_is_an_evaluation_too(file: Path) -> None:
    found = evaluate("offline", rows_of(file, FOUR), offline_scorer(), WorkspaceSettings())
    assert found.figures.recall["urgent"] == 1.0
