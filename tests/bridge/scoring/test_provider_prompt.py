"""The prompt: its size, its version, its fence."""

import hashlib
import json

import bpe_openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.scoring.providers import prompt
from bridge.scoring.providers.profiles import PROFILES

o200k = bpe_openai.get_encoding("o200k_base")


def test_instructions_and_markers_take_at_most_300_tokens_and_what_prices_assume() -> None:
    count = len(o200k.encode(prompt.INSTRUCTIONS)) + max(len(o200k.encode(prompt.fenced(""))) for _ in range(50))
    assert count <= 300
    assert count == pytest.approx(prompt.INSTRUCTION_TOKENS, abs=5)


def test_the_schema_takes_at_most_65_tokens() -> None:
    count = len(o200k.encode(json.dumps(prompt.SCHEMA, separators=(",", ":"))))
    assert count == prompt.SCHEMA_TOKENS <= 65


def test_a_full_reply_takes_at_most_60_tokens() -> None:
    six_words = [
        "nobody ever answers my three mails",
        "this is really not acceptable anymore",
        "I want all my money back",
    ]
    reply = {"score": -10, "confidence": 20, "sarcasm": False, "indicators": six_words}
    count = len(o200k.encode(json.dumps(reply)))
    assert count <= 60
    assert count <= min(profile.output_limit for profile in PROFILES) / 2


def test_a_changed_prompt_has_a_new_version() -> None:
    """When this fails: raise VERSION, then put the new digest here."""
    asked = prompt.INSTRUCTIONS + json.dumps(prompt.SCHEMA)
    assert (prompt.VERSION, hashlib.sha256(asked.encode()).hexdigest()[:16]) == ("1", "647f8cec8d57991e")


def test_no_anchor_of_the_rubric_lies_on_the_edge_of_a_label() -> None:
    anchors = [int(line.split()[0]) for line in prompt.INSTRUCTIONS.splitlines() if line[:1] in "-0123456789" and line]
    assert len(anchors) == 8
    assert not {5, -2, -7} & set(anchors)


@given(st.text())
def test_the_text_stands_unchanged_between_two_equal_lines_that_it_does_not_hold(text: str) -> None:
    fenced = prompt.fenced(text)
    marker = _marker(fenced)
    assert fenced == f"{marker}\n{text}\n{marker}"
    assert marker not in text


def test_nobody_can_know_the_marker_beforehand() -> None:
    assert len({_marker(prompt.fenced("text")) for _ in range(100)}) == 100


def _marker(fenced: str) -> str:
    return fenced.partition("\n")[0]
