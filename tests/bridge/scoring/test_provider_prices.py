"""What calls cost, and what docs/scoring.md says they cost."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.scoring.providers.completion import Usage
from bridge.scoring.providers.prices import CLAIM_CENTS, cents_per_100, cost, table
from bridge.scoring.providers.profiles import PROFILES, Profile, profile_for

DOCS = Path(__file__).parents[3] / "docs" / "scoring.md"


def profile(name: str) -> Profile:
    found = profile_for(name)
    assert found is not None
    return found


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_a_call_costs_micro_dollars_by_the_providers_count() -> None:
    # 500 fresh at 0.10, 1000 cached at 0.01, 60 written at 0.50 dollars per million tokens.
    assert cost(profile("openai"), "gpt-6-luna", Usage(1500, 1000, 60), at("2026-11-25T12:00")) == 50 + 10 + 30


@pytest.mark.parametrize(("model", "usage"), [("gpt-9", Usage(500, 0, 40)), ("gpt-6-luna", None)])
def test_an_unknown_price_or_count_is_an_unknown_cost_and_not_nothing(model: str, usage: Usage | None) -> None:
    assert cost(profile("openai"), model, usage, 0.0) is None


@pytest.mark.parametrize(
    ("moment", "dear"),
    [
        ("2026-11-25T00:59", False),  # a Wednesday
        ("2026-11-25T01:00", True),
        ("2026-11-25T03:59", True),
        ("2026-11-25T04:00", False),
        ("2026-11-25T09:59", True),
        ("2026-11-25T10:00", False),
        ("2026-11-28T02:00", False),  # a Saturday
    ],
)
def test_deepseek_doubles_its_price_in_its_peak_hours(moment: str, dear: bool) -> None:
    expected = 300 if dear else 150
    assert cost(profile("deepseek"), "deepseek-flash", Usage(1000, 0, 0), at(moment)) == expected


def test_the_default_models_of_openai_and_anthropic_keep_the_promise_of_a_cent_per_100_messages() -> None:
    for name in ("openai", "anthropic"):
        found = profile(name)
        assert cents_per_100(found, found.models[0].price, 109) < CLAIM_CENTS


def test_the_docs_show_the_table_that_the_code_computes() -> None:
    """When this fails: put what `python -m bridge.scoring.providers.prices` prints into docs/scoring.md."""
    assert table() in DOCS.read_text("utf-8")


def test_the_docs_name_every_provider() -> None:
    docs = DOCS.read_text("utf-8")
    for each in PROFILES:
        assert each.title in docs
        assert f"`{each.name}`" in docs
