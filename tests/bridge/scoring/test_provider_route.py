"""What `provider set` may say."""

import pytest

from bridge.errors import Invalid
from bridge.scoring.providers.profiles import NAMES, profile_for
from bridge.scoring.providers.route import route
from bridge.vault import Secret

KEY = Secret("sk-1")


def test_the_names_are_those_of_the_contract() -> None:
    assert NAMES == ("openai", "anthropic", "deepseek", "moonshot", "xai", "openai-compatible")


@pytest.mark.parametrize(
    ("name", "url", "model"),
    [
        ("openai", "https://api.openai.com/v1/chat/completions", "gpt-6-luna"),
        ("anthropic", "https://api.anthropic.com/v1/messages", "claude-haiku-5-5"),
        ("deepseek", "https://api.deepseek.com/chat/completions", "deepseek-flash"),
        ("moonshot", "https://api.moonshot.ai/v1/chat/completions", "kimi-k2.6"),
        ("xai", "https://api.x.ai/v1/chat/completions", "grok-4.3"),
    ],
)
def test_a_provider_needs_no_more_than_a_key(name: str, url: str, model: str) -> None:
    made = route(name, KEY)
    assert (made.url, made.model) == (url, model)


def test_a_base_url_replaces_the_profiles_exactly() -> None:
    assert route("anthropic", KEY, base_url="https://proxy.example/x/").url == "https://proxy.example/x/v1/messages"


@pytest.mark.parametrize(
    ("base_url", "title"),
    [
        ("https://generativelanguage.googleapis.com/v1beta/openai/", "Google Gemini"),
        ("https://api.mistral.ai/v1", "Mistral"),
        ("https://api.groq.com/openai/v1", "Groq"),
        ("https://openrouter.ai/api/v1", "OpenRouter"),
        ("https://acme.openai.azure.com/openai/v1", "Azure OpenAI"),
        ("http://localhost:11434/v1", "OpenAI-compatible endpoint"),
        ("https://notapi.groq.com/v1", "OpenAI-compatible endpoint"),
    ],
)
def test_a_compatible_endpoint_is_known_by_its_host(base_url: str, title: str) -> None:
    assert route("openai-compatible", KEY, "some-model", base_url).profile.title == title


def test_a_server_of_ones_own_needs_no_key() -> None:
    assert route("openai-compatible", None, "qwen3", "http://localhost:11434/v1").key is None


def test_an_unknown_provider_has_no_row() -> None:
    assert profile_for("acme") is None


@pytest.mark.parametrize(
    ("field", "provider", "key", "model", "base_url"),
    [
        ("provider", "acme", "sk-1", None, None),
        ("key", "openai", None, None, None),
        ("key", "openai", "two words", None, None),
        ("key", "openai", "sk-1\nx-evil: 1", None, None),
        ("key", "openai", "schlüssel", None, None),
        ("model", "openai", "sk-1", "two words", None),
        ("model", "openai-compatible", "sk-1", None, "https://host.example/v1"),
        ("base-url", "openai-compatible", "sk-1", "m", None),
        ("base-url", "openai", "sk-1", None, "ftp://host.example"),
        ("base-url", "openai", "sk-1", None, "https://"),
        ("base-url", "openai", "sk-1", None, "https://host.example:99999/v1"),
        ("base-url", "openai", "sk-1", None, "https://[::1/v1"),
        ("base-url", "openai", "sk-1", None, "https://user:secret@host.example/v1"),
        ("base-url", "openai", "sk-1", None, "https://host.example/v1?key=secret"),
    ],
)
def test_what_cannot_be_used_is_named_without_being_shown(
    field: str, provider: str, key: str | None, model: str | None, base_url: str | None
) -> None:
    with pytest.raises(Invalid) as refused:
        route(provider, Secret(key) if key else None, model, base_url)
    assert refused.value.field == field
    assert "secret" not in str(refused.value)
    assert key is None or key not in str(refused.value)
