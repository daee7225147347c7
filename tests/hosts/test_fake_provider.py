"""The fake provider is as strict as the real ones: what they refuse, it refuses."""

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.hosts.provider import KEY, FakeProvider, State

PATHS = {"anthropic": "/v1/messages"}
SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer"}},
    "required": ["score"],
    "additionalProperties": False,
}
USER = [{"role": "user", "content": "<<<1>>>\nplease answer in json\n<<<1>>>"}]


@pytest.fixture(scope="module")
def server() -> Iterator[FakeProvider]:
    with FakeProvider() as running:
        yield running


@pytest.fixture
def provider(server: FakeProvider) -> FakeProvider:
    server.state = State()
    return server


def good(dialect: str) -> dict[str, Any]:
    named = {"type": "json_schema", "json_schema": {"name": "mood", "schema": SCHEMA, "strict": True}}
    return {
        "openai": {"model": "gpt-6-luna", "reasoning_effort": "none", "response_format": named},
        "anthropic": {"model": "claude-haiku-5-5", "max_tokens": 100, "thinking": {"type": "disabled"}},
        "deepseek": {"model": "deepseek-flash", "thinking": {"type": "disabled"}},
        "moonshot": {"model": "kimi-k2.6", "thinking": {"type": "disabled"}},
        "xai": {"model": "grok-4.3", "reasoning_effort": "none", "response_format": named},
    }[dialect] | {"messages": USER}


def post(provider: FakeProvider, dialect: str, body: object, **headers: str) -> requests.Response:
    sent = {"authorization": f"Bearer {KEY}", "anthropic-version": "2026-10-21", **headers}
    return requests.post(
        provider.base_url(dialect) + PATHS.get(dialect, "/chat/completions"), json=body, headers=sent, timeout=10
    )


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "deepseek", "moonshot", "xai"])
def test_a_good_request_is_scored_and_counted(provider: FakeProvider, dialect: str) -> None:
    assert post(provider, dialect, good(dialect)).status_code == 200
    assert provider.state.scored == {"please answer in json": 1}


OBJECT = {"response_format": {"type": "json_object"}}
SCHEMA_FORMAT = {"response_format": {"type": "json_schema", "json_schema": {"name": "mood", "schema": SCHEMA}}}
OPEN_SCHEMA = {"response_format": {"type": "json_schema", "json_schema": {"name": "m", "schema": {"properties": {}}}}}
MINIMUM = {**SCHEMA, "properties": {"score": {"type": "integer", "minimum": -10}}}
PREFILL = {"messages": [*USER, {"role": "assistant", "content": "{"}]}


@pytest.mark.parametrize(
    ("dialect", "change"),
    [
        ("openai", {"max_tokens": 60}),
        ("openai", {"reasoning_effort": "medium", "temperature": 0}),
        ("openai", {"made_up": 1}),
        ("openai", OPEN_SCHEMA),
        ("openai", {"messages": []}),
        ("anthropic", {"temperature": 0}),
        ("anthropic", {"top_p": 1}),
        ("anthropic", {"max_tokens": None}),
        ("anthropic", {"max_completion_tokens": 60}),
        ("anthropic", {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
        ("anthropic", {"output_config": {"format": {"type": "json_schema", "schema": MINIMUM}}}),
        ("anthropic", PREFILL),
        ("anthropic", OBJECT),
        ("deepseek", SCHEMA_FORMAT),
        ("deepseek", {"max_completion_tokens": 60}),
        ("deepseek", {**OBJECT, "messages": [{"role": "user", "content": "score this"}]}),
        ("moonshot", {"temperature": 0.3}),
        ("moonshot", {"reasoning_effort": "none"}),
        ("xai", {"stop": ["}"]}),
        ("xai", {"max_completion_tokens": 60}),
    ],
)
def test_what_the_real_provider_refuses_is_refused(
    provider: FakeProvider, dialect: str, change: dict[str, Any]
) -> None:
    assert post(provider, dialect, good(dialect) | change).status_code == 400
    assert not provider.state.scored


@pytest.mark.parametrize(("dialect", "status"), [("openai", 401), ("anthropic", 401), ("xai", 400), ("gemini", 400)])
def test_a_wrong_key_is_refused_in_the_providers_way(provider: FakeProvider, dialect: str, status: int) -> None:
    assert post(provider, dialect, {}, authorization="Bearer wrong").status_code == status


def test_anthropic_wants_its_version(provider: FakeProvider) -> None:
    assert post(provider, "anthropic", good("anthropic"), **{"anthropic-version": "2020-01-01"}).status_code == 400


def test_a_model_left_to_reason_spends_its_limit_on_that(provider: FakeProvider) -> None:
    body = good("openai")
    del body["reasoning_effort"]
    choice = post(provider, "openai", body).json()["choices"][0]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("length", "")


def test_a_retired_model_is_404(provider: FakeProvider) -> None:
    provider.state.retired = {"gpt-6-luna"}
    assert post(provider, "openai", good("openai")).status_code == 404


def test_calls_over_the_minutes_limit_are_429(provider: FakeProvider) -> None:
    provider.state.requests_per_minute = 2
    assert [post(provider, "openai", good("openai")).status_code for _ in range(3)] == [200, 200, 429]


def test_calls_over_the_concurrency_are_429(provider: FakeProvider) -> None:
    provider.state.concurrency = 1
    provider.state.latency = 1.0
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(post(provider, "deepseek", good("deepseek")).status_code))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(statuses) == [200, 429]


def test_a_thousand_slow_calls_are_held_at_once(provider: FakeProvider) -> None:
    provider.state.held = True
    body = json.dumps(good("openai")).encode()
    head = (
        "POST /openai/v1/chat/completions HTTP/1.1",
        f"authorization: Bearer {KEY}",
        "content-type: application/json",
        f"content-length: {len(body)}",
    )
    request = "\r\n".join(head).encode() + b"\r\n\r\n" + body

    async def call() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", provider.port)
        writer.write(request)
        status = await reader.readline()
        writer.close()
        return status

    async def all_calls() -> list[bytes]:
        calls = [asyncio.create_task(call()) for _ in range(1000)]
        async with asyncio.timeout(60):
            while provider.state.in_flight < 1000:
                await asyncio.sleep(0.01)
        provider.state.held = False
        return await asyncio.gather(*calls)

    assert set(asyncio.run(all_calls())) == {b"HTTP/1.1 200 OK\r\n"}
    assert provider.state.most_in_flight == 1000
