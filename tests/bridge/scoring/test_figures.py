"""The figures of an evaluation, against values worked out by hand."""

import pytest

from bridge.model import Score
from bridge.scale import FIVE, FOUR
from bridge.scoring.figures import Guess, figures


def guess(label: str, guessed: str, score: int | None = 0, answered: bool = True) -> Guess:
    return Guess(label, guessed, None if score is None else Score(score), answered)


MIXED = [
    guess("positive", "positive", 80),
    guess("positive", "neutral", 10),
    guess("neutral", "neutral", 0),
    guess("negative", "negative", -50),
    guess("negative", "neutral", 0),
    guess("negative", "urgent", -90),
]


def test_urgent_counts_as_negative_where_nobody_labelled_urgent() -> None:
    found = figures(MIXED, FOUR)
    assert found.confusion["negative"] == {"negative": 2, "neutral": 1}
    assert found.recall == pytest.approx({"negative": 2 / 3, "neutral": 1.0, "positive": 0.5})
    assert found.accuracy == pytest.approx(4 / 6)


def test_urgent_stands_for_itself_where_somebody_labelled_it() -> None:
    found = figures([*MIXED, guess("urgent", "urgent", -90)], FOUR)
    assert found.confusion["negative"] == {"negative": 1, "neutral": 1, "urgent": 1}
    assert found.recall["urgent"] == 1.0


def test_macro_f1_is_the_mean_over_the_labels_that_people_gave() -> None:
    # positive 2*1/(2+1), neutral 2*1/(1+3), negative 2*2/(3+2)
    assert figures(MIXED, FOUR).macro_f1 == pytest.approx((2 / 3 + 1 / 2 + 4 / 5) / 3)


def test_mcc_of_two_classes_is_the_phi_coefficient() -> None:
    rows = [guess("negative", "negative")] * 6 + [guess("negative", "neutral")] * 2
    rows += [guess("neutral", "negative")] * 1 + [guess("neutral", "neutral")] * 3
    # (6*3 - 2*1) / sqrt(7*8*4*5)
    assert figures(rows, FOUR).mcc == pytest.approx(16 / (7 * 8 * 4 * 5) ** 0.5)


def test_mcc_is_none_when_one_label_only_was_guessed() -> None:
    assert figures([guess("negative", "neutral"), guess("neutral", "neutral")], FOUR).mcc is None


def test_auc_counts_ties_half_and_no_score_as_zero() -> None:
    rows = [guess("negative", "negative", -50), guess("negative", "unknown", None)]
    rows += [guess("neutral", "neutral", 0), guess("positive", "positive", 80)]
    # pairs: -50<0, -50<80, 0=0 half, 0<80
    assert figures(rows, FOUR).auc_negative == pytest.approx(3.5 / 4)


def test_auc_of_the_scale_of_five_takes_both_lower_labels_as_negative() -> None:
    rows = [guess("very_negative", "negative", -50), guess("negative", "neutral", 0), guess("neutral", "neutral", 10)]
    assert figures(rows, FIVE).auc_negative == 1.0


def test_what_the_product_would_not_answer_is_told_apart() -> None:
    found = figures([guess("negative", "negative", -50), guess("neutral", "negative", -30, answered=False)], FOUR)
    assert found.abstained == 0.5
    assert found.f1_answered == 1.0
    assert found.accuracy == 0.5


def test_the_share_of_neutral_is_that_of_the_guesses() -> None:
    assert figures(MIXED, FOUR).share_neutral == 0.5
