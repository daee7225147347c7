from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import Invalid
from bridge.model import UNKNOWN, Score
from bridge.scale import FIVE, FOUR, Scale, label_of, parse, rounded, scale_named, score_for, shown

OWN = parse("good>=0.5,ok>=-0.2,bad")
SCALES = st.sampled_from([FOUR, FIVE, OWN])
SCORES = st.integers(-100, 100).map(Score)


@pytest.mark.parametrize(
    ("score", "label"),
    [
        (100, "positive"),
        (50, "positive"),
        (49, "neutral"),
        (-20, "neutral"),
        (-21, "negative"),
        (-70, "negative"),
        (-71, "urgent"),
        (-100, "urgent"),
    ],
)
def test_each_bucket_of_four_owns_its_lower_edge(score: int, label: str) -> None:
    assert label_of(FOUR, Score(score)) == label


@pytest.mark.parametrize(
    ("score", "label"),
    [
        (60, "very_positive"),
        (59, "positive"),
        (20, "positive"),
        (19, "neutral"),
        (-20, "neutral"),
        (-21, "negative"),
        (-60, "negative"),
        (-61, "very_negative"),
    ],
)
def test_each_bucket_of_five_owns_its_lower_edge(score: int, label: str) -> None:
    assert label_of(FIVE, Score(score)) == label


def test_no_score_is_unknown_and_never_neutral() -> None:
    assert label_of(FOUR, None) == UNKNOWN


def test_scales_are_found_by_name() -> None:
    assert (scale_named("four"), scale_named("five")) == (FOUR, FIVE)


def test_a_workspace_writes_its_own_scale_as_text() -> None:
    assert OWN.buckets == (("good", 50), ("ok", -20), ("bad", -100))


def test_spaces_and_trailing_zeros_in_an_own_scale_do_not_matter() -> None:
    assert parse(" good >= 0.50 , ok>=-0.20,bad") == OWN


def test_the_name_of_an_own_scale_gives_it_back() -> None:
    assert scale_named(OWN.name) == OWN


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "four, five"),
        ("six", "four, five"),
        ("good>=0.5", "four, five"),
        (",".join(f"l{n}>={1 - n / 10:.1f}" for n in range(11)), "2 to 10"),
        ("good>=0.5,bad>=-1", "without >="),
        ("good,bad", "where good begins"),
        ("good>=0.5,,bad", "where a label begins"),
        ("good>0.5,bad", "where good>0.5 begins"),
        ("good>=0.505,bad", "two decimals"),
        ("good>=nan,bad", "two decimals"),
        ("good>=1.01,bad", "-0.99 to 1"),
        ("good>=-1,bad", "-0.99 to 1"),
        ("good>=0.2,ok>=0.2,bad", "ok is not below good"),
        ("good>=0.2,ok>=0.5,bad", "ok is not below good"),
        ("good>=0.2,good>=0.1,bad", "only once"),
        ("Good>=0.2,bad", "a-z"),
        ("gut oder so>=0.2,bad", "a-z"),
        ("good>=0.2,unknown", "always there"),
        ("good>=0.2,escalated", "clash"),
        ("trend_declining>=0.2,bad", "clash"),
    ],
)
def test_a_wrong_own_scale_is_refused_with_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(Invalid) as error:
        scale_named(text)
    assert error.value.field == "scale"
    assert says in str(error.value)


@given(st.text())
def test_any_text_is_a_scale_or_refused(text: str) -> None:
    try:
        scale = scale_named(text)
    except Invalid:
        return
    assert label_of(scale, Score(100)) == scale.labels[0]


@pytest.mark.parametrize(
    ("label", "before", "after"),
    [
        ("positive", -82, 50),
        ("neutral", 80, 49),
        ("neutral", -82, -20),
        ("negative", 10, -21),
        ("negative", -100, -70),
        ("urgent", 10, -71),
        ("urgent", -90, -90),
        ("positive", None, 50),
        ("neutral", None, 0),
        ("urgent", None, -71),
        (UNKNOWN, 30, None),
        (UNKNOWN, None, None),
    ],
)
def test_a_correction_moves_the_score_to_the_nearest_value_with_that_label(
    label: str, before: Score | None, after: Score | None
) -> None:
    assert score_for(FOUR, label, before) == after


@given(SCALES, SCORES, st.data())
def test_no_other_value_with_the_corrected_label_is_nearer(scale: Scale, score: Score, data: st.DataObject) -> None:
    label = data.draw(st.sampled_from(scale.labels))
    same = [Score(value) for value in range(-100, 101) if label_of(scale, Score(value)) == label]
    assert score_for(scale, label, score) == min(same, key=lambda value: abs(value - score))


def test_a_correction_to_a_label_the_scale_does_not_have_names_the_labels() -> None:
    with pytest.raises(Invalid, match="positive, neutral, negative, urgent or unknown"):
        score_for(FOUR, "angry", Score(0))


@pytest.mark.parametrize(
    ("value", "score"),
    [
        (0.125, 12),
        (0.135, 14),
        (0.145, 14),
        (-0.145, -14),
        (-0.205, -20),
        (0.005, 0),
        (0.015, 2),
        (1, 100),
        (-1.0, -100),
    ],
)
def test_halves_are_rounded_to_the_even_hundredth_of_the_printed_decimal(value: float, score: int) -> None:
    assert rounded(value) == score


@given(st.decimals(-1, 1, places=4))
def test_rounding_agrees_with_decimal_arithmetic(value: Decimal) -> None:
    assert rounded(float(value)) == int((value * 100).quantize(Decimal(1), ROUND_HALF_EVEN))


@pytest.mark.parametrize("value", [1.001, -1.2, float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_no_score_is_refused(value: float) -> None:
    with pytest.raises(Invalid, match="score"):
        rounded(value)


@given(SCORES)
def test_a_score_shown_and_read_again_is_the_same(score: Score) -> None:
    value = shown(score)
    assert value is not None
    assert rounded(value) == score


def test_a_score_is_shown_with_two_decimals_and_no_score_as_none() -> None:
    assert (shown(Score(-82)), shown(None)) == (-0.82, None)
