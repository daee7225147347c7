"""From a provider's refusal to our taxonomy."""

import email.utils
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.scoring.providers import anthropic_messages, openai_chat
from bridge.scoring.providers.completion import Ending, Usage
from bridge.scoring.providers.failures import outcome_in_answer, outcome_of, requests_per_minute, retry_after, words_of
from bridge.scoring.providers.outcomes import MEANING, CallFailed, Outcome, Then
from bridge.vault import Secret

NOW = 1_795_600_000.0


def openai_error(message: str = "", code: str | None = None, kind: str = "invalid_request_error") -> bytes:
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}}).encode()


def anthropic_error(kind: str, message: str = "") -> bytes:
    return json.dumps({"type": "error", "error": {"type": kind, "message": message}, "request_id": "r"}).encode()


XAI_KEY = (
    b'{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***. You can obtain one."}'
)
GEMINI_KEY = (
    b'[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]'
)
GEMINI_RATE = (
    b'[{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.",'
    b'"status":"RESOURCE_EXHAUSTED"}}]'
)
MISTRAL = (
    b'{"object":"error","message":"Requests rate limit exceeded","type":"rate_limited","param":null,"code":"1300"}'
)


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (401, openai_error("Incorrect API key provided", "invalid_api_key"), Outcome.BAD_KEY),
        (401, b"", Outcome.BAD_KEY),
        (403, openai_error("Country, region, or territory not supported"), Outcome.BAD_KEY),
        (400, XAI_KEY, Outcome.BAD_KEY),
        (400, GEMINI_KEY, Outcome.BAD_KEY),
        (403, anthropic_error("permission_error"), Outcome.BAD_KEY),
        (402, openai_error("Insufficient Balance"), Outcome.NO_MONEY),
        (429, openai_error("You exceeded your current quota", "insufficient_quota"), Outcome.NO_MONEY),
        (429, openai_error("", None, "exceeded_current_quota_error"), Outcome.NO_MONEY),
        (400, anthropic_error("invalid_request_error", "Your credit balance is too low"), Outcome.NO_MONEY),
        (
            400,
            anthropic_error("invalid_request_error", "You have reached your specified API usage limits."),
            Outcome.NO_MONEY,
        ),
        (429, openai_error("Rate limit reached", "rate_limit_exceeded"), Outcome.RATE_LIMITED),
        (429, GEMINI_RATE, Outcome.RATE_LIMITED),
        (429, MISTRAL, Outcome.RATE_LIMITED),
        (429, b"<html>slow down</html>", Outcome.RATE_LIMITED),
        (404, openai_error("The model does not exist", "model_not_found"), Outcome.BAD_MODEL),
        (404, b"<html>no such page</html>", Outcome.BAD_MODEL),
        (410, b"", Outcome.BAD_MODEL),
        (400, openai_error("The model `deepseek-chat` has been deprecated"), Outcome.BAD_MODEL),
        (400, openai_error("This model's maximum context length is 8192", "context_length_exceeded"), Outcome.TOO_LONG),
        (403, openai_error("Input is too long"), Outcome.TOO_LONG),
        (413, b"", Outcome.TOO_LONG),
        (400, openai_error("high risk", "content_filter"), Outcome.REFUSED),
        (529, anthropic_error("overloaded_error"), Outcome.OVERLOADED),
        (500, b"<html>oops</html>", Outcome.OVERLOADED),
        (503, b"", Outcome.OVERLOADED),
        (403, b"<html>blocked by a firewall</html>", Outcome.OVERLOADED),
        (302, b"", Outcome.BAD_ADDRESS),
        (422, openai_error("Failed to deserialize"), Outcome.BAD_REQUEST),
        (400, openai_error("Unsupported parameter", "unsupported_parameter"), Outcome.BAD_REQUEST),
        (418, b"", Outcome.BAD_REQUEST),
    ],
)
def test_a_status_and_its_words_name_one_outcome(status: int, body: bytes, outcome: Outcome) -> None:
    assert outcome_of(status, body) is outcome


def test_words_far_into_a_message_do_not_count_as_they_may_be_the_customers() -> None:
    echo = openai_error("Invalid input: " + "x" * 300 + " my credit balance is too low, insufficient_quota, api key")
    assert outcome_of(400, echo) is Outcome.BAD_REQUEST


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"error": {"code": 402, "message": "Insufficient credits"}}, Outcome.NO_MONEY),
        ({"error": {"code": 401, "message": "No auth"}}, Outcome.BAD_KEY),
        ({"error": {"code": "insufficient_quota"}}, Outcome.NO_MONEY),
        ({"error": {"code": 429, "message": "slow"}}, Outcome.BAD_REPLY),
        ({"error": "boom"}, Outcome.BAD_REPLY),
        ({"choices": [{"error": {"code": 502, "message": "upstream"}}]}, Outcome.BAD_REPLY),
        ({"error": None, "choices": []}, None),
        ([], None),
        (None, None),
    ],
)
def test_an_error_inside_a_200_stops_the_route_or_is_a_bad_reply(answer: object, outcome: Outcome | None) -> None:
    assert outcome_in_answer(answer) is outcome


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("9999", 120.0),
        (email.utils.formatdate(NOW + 30, usegmt=True), 30.0),
        (email.utils.formatdate(NOW - 30, usegmt=True), 0.0),
        (email.utils.formatdate(NOW + 86400, usegmt=True), 120.0),
        ("soon", None),
        ("-5", None),
        ("nan", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_two_minutes(said: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": said}, NOW) == seconds


@pytest.mark.parametrize(("said", "limit"), [("500", 500), ("0", None), ("many", None), ("", None), ("-1", None)])
def test_the_accounts_limit_is_a_positive_number(said: str, limit: int | None) -> None:
    assert requests_per_minute({"x-limit": said}, "x-limit") == limit


def test_a_provider_without_such_a_header_tells_no_limit() -> None:
    assert requests_per_minute({"x-limit": "500"}, None) is None


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_tells_an_admin_what_happened(outcome: Outcome) -> None:
    told = str(CallFailed(outcome, "OpenAI", status=418))
    assert told.startswith("OpenAI ")
    assert told.endswith("(HTTP 418)")
    assert MEANING[outcome].words in told


def test_only_a_bad_reply_is_asked_for_again() -> None:
    assert [outcome for outcome in Outcome if MEANING[outcome].retries] == [Outcome.BAD_REPLY]
    assert MEANING[Outcome.BAD_REPLY].then is Then.OFFLINE


def test_words_for_an_admin_hold_no_key() -> None:
    body = openai_error("Incorrect API key provided: SK-Secret-1. Check it.")
    assert words_of(body, Secret("SK-Secret-1")) == "invalid_request_error incorrect api key provided: ****. check it."


def test_deepseeks_and_moonshots_cached_tokens_are_counted() -> None:
    for usage in (
        {"prompt_cache_hit_tokens": 64},
        {"cached_tokens": 64},
        {"prompt_tokens_details": {"cached_tokens": 64}},
    ):
        answer = {"usage": {"prompt_tokens": 400, "completion_tokens": 40, **usage}}
        assert openai_chat.completion(answer).usage == Usage(400, 64, 40)


def test_reasoning_tokens_that_only_the_total_holds_are_counted_as_written() -> None:
    answer = {"usage": {"prompt_tokens": 400, "completion_tokens": 40, "total_tokens": 740}}
    assert openai_chat.completion(answer).usage == Usage(400, 0, 340)


def test_anthropics_cached_tokens_are_part_of_the_input() -> None:
    answer = {"usage": {"input_tokens": 100, "cache_read_input_tokens": 300, "output_tokens": 40}}
    assert anthropic_messages.completion(answer).usage == Usage(400, 300, 40)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
CHAT = st.fixed_dictionaries(
    {},
    optional={
        "choices": st.lists(
            st.fixed_dictionaries(
                {}, optional={"message": st.fixed_dictionaries({}, optional={"content": JSON, "refusal": JSON}) | JSON}
            )
            | JSON
        )
        | JSON,
        "usage": st.dictionaries(st.sampled_from(["prompt_tokens", "completion_tokens", "total_tokens"]), JSON) | JSON,
        "error": st.fixed_dictionaries({}, optional={"code": JSON, "message": JSON, "type": JSON}) | JSON,
    },
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "content": st.lists(st.fixed_dictionaries({}, optional={"type": st.just("text") | JSON, "text": JSON}) | JSON)
        | JSON,
        "stop_reason": st.sampled_from(["end_turn", "refusal", "max_tokens"]) | JSON,
        "usage": st.dictionaries(st.sampled_from(["input_tokens", "output_tokens"]), JSON) | JSON,
    },
)


@given(JSON | CHAT | MESSAGES)
def test_whatever_a_provider_answers_the_codecs_raise_nothing(answer: object) -> None:
    for codec in (openai_chat, anthropic_messages):
        found = codec.completion(answer)
        assert isinstance(found.text, str)
        assert found.ending in Ending
    assert outcome_in_answer(answer) in {None, *Outcome}


@given(st.integers(300, 599), st.binary() | CHAT.map(lambda value: json.dumps(value).encode()))
def test_whatever_a_refusal_holds_it_has_an_outcome(status: int, body: bytes) -> None:
    assert outcome_of(status, body) in Outcome


@given(st.text(), st.floats(0, 4e9))
def test_whatever_retry_after_holds_it_is_none_or_within_bounds(said: str, now: float) -> None:
    seconds = retry_after({"retry-after": said}, now)
    assert seconds is None or 0 <= seconds <= 120
