"""How often a token may call, and how answers tell what is left."""

import re

import pytest
from flask.testing import FlaskClient

from bridge import tokens
from bridge.runtime import Runtime
from bridge.web.api import rate_limit
from bridge.web.api.rate_limit import CALLS, SECONDS, RateLimit
from tests.fakes import Home


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_what_is_left_falls_with_each_call_and_is_whole_again_after_a_minute() -> None:
    clock = Clock()
    limit = RateLimit(clock)
    assert limit.count("a", 1).calls == CALLS - 1
    clock.now += 20
    left = limit.count("a", 50)
    assert (left.calls, left.reset) == (CALLS - 51, SECONDS - 20)
    clock.now += 40
    assert limit.count("a", 1).calls == CALLS - 1


def test_a_call_that_is_too_many_is_refused_and_costs_nothing() -> None:
    limit = RateLimit(Clock())
    limit.count("a", CALLS - 10)
    refused = limit.count("a", 50)
    assert (refused.allowed, refused.calls) == (False, 10)
    assert refused.headers["Retry-After"] == str(SECONDS)
    assert limit.count("a", 10).allowed


def test_each_token_counts_for_itself() -> None:
    limit = RateLimit(Clock())
    limit.count("a", CALLS)
    assert limit.count("b", 1).allowed


def test_every_answer_tells_what_is_left_and_one_too_many_is_429(
    client: FlaskClient, runtime: Runtime, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "CALLS", 2)
    headers = {"Authorization": f"Bearer {tokens.add(runtime, home.slug, 'agent').token.reveal()}"}
    address = f"/api/v1/workspaces/{home.slug}"
    answers = [client.get(address + path, headers=headers) for path in ("", "/tickets?limit=0", "")]
    assert [one.status_code for one in answers] == [200, 422, 429]
    assert [one.headers["RateLimit-Policy"] for one in answers] == ['"calls";q=2;w=60'] * 3
    left = [re.fullmatch(r'"calls";r=(\d+);t=\d+', one.headers["RateLimit"]) for one in answers]
    assert [one and one[1] for one in left] == ["1", "0", "0"]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert answers[2].content_type == "application/problem+json"
