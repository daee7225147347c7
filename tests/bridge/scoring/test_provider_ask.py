"""One call through a real HTTP server that is as strict as each provider and fails in every way."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.http import Http, Policy
from bridge.scoring.providers.ask import SAMPLE, ask, try_out
from bridge.scoring.providers.outcomes import CallFailed, Outcome, Then
from bridge.scoring.providers.route import Route, route
from bridge.vault import Secret
from tests.hosts.provider import KEY, FakeProvider, State
from tests.hosts.provider import faults as provider_faults

FIVE = ("openai", "anthropic", "deepseek", "moonshot", "xai")
COMPATIBLE = {"compatible": "local-model", "mistral": "ministral-8b-latest", "gemini": "gemini-2.5-flash-lite"}
TEXT = 'Größe 1 "kaputt" \\ 🙁\nI\'ve been waiting for three days </script> <<<abc>>> & more'


@pytest.fixture(scope="module")
def server() -> Iterator[FakeProvider]:
    with FakeProvider() as running:
        yield running


@pytest.fixture
def provider(server: FakeProvider) -> FakeProvider:
    server.state = State()
    return server


@pytest.fixture(scope="module")
def http() -> Iterator[Http]:
    calls = Http(Policy(allow_private=True))
    yield calls
    calls.close()


def way(provider: FakeProvider, dialect: str, key: str = KEY) -> Route:
    if dialect in COMPATIBLE:
        return route("openai-compatible", Secret(key), COMPATIBLE[dialect], provider.base_url(dialect))
    return route(dialect, Secret(key), base_url=provider.base_url(dialect))


@pytest.mark.parametrize("dialect", [*FIVE, *COMPATIBLE])
def test_each_dialect_accepts_our_request_and_its_score_is_read(
    provider: FakeProvider, http: Http, dialect: str
) -> None:
    answer = ask(http, way(provider, dialect), TEXT)
    assert (answer.verdict.score, answer.verdict.confidence) == (-50, 0.85)
    assert answer.verdict.indicators == ("Größe 1",)


@pytest.mark.parametrize("dialect", FIVE)
def test_tokens_and_cost_come_from_the_providers_count(provider: FakeProvider, http: Http, dialect: str) -> None:
    answer = ask(http, way(provider, dialect), TEXT)
    assert answer.usage is not None
    assert answer.usage.input > 250
    assert answer.cost is not None
    assert answer.cost > 0


def test_a_model_without_a_known_price_costs_an_unknown_amount(provider: FakeProvider, http: Http) -> None:
    assert ask(http, way(provider, "compatible"), TEXT).cost is None


def test_the_scorer_names_provider_model_and_prompt(provider: FakeProvider, http: Http) -> None:
    scorer = ask(http, way(provider, "openai"), TEXT).verdict.scorer
    assert (scorer.provider, scorer.model, scorer.prompt) == ("openai", "gpt-6-luna", "1")


def test_a_flag_of_sarcasm_becomes_a_caveat(provider: FakeProvider, http: Http) -> None:
    assert ask(http, way(provider, "openai"), "Great, down again /s").verdict.caveats == ("sarcasm",)


@pytest.mark.parametrize("dialect", [*FIVE, *COMPATIBLE])
def test_the_body_holds_the_customers_words_byte_for_byte(provider: FakeProvider, http: Http, dialect: str) -> None:
    ask(http, way(provider, dialect), TEXT)
    body = provider.state.requests[-1]["body"]
    assert body.count(json.dumps(TEXT, ensure_ascii=False).encode()[1:-1]) == 1


@pytest.mark.parametrize("dialect", [*FIVE, *COMPATIBLE])
def test_the_body_holds_nothing_else_that_differs_between_customers(
    provider: FakeProvider, http: Http, dialect: str
) -> None:
    """Two texts, two bodies: but for the text and its random marker they are the same bytes."""
    bodies = []
    for text in ("first text", "second text"):
        ask(http, way(provider, dialect), text)
        body = provider.state.requests[-1]["body"]
        bodies.append(body.replace(text.encode(), b"").replace(_marker(body), b""))
    assert bodies[0] == bodies[1]
    assert b"moodbridge" not in bodies[0].lower()


def _marker(body: bytes) -> bytes:
    return body[body.rindex(b"<<<") + 3 : body.rindex(b">>>")]


@pytest.mark.parametrize("dialect", FIVE)
def test_the_key_travels_in_its_header_alone(provider: FakeProvider, http: Http, dialect: str) -> None:
    ask(http, way(provider, dialect), TEXT)
    request = provider.state.requests[-1]
    holders = [name for name, value in request["headers"].items() if KEY in value]
    assert holders == ["x-api-key" if dialect == "anthropic" else "authorization"]
    assert KEY.encode() not in request["body"]
    assert KEY not in request["path"]


def test_half_a_surrogate_pair_does_not_stop_the_call(provider: FakeProvider, http: Http) -> None:
    assert ask(http, way(provider, "openai"), "thank you \ud83d").verdict.score == 70


STOP = {
    "bad_key": Outcome.BAD_KEY,
    "no_money": Outcome.NO_MONEY,
    "no_money_inside": Outcome.NO_MONEY,
    "bad_model": Outcome.BAD_MODEL,
    "redirect": Outcome.BAD_ADDRESS,
}
LATER = {
    "rate_limited": Outcome.RATE_LIMITED,
    "overloaded": Outcome.OVERLOADED,
    "server_error": Outcome.OVERLOADED,
    "html_error": Outcome.OVERLOADED,
    "firewall": Outcome.OVERLOADED,
    "closed": Outcome.UNREACHABLE,
    "cut_off": Outcome.UNREACHABLE,
    "hang": Outcome.TIMED_OUT,
    "blank_forever": Outcome.TIMED_OUT,
}
OFFLINE = {
    "refused": Outcome.REFUSED,
    "refusal_field": Outcome.REFUSED,
    "too_long": Outcome.TOO_LONG,
    "bad_request": Outcome.BAD_REQUEST,
    **dict.fromkeys(("prose", "wrong_type", "fraction", "out_of_range", "no_score", "null_score"), Outcome.BAD_REPLY),
    **dict.fromkeys(("empty_text", "truncated", "empty", "error_inside", "html", "nothing", "huge"), Outcome.BAD_REPLY),
}
READABLE = {"extra_keys", "invented", "code_fence", "no_usage", "blank_lines"}


def test_every_fault_of_the_fake_provider_has_a_defined_outcome() -> None:
    assert {*STOP, *LATER, *OFFLINE, *READABLE} == set(provider_faults.NAMES)


@pytest.mark.parametrize("dialect", FIVE)
@pytest.mark.parametrize(
    ("fault", "outcome", "then"),
    [(fault, outcome, Then.STOP) for fault, outcome in STOP.items()]
    + [(fault, outcome, Then.LATER) for fault, outcome in LATER.items()]
    + [(fault, outcome, Then.OFFLINE) for fault, outcome in OFFLINE.items()],
)
def test_a_fault_becomes_its_outcome(
    provider: FakeProvider,
    http: Http,
    monkeypatch: pytest.MonkeyPatch,
    dialect: str,
    fault: str,
    outcome: Outcome,
    then: Then,
) -> None:
    if outcome is Outcome.TIMED_OUT:
        monkeypatch.setattr("bridge.scoring.providers.ask.DEADLINE", 0.3)
    provider.state.fail_next(fault)
    with pytest.raises(CallFailed) as failed:
        ask(http, way(provider, dialect), TEXT)
    assert (failed.value.outcome, failed.value.then) == (outcome, then)


@pytest.mark.parametrize("dialect", FIVE)
@pytest.mark.parametrize("fault", sorted(READABLE))
def test_an_odd_answer_with_a_readable_score_is_taken(
    provider: FakeProvider, http: Http, dialect: str, fault: str
) -> None:
    provider.state.fail_next(fault)
    assert ask(http, way(provider, dialect), TEXT).verdict.score == -50


def test_an_invented_indicator_is_dropped_and_lowers_the_confidence(provider: FakeProvider, http: Http) -> None:
    provider.state.fail_next("invented")
    verdict = ask(http, way(provider, "openai"), TEXT).verdict
    assert verdict.indicators == ()
    assert verdict.confidence == pytest.approx(0.85 * 0.8)


def test_a_rate_limit_tells_how_long_to_wait(provider: FakeProvider, http: Http) -> None:
    provider.state.fail_next("rate_limited")
    with pytest.raises(CallFailed) as failed:
        ask(http, way(provider, "openai"), TEXT)
    assert failed.value.retry_after == 7


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
def test_the_accounts_limit_is_learnt_from_the_headers(provider: FakeProvider, http: Http, dialect: str) -> None:
    provider.state.requests_per_minute = 500
    assert ask(http, way(provider, dialect), TEXT).requests_per_minute == 500


def test_an_unreadable_reply_still_tells_its_cost(provider: FakeProvider, http: Http) -> None:
    provider.state.fail_next("prose")
    with pytest.raises(CallFailed) as failed:
        ask(http, way(provider, "openai"), TEXT)
    assert failed.value.cost
    assert failed.value.usage


def test_a_base_url_inside_the_network_is_not_called(provider: FakeProvider) -> None:
    with pytest.raises(CallFailed) as failed:
        ask(Http(Policy()), way(provider, "openai"), TEXT)
    assert failed.value.outcome is Outcome.BAD_ADDRESS
    assert provider.state.calls == 0


@pytest.mark.parametrize("dialect", [*FIVE, *COMPATIBLE])
def test_a_wrong_key_is_told_as_such(provider: FakeProvider, http: Http, dialect: str) -> None:
    with pytest.raises(CallFailed) as failed:
        ask(http, way(provider, dialect, key="sk-wrong"), TEXT)
    assert failed.value.outcome is Outcome.BAD_KEY


@pytest.mark.parametrize("fault", sorted({*STOP, *OFFLINE, "rate_limited", "closed"}))
def test_neither_key_nor_words_show_in_a_failure_or_a_log(
    provider: FakeProvider, http: Http, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level(logging.DEBUG)
    provider.state.fail_next(fault)
    with pytest.raises(CallFailed) as failed:
        ask(http, way(provider, "openai"), TEXT)
    told = f"{failed.value!s} {failed.value!r} {vars(failed.value)} {failed.value.__context__!r} {caplog.text}"
    assert KEY not in told
    assert "waiting" not in told


def test_a_route_shows_no_key(provider: FakeProvider) -> None:
    assert KEY not in repr(way(provider, "openai")) + str(vars(way(provider, "openai")))


def test_trying_out_asks_about_a_sentence_of_ours(provider: FakeProvider, http: Http) -> None:
    assert try_out(http, way(provider, "openai")).verdict.score == 70
    assert set(provider.state.scored) == {SAMPLE}


def test_trying_out_tells_the_providers_own_words_without_the_key(provider: FakeProvider, http: Http) -> None:
    provider.state.fail_next("bad_request")
    with pytest.raises(CallFailed) as failed:
        try_out(http, way(provider, "openai"))
    assert "failed to deserialize the json body" in failed.value.said


def test_five_hundred_calls_are_in_flight_at_once(provider: FakeProvider, http: Http) -> None:
    provider.state.held = True
    openai = way(provider, "openai")
    with ThreadPoolExecutor(500) as threads:
        calls = [threads.submit(ask, http, openai, f"thank you {number}") for number in range(500)]
        until(lambda: provider.state.in_flight == 500)
        provider.state.held = False
        assert {call.result().verdict.score for call in calls} == {70}


def test_with_failures_of_every_kind_each_text_is_scored_or_has_a_reason(
    provider: FakeProvider, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.scoring.providers.ask.DEADLINE", 5.0)
    provider.state.fault_share, provider.state.fault_names = 0.3, provider_faults.NAMES
    texts = [f"thank you {number}" for number in range(300)]

    def outcome(text: str) -> Outcome | None:
        try:
            assert ask(http, way(provider, "openai"), text).verdict.score == 70
        except CallFailed as failed:
            return failed.outcome
        return None

    with ThreadPoolExecutor(50) as threads:
        outcomes = list(threads.map(outcome, texts))
    scored = outcomes.count(None)
    assert 180 < scored < 280
    assert len(set(outcomes)) > 6
    assert provider.state.calls == 300
    assert provider.state.scored.total() - scored <= provider.state.answers["cut_off"] + outcomes.count(
        Outcome.TIMED_OUT
    )


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
