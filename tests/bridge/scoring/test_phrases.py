import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.scoring.phrases import Found, find


def urgent(text: str) -> str | None:
    span = find(text).urgent
    return span and text[slice(*span)]


def waiting(text: str) -> str | None:
    span = find(text).waiting
    return span and text[slice(*span)]


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Hello. I need this fixed NOW!", "I need this fixed NOW"),
        ("THIS IS UNACCEPTABLE", "THIS IS UNACCEPTABLE"),
        ("So I\u2019m cancelling, bye", "I\u2019m cancelling"),
        ("we are canceling today", "we are canceling"),
        ("im cancelling", "im cancelling"),
        ("It is urgent.", "It is urgent"),
        ("This is the third time I ask", "third time I ask"),
        ("You will hear from\nour lawyers", "hear from\nour lawyers"),
        ("No, this is unacceptable", "this is unacceptable"),
        ("Not now \u2014 this is unacceptable", "this is unacceptable"),
    ],
)
def test_an_urgent_phrase_is_found_as_it_stands_in_the_text(text: str, phrase: str) -> None:
    assert urgent(text) == phrase


@pytest.mark.parametrize(
    "text",
    [
        "no rush",
        "urgent care clinic is open",
        "now I understand, thanks",
        "How do I cancel my subscription?",
        "I'm not cancelling",
        "This is not urgent",
        "If this is urgent, call us.",
        "Only when production is down",
        "The parser says: unacceptable character",
        "I need this. Fixed now, thanks",
        "I need this\n\nfixed now",
        "Paris unacceptable",
        "third time is the charm",
    ],
)
def test_a_calm_look_alike_is_not_urgent(text: str) -> None:
    assert urgent(text) is None


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("I've been waiting", "I've been waiting"),
        ("I have been waiting for two weeks", "I have been waiting"),
        ("My order is still not working", "still not working"),
        ("still no reply", "still no reply"),
        ("I haven`t heard back", "haven`t heard back"),
    ],
)
def test_a_waiting_phrase_is_found(text: str, phrase: str) -> None:
    assert waiting(text) == phrase


@pytest.mark.parametrize("text", ["I can wait", "the waiting room", "I have not been waiting for long", "a reply, yet"])
def test_other_waiting_is_none(text: str) -> None:
    assert waiting(text) is None


def test_the_first_phrase_of_each_kind_is_given() -> None:
    text = "Still waiting. Still no answer. This is unacceptable. I'm cancelling."
    assert (waiting(text), urgent(text)) == ("Still waiting", "This is unacceptable")


@given(
    st.text() | st.lists(st.sampled_from(["I've", "been", "waiting", "\n", ".", "\u2019", "\ud800", " "])).map("".join)
)
def test_any_text_can_be_searched(text: str) -> None:
    found = find(text)
    assert isinstance(found, Found)
    assert all(0 <= span[0] < span[1] <= len(text) for span in (found.urgent, found.waiting) if span)


@pytest.mark.parametrize("piece", ["i need this ", "still no ", "a'", "\n ", "I'm ", "x"])
def test_four_times_the_text_takes_about_four_times_as_long(piece: str) -> None:
    def seconds(times: int) -> float:
        text = piece * times
        runs = []
        for _ in range(3):
            start = time.thread_time()
            find(text)
            runs.append(time.thread_time() - start)
        return min(runs)

    assert seconds(16_000) < 10 * seconds(4_000) + 0.01
