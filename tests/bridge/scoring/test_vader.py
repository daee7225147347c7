import pytest
from hypothesis import given
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from bridge.scoring.vader import WINDOW, compound, heaviest

PLAIN = SentimentIntensityAnalyzer()
WORDS = st.lists(
    st.sampled_from(
        [
            "the",
            "not",
            "never",
            "isn't",
            "no",
            "very",
            "kind",
            "of",
            "so",
            "but",
            "good",
            "BAD",
            "great!",
            "awful?",
            ":)",
        ]
    ),
    max_size=WINDOW,
)


def pieces(text: str, sign: int) -> list[str]:
    return [text[start:end] for start, end in heaviest(text, sign)]


@given(WORDS)
def test_a_short_text_has_the_figure_of_vader_itself(words: list[str]) -> None:
    text = " ".join(words)
    assert compound(text) == PLAIN.polarity_scores(text)["compound"]


def test_a_long_text_has_the_figures_of_its_best_and_its_worst_window() -> None:
    calm = " the" * (WINDOW - 1)
    text = f"good{calm} great{calm} bad{calm} the"
    assert compound(text) == pytest.approx(compound("great") + compound("bad"))


def test_a_curly_apostrophe_negates_like_a_straight_one() -> None:
    assert compound("It isn\u2019t good") == compound("It isn't good") < 0


@pytest.mark.parametrize("text", ["Could you please help me?", "Dear support team", "The urgent care clinic is open"])
def test_courtesy_and_subject_words_of_support_are_no_mood(text: str) -> None:
    assert compound(text) == 0


@pytest.mark.parametrize("emoji", ["\U0001f621", "\U0001f92c", "\U0001f44e", "\U0001f494", "\U0001f622"])
def test_an_angry_or_sad_emoji_is_bad(emoji: str) -> None:
    assert compound(emoji) < 0


@pytest.mark.parametrize("emoji", ["\U0001f44d", "\U0001f64f", "\U0001f60a", "\u2764\ufe0f", "\U0001f389"])
def test_a_happy_emoji_is_good(emoji: str) -> None:
    assert compound(f"ok{emoji}then") > 0


def test_the_heaviest_pieces_come_first_with_what_shifts_them() -> None:
    text = "Terrible, and support was not very good either."
    assert pieces(text, -1) == ["Terrible", "not very good"]


def test_a_piece_pulls_to_the_side_it_stands_on_in_the_text() -> None:
    text = "not good, but I love it"
    assert (pieces(text, 1), pieces(text, -1)) == (["love"], ["not good"])


def test_an_emoji_is_a_piece() -> None:
    assert pieces("again \U0001f621\U0001f621", -1) == ["\U0001f621"]


@given(st.text() | WORDS.map(" ".join), st.sampled_from([1, -1]))
def test_pieces_lie_inside_any_text(text: str, sign: int) -> None:
    assert all(0 <= start < end <= len(text) for start, end in heaviest(text, sign))
