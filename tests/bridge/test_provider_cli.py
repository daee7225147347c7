"""`moodbridge provider`, `usage` and `cache`, as typed."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge import providers
from bridge.cli import moodbridge
from bridge.errors import Invalid
from bridge.runtime import Runtime
from bridge.store import providers as rows
from bridge.store import usage as usage_rows
from bridge.store.usage import Usage
from bridge.vault import Secret
from tests.fakes import Home
from tests.hosts.provider import KEY, FakeProvider

Run = Callable[..., Result]


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    with FakeProvider() as running:
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


def test_the_key_is_read_from_standard_input_and_shown_masked(run: Run, home: Home, runtime: Runtime) -> None:
    result = run("provider", "set", home.slug, "--provider", "openai", "--key-stdin", "--json", given=KEY + "\n")
    assert value(result)["key"] == "****4f9c"
    assert KEY not in result.output
    with runtime.database.read() as connection:
        row = rows.of_workspace(connection, home.workspace_id)
    assert row is not None
    assert KEY not in repr(row)
    assert row.key is not None
    assert runtime.vault.decrypt(row.key) == KEY


def test_the_key_is_read_from_a_variable(run: Run, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    result = run("provider", "set", home.slug, "--provider", "xai", "--key-env", "MY_KEY", "--json")
    assert value(result) | {"notice": ""} == {
        "provider": "xai",
        "model": "grok-4.3",
        "base_url": "https://api.x.ai/v1",
        "key": "****4f9c",
        "state": "ok",
        "problem": None,
        "problem_at": None,
        "requests_per_minute": None,
        "price_known": True,
        "notice": "",
    }


def test_there_is_no_option_that_takes_the_key_itself(run: Run, home: Home) -> None:
    result = run("provider", "set", home.slug, "--provider", "openai", "--key", KEY)
    assert "No such option" in str(result.exception) or "not unique" in str(result.exception)


def test_a_variable_that_is_not_set_is_named(run: Run, home: Home) -> None:
    result = run("provider", "set", home.slug, "--provider", "openai", "--key-env", "NOT_THERE")
    assert isinstance(result.exception, Invalid)
    assert "NOT_THERE" in str(result.exception)


def test_a_provider_without_a_key_is_refused(run: Run, home: Home) -> None:
    assert isinstance(run("provider", "set", home.slug, "--provider", "deepseek").exception, Invalid)


def test_the_key_stays_for_another_model_but_never_goes_to_another_address(
    run: Run, home: Home, runtime: Runtime
) -> None:
    providers.set(runtime, home.slug, "openai", Secret(KEY))
    same = run("provider", "set", home.slug, "--provider", "openai", "--model", "gpt-5.4-nano", "--json")
    assert (value(same)["key"], value(same)["model"]) == ("****4f9c", "gpt-5.4-nano")
    other = run("provider", "set", home.slug, "--provider", "openai", "--base-url", "https://evil.example/v1")
    assert isinstance(other.exception, Invalid)


def test_offline_takes_the_provider_away(run: Run, home: Home, runtime: Runtime) -> None:
    providers.set(runtime, home.slug, "openai", Secret(KEY))
    assert value(run("provider", "set", home.slug, "--provider", "offline", "--json"))["provider"] == "offline"
    assert providers.shown(runtime, home.slug).key is None


def test_a_test_call_that_works_says_so_and_costs(run: Run, home: Home, runtime: Runtime, fake: FakeProvider) -> None:
    providers.set(runtime, home.slug, "anthropic", Secret(KEY), base_url=fake.base_url("anthropic"))
    assert fake.state.calls == 0, "`provider set` calls nobody"
    told = value(run("provider", "test", home.slug, "--json"))
    assert told["ok"]
    assert told["cost_usd"] > 0
    assert value(run("usage", home.slug, "--json"))["calls"] == 1


@pytest.mark.parametrize(
    ("dialect", "key", "words"),
    [("openai", "sk-wrong", "refuses the key"), ("xai", "sk-wrong", "refuses the key")],
)
def test_a_test_call_that_fails_says_what_is_wrong_without_the_key(
    run: Run, home: Home, runtime: Runtime, fake: FakeProvider, dialect: str, key: str, words: str
) -> None:
    providers.set(runtime, home.slug, dialect, Secret(key), base_url=fake.base_url(dialect))
    result = run("provider", "test", home.slug)
    assert isinstance(result.exception, SystemExit)
    assert words in result.stdout
    assert key not in result.output
    assert value(run("provider", "show", home.slug, "--json"))["state"] == "stopped"


def test_a_private_address_is_refused_unless_it_is_allowed(
    run: Run, home: Home, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    providers.set(runtime, home.slug, "openai", Secret(KEY), base_url="https://169.254.169.254/v1")
    result = run("provider", "test", home.slug)
    assert "may not be called" in result.stdout


def test_usage_of_a_workspace_without_a_provider_is_nothing(run: Run, home: Home) -> None:
    told = value(run("usage", home.slug, "--json"))
    assert (told["cost_usd"], told["calls"], told["days"], told["budget_usd"]) == (0, 0, [], None)


def test_the_budget_is_told_with_what_is_used_of_it(run: Run, home: Home, runtime: Runtime, fake: FakeProvider) -> None:
    value(run("workspace", "set", home.slug, "monthly_budget_usd=0.0001", "--json"))
    providers.set(runtime, home.slug, "openai", Secret(KEY), base_url=fake.base_url("openai"))
    providers.test(runtime, home.slug)
    told = value(run("usage", home.slug, "--json"))
    assert told["budget_usd"] == 0.0001
    assert told["budget_used"] == pytest.approx(told["cost_usd"] / 0.0001, abs=0.001)


def test_doctor_tells_of_a_stopped_provider_and_a_used_up_budget(
    run: Run, home: Home, runtime: Runtime, fake: FakeProvider
) -> None:
    providers.set(runtime, home.slug, "openai", Secret("sk-wrong"), base_url=fake.base_url("openai"))
    providers.test(runtime, home.slug)
    value(run("workspace", "set", home.slug, "monthly_budget_usd=0", "--json"))
    checks = {one["check"]: one for one in json.loads(run("doctor", home.slug, "--json").stdout)}
    assert not checks["provider"]["ok"]
    assert "refuses the key" in checks["provider"]["advice"]
    assert not checks["budget"]["ok"]


def test_one_text_is_scored_by_the_workspaces_provider(
    run: Run, home: Home, runtime: Runtime, fake: FakeProvider
) -> None:
    providers.set(runtime, home.slug, "openai", Secret(KEY), base_url=fake.base_url("openai"))
    told = value(run("score", "I am waiting here for days", "--workspace", home.slug, "--json"))
    assert (told["score"], told["label"], told["scorer"]["provider"]) == (-0.5, "negative", "openai")
    fake.state.fail_next("overloaded")
    told = value(run("score", "This is broken", "--workspace", home.slug, "--json"))
    assert (told["scorer"]["provider"], told["caveats"]) == ("offline", ["offline_fallback"])


def test_one_text_is_asked_about_once_more_after_a_bad_reply(
    run: Run, home: Home, runtime: Runtime, fake: FakeProvider
) -> None:
    providers.set(runtime, home.slug, "openai", Secret(KEY), base_url=fake.base_url("openai"))
    fake.state.fail_next("prose")
    told = value(run("score", "This is broken", "--workspace", home.slug, "--json"))
    assert (told["scorer"]["provider"], fake.state.calls) == ("openai", 2)


def test_one_text_is_scored_offline_where_the_provider_is_stopped_or_the_budget_used_up(
    run: Run, home: Home, runtime: Runtime, fake: FakeProvider
) -> None:
    providers.set(runtime, home.slug, "openai", Secret(KEY), base_url=fake.base_url("openai"))
    value(run("workspace", "set", home.slug, "monthly_budget_usd=0", "--json"))
    told = value(run("score", "This is broken", "--workspace", home.slug, "--json"))
    assert (told["scorer"]["provider"], told["caveats"]) == ("offline", ["offline_fallback"])
    value(run("workspace", "set", home.slug, "monthly_budget_usd=none", "--json"))
    fake.state.fail_next("no_money")
    for _ in range(2):
        told = value(run("score", "This is broken", "--workspace", home.slug, "--json"))
        assert told["scorer"]["provider"] == "offline"
    assert fake.state.calls == 1, "nobody calls a stopped provider"


def test_a_call_by_hand_counts_towards_the_shares_of_the_budget(
    run: Run, home: Home, runtime: Runtime, fake: FakeProvider
) -> None:
    value(run("workspace", "set", home.slug, "monthly_budget_usd=0.00001", "--json"))
    providers.set(runtime, home.slug, "openai", Secret(KEY), base_url=fake.base_url("openai"))
    providers.test(runtime, home.slug)
    assert value(run("usage", home.slug, "--json"))["budget_reached"] == [80, 100]


def test_usage_of_another_month_is_told_by_its_name(run: Run, home: Home, runtime: Runtime, fake: FakeProvider) -> None:
    providers.set(runtime, home.slug, "openai", Secret(KEY), base_url=fake.base_url("openai"))
    providers.test(runtime, home.slug)
    runtime.database.write(
        lambda connection: usage_rows.add(connection, {home.workspace_id: Usage(calls=7)}, 1_759_276_800.0)
    )
    assert value(run("usage", home.slug, "--month", "2025-10", "--json"))["calls"] == 7
    assert value(run("usage", home.slug, "--json"))["calls"] == 1
    assert isinstance(run("usage", home.slug, "--month", "10/2025").exception, Invalid)


def test_a_model_whose_price_nobody_knows_is_told_as_such(run: Run, home: Home) -> None:
    told = run(
        "provider", "set", home.slug, "--provider", "openai", "--model", "gpt-7", "--key-stdin", given=f"{KEY}\n"
    )
    assert "not in our table" in told.stdout
    assert not value(run("provider", "show", home.slug, "--json"))["price_known"]


def test_the_cache_is_cleared(run: Run, home: Home) -> None:
    assert value(run("cache", "clear", home.slug, "--json")) == {"forgotten": 0}
