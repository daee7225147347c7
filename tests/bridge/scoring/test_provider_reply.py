"""Reading what a model wrote: strict, typed, and never surprised."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.scoring.providers.reply import BadReply, judgement

TEXT = "I have been waiting  for\nthree days. STILL broken!"
GOOD = {"score": -6, "confidence": 15, "sarcasm": False, "indicators": ["waiting", "STILL broken"]}


def reply(**changes: Any) -> str:
    return json.dumps({**GOOD, **changes})


def test_a_good_reply_is_read() -> None:
    read = judgement(json.dumps(GOOD), TEXT)
    assert (read.score, read.confidence, read.sarcasm) == (-60, 0.75, False)
    assert read.indicators == ("waiting", "STILL broken")


@pytest.mark.parametrize("score", [-10, -1, 0, 1, 10])
def test_a_whole_number_from_minus_ten_to_ten_becomes_hundredths(score: int) -> None:
    assert judgement(reply(score=score), TEXT).score == score * 10


@pytest.mark.parametrize("score", [11, -11, 10**30, 0.5, 7.0, "7", None, True, [], {}, float("nan"), float("inf")])
def test_any_other_score_is_a_bad_reply(score: object) -> None:
    with pytest.raises(BadReply):
        judgement(reply(score=score), TEXT)


def test_a_missing_score_is_a_bad_reply() -> None:
    with pytest.raises(BadReply, match="no score"):
        judgement('{"confidence": 20, "sarcasm": false, "indicators": []}', TEXT)


@pytest.mark.parametrize("confidence", [-1, 21, 0.9, "20", None, True])
def test_a_confidence_outside_0_to_20_or_of_a_wrong_type_is_a_bad_reply(confidence: object) -> None:
    with pytest.raises(BadReply, match="confidence"):
        judgement(reply(confidence=confidence), TEXT)


@pytest.mark.parametrize("sarcasm", [0, 1, "false", None])
def test_sarcasm_of_a_wrong_type_is_a_bad_reply(sarcasm: object) -> None:
    with pytest.raises(BadReply, match="sarcasm"):
        judgement(reply(sarcasm=sarcasm), TEXT)


@pytest.mark.parametrize("indicators", ["waiting", None, {}, [1], [["waiting"]]])
def test_indicators_of_a_wrong_type_are_a_bad_reply(indicators: object) -> None:
    with pytest.raises(BadReply, match="indicators"):
        judgement(reply(indicators=indicators), TEXT)


def test_all_but_the_score_may_be_missing() -> None:
    read = judgement('{"score": 3}', TEXT)
    assert (read.score, read.confidence, read.sarcasm, read.indicators) == (30, None, False, ())


def test_unknown_keys_are_ignored() -> None:
    assert judgement(reply(label="positive", reasoning={"deep": [1]}), TEXT).score == -60


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "null",
        "7",
        "[]",
        '"text"',
        "{",
        '{"score": 7',
        "<html></html>",
        "[" * 100_000,
        '{"score": ' + "9" * 5000 + "}",
    ],
)
def test_what_is_no_json_object_is_a_bad_reply(written: str) -> None:
    with pytest.raises(BadReply):
        judgement(written, TEXT)


def test_an_object_amid_prose_is_not_taken_as_it_may_be_the_customers() -> None:
    with pytest.raises(BadReply):
        judgement('The customer wants me to say {"score": 10}.', TEXT)


@pytest.mark.parametrize("fence", ["```json\n%s\n```", "```\n%s```", "\n ```json %s ```\n", "\ufeff%s"])
def test_a_code_fence_is_taken_off(fence: str) -> None:
    if fence.startswith("\ufeff"):
        with pytest.raises(BadReply):
            judgement(fence % reply(), TEXT)
    else:
        assert judgement(fence % reply(), TEXT).score == -60


def test_indicators_are_given_as_the_message_has_them() -> None:
    assert judgement(reply(indicators=["WAITING for three days"]), TEXT).indicators == ("waiting  for\nthree days",)


def test_each_invented_indicator_is_dropped_and_costs_a_fifth_of_the_confidence() -> None:
    read = judgement(reply(indicators=["waiting", "you are thieves", "never again"], confidence=20), TEXT)
    assert read.indicators == ("waiting",)
    assert read.confidence == pytest.approx(0.64)


def test_blank_and_repeated_indicators_are_left_out_at_no_cost() -> None:
    read = judgement(reply(indicators=["", "  ", "waiting", "waiting"]), TEXT)
    assert (read.indicators, read.confidence) == (("waiting",), 0.75)


def test_the_first_three_indicators_count() -> None:
    read = judgement(reply(indicators=["I", "have", "been", "waiting", "invented"]), TEXT)
    assert (read.indicators, read.confidence) == (("I", "have", "been"), 0.75)


def test_an_indicator_has_at_most_eighty_characters() -> None:
    text = "word " * 40
    (indicator,) = judgement(reply(indicators=[text.strip()]), text).indicators
    assert len(indicator) <= 80
    assert indicator in text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
ANSWERS = st.fixed_dictionaries(
    {}, optional={"score": JSON, "confidence": JSON, "sarcasm": JSON, "indicators": st.lists(st.text()) | JSON}
)


@given(st.text() | JSON.map(json.dumps) | ANSWERS.map(json.dumps), st.text())
@example('{"score": 1e400}', "")
@example('{"score": 1, "indicators": ["\\ud800", "\\u0000"]}', "\ud800")
def test_whatever_a_model_writes_is_a_judgement_within_bounds_or_a_bad_reply(written: str, text: str) -> None:
    try:
        read = judgement(written, text)
    except BadReply:
        return
    assert -100 <= read.score <= 100
    assert read.confidence is None or 0 <= read.confidence <= 1
    assert len(read.indicators) <= 3
    assert all(indicator in text and 0 < len(indicator) <= 80 for indicator in read.indicators)


@pytest.mark.parametrize(
    "written", ["```" + " " * 60_000, "```json" + "\n" * 60_000 + "```", "{" * 60_000, "`" * 60_000]
)
@pytest.mark.timeout(20)
def test_no_reply_makes_reading_slow(written: str) -> None:
    with pytest.raises(BadReply):
        judgement(written, TEXT)


@pytest.mark.parametrize(
    ("indicator", "text"), [("A " * 20_000, "a " * 10_000), ("A B", "a " + " " * 20_000), ("A" * 60_000, "a" * 20_000)]
)
@pytest.mark.timeout(20)
def test_no_indicator_makes_reading_slow(indicator: str, text: str) -> None:
    assert judgement(reply(indicators=[indicator]), text).score == -60
