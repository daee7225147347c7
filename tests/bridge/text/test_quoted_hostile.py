"""The trimmer under hostile text: its time grows no faster than the text, and it raises on nothing."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.text.quoted import LONGEST, own_words

PIECES = (
    *(">", "> ", ">\n", " ", "\n", "\r\n", "\t", "-", "--\n", "----\n", "_", "*", ":", "a:\n", "| a\n", ". ", "<"),
    *("a@", "On ", "On x wrote\n", "On 3.3.2020 10:00 x wrote:\n", "Le 3 ", "From: a@b.c\n", "from:\n\n"),
    *("From: a\nTo: b\nSubject: c\n\n", "Sent from my iPhone\n", "Regards\n", "1 ", "+1 (2) - ", "legal error "),
    *("this email and any attachments are confidential\n\n", "> a\nb\n", "\u200b", "\xa0", "原", "word "),
    *("On 1.1.2020 10:00 a@b wrote:\n> a\nb\n\n", "this email and any attachments are confidential\n\nOwn words? " * 2),
)
MEGABYTE = 1_000_000


def seconds(text: str) -> float:
    """The shorter of two runs."""
    took = []
    for _ in range(2):
        before = time.process_time()
        own_words(text)
        took.append(time.process_time() - before)
    return min(took)


@pytest.mark.parametrize("piece", PIECES)
def test_a_hostile_megabyte_takes_less_than_a_fifth_of_a_second(piece: str) -> None:
    assert seconds(piece * (MEGABYTE // len(piece))) < 0.2


@pytest.mark.parametrize("piece", PIECES)
def test_twice_the_text_takes_no_more_than_about_twice_the_time(piece: str) -> None:
    times = [seconds(piece * (size // len(piece))) for size in (12_000, 24_000)]

    assert times[1] < 3 * times[0] + 0.005


MAIL_LIKE = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.sampled_from(
            [
                "> quoted",
                "On Tue, Mar 12, 2024 at 9:14 AM Acme <a@b.example> wrote:",
                "-----Original Message-----",
                "From: a@b.example",
                "To: c",
                "Subject: d",
                "-- ",
                "____",
                "",
                "Sent from my iPhone",
                "Kind regards,",
                "This email and any attachments are confidential.",
                "My own words.",
            ]
        ),
    ),
    max_size=25,
).map("\n".join)


@given(MAIL_LIKE)
def test_whatever_comes_in_the_answer_is_made_of_its_lines(text: str) -> None:
    kept = own_words(text)

    lines = {line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")}
    assert {line.strip() for line in kept.text.split("\n")} <= lines | {""}
    assert [cut.first for cut in kept.cut] == sorted(cut.first for cut in kept.cut)
    assert all(cut.first <= cut.last for cut in kept.cut)


@given(MAIL_LIKE)
def test_a_text_with_a_letter_in_it_never_becomes_nothing(text: str) -> None:
    assert own_words(text).text.strip() or not any(char.isalnum() for char in text)


@given(MAIL_LIKE)
def test_the_same_text_is_cut_the_same_way(text: str) -> None:
    assert own_words(text) == own_words(text)


def test_of_a_text_that_is_too_long_the_beginning_and_the_end_are_read() -> None:
    kept = own_words("\n".join(["First.", *["middle"] * (LONGEST // 3), "Last."]))

    assert kept.text.startswith("First.")
    assert kept.text.endswith("Last.")
    assert [cut.kind for cut in kept.cut] == ["length"]
