"""VADER's word list and rules, in our own reading."""

import pytest
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from bridge.scoring import vader
from bridge.scoring.features import DENSE, features
from bridge.scoring.weights import model

PLAIN = SentimentIntensityAnalyzer()
FIGURE = DENSE - 2
"""Where VADER's figure stands among the features."""


def compound(text: str) -> float:
    return float(features(text, model().vocabulary).dense[FIGURE])


@pytest.mark.parametrize(
    "text",
    [
        "good",
        "The food was good",
        "The food was very good",
        "The food was extremely very good",
        "The food was slightly bad",
        "The food was not good",
        "It was never good",
        "It isn't good",
        "GOOD food",
        "GOOD FOOD",
        "good!!!",
        "bad!!!!!!!",
        "It was good, but the room was bad",
        "bad but great",
        ":)",
        "nothing of mood here",
        "Is it bad? Really bad?",
    ],
)
def test_a_text_has_about_the_figure_of_vader_itself(text: str) -> None:
    assert compound(text) == pytest.approx(PLAIN.polarity_scores(text)["compound"], abs=0.06)


def test_a_curly_apostrophe_negates_like_a_straight_one() -> None:
    assert compound("It isn\u2019t good") == compound("It isn't good") < 0


@pytest.mark.parametrize("text", ["Could you please help me?", "Dear support team", "The urgent care clinic is open"])
def test_courtesy_and_subject_words_of_support_are_no_mood(text: str) -> None:
    assert compound(text) == 0


@pytest.mark.parametrize("emoji", ["\U0001f621", "\U0001f92c", "\U0001f44e", "\U0001f494", "\U0001f622"])
def test_an_angry_or_sad_emoji_is_bad(emoji: str) -> None:
    assert compound(emoji) < 0


@pytest.mark.parametrize("emoji", ["\U0001f44d", "\U0001f600", "\U0001f64f", "\u2764"])
def test_a_happy_emoji_is_good(emoji: str) -> None:
    assert compound(emoji) > 0


def test_the_list_is_read_without_the_package_being_imported() -> None:
    assert vader.valences()["terrible"] < 0 < vader.valences()["great"]
