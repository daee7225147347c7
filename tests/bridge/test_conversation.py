import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.conversation import Conversation, has_enough, points, state_of, summed_up
from bridge.model import UNKNOWN, Score, ScoredMessage, Trend
from bridge.scale import FOUR, label_of

IDS = st.one_of(st.integers(0, 30).map(str), st.text("0129abAB-.", min_size=1, max_size=4))


def message(message_id: str, score: int | None, written_at: float = 0.0) -> ScoredMessage:
    value = None if score is None else Score(score)
    return ScoredMessage(message_id, written_at, value, label_of(FOUR, value))


def conversation(*scores: int | None) -> Conversation:
    state = state_of([message(str(n), score, float(n)) for n, score in enumerate(scores)])
    assert state is not None
    return state


MESSAGES = st.lists(
    st.builds(message, IDS, st.none() | st.integers(-100, 100), st.sampled_from([0.0, 1.0, 1.5, 2e9])),
    max_size=12,
    unique_by=lambda item: item.message_id,
)


def test_a_ticket_without_messages_has_no_state() -> None:
    assert state_of([]) is None


def test_the_newest_message_by_writing_is_shown() -> None:
    state = state_of([message("1", 80, 20.0), message("2", -80, 10.0)])
    assert state is not None
    assert (state.shown_message_id, state.shown_written_at, state.label, state.score) == ("1", 20.0, "positive", 80)


def test_messages_of_the_same_time_are_ordered_by_id_as_numbers() -> None:
    state = state_of([message("10", -80), message("9", 80)])
    assert state is not None
    assert state.shown_message_id == "10"


def test_ids_that_are_no_numbers_are_ordered_as_text() -> None:
    state = state_of([message("m-9", -80), message("m-10", 80)])
    assert state is not None
    assert state.shown_message_id == "m-9"


def test_an_id_of_two_hundred_digits_is_ordered_as_a_number() -> None:
    state = state_of([message("9" * 199, 80), message("1" + "0" * 199, -80)])
    assert state is not None
    assert state.label == "urgent"


def test_a_newer_unknown_message_does_not_hide_an_older_label() -> None:
    state = conversation(-80, None)
    assert (state.label, state.shown_message_id) == ("urgent", "0")


def test_a_ticket_of_unknown_messages_only_is_unknown_and_stable() -> None:
    assert conversation(None, None) == Conversation(
        label=UNKNOWN,
        score=None,
        trend=Trend.STABLE,
        direction=0,
        current_avg=None,
        messages_scored=2,
        messages_unknown=2,
        shown_message_id="1",
        shown_written_at=1.0,
        newest_at=1.0,
    )


def test_unknown_messages_are_counted_and_do_not_move_the_trend() -> None:
    with_unknown, without = conversation(30, None, -10, None, -60), conversation(30, -10, -60)
    assert (with_unknown.messages_scored, with_unknown.messages_unknown) == (5, 2)
    assert (with_unknown.direction, with_unknown.current_avg) == (without.direction, without.current_avg)


def test_the_example_of_three_messages_declines_by_ninety() -> None:
    state = conversation(30, -10, -60)
    assert (state.direction, state.trend, state.current_avg) == (-90, Trend.DECLINING, -13)


@pytest.mark.parametrize(
    ("scores", "direction"),
    [
        ([50], 0),
        ([50, 20], -30),
        ([50, 99, 20], -30),
        ([10, 20, 50, 60], 40),
        ([10, 20, 99, 50, 60], 40),
        ([10, 20, 30, 40, 50, 60], 30),
        ([10, 20, 30, 99, -99, 40, 50, 60], 30),
    ],
)
def test_the_windows_shrink_until_they_do_not_overlap(scores: list[int], direction: int) -> None:
    assert conversation(*scores).direction == direction


@pytest.mark.parametrize(
    ("scores", "trend"),
    [([0, -30], "stable"), ([0, -31], "declining"), ([0, 30], "stable"), ([0, 31], "improving"), ([80], "stable")],
)
def test_a_change_of_exactly_thirty_hundredths_is_stable(scores: list[int], trend: str) -> None:
    assert conversation(*scores).trend == trend


@pytest.mark.parametrize(
    ("scores", "direction", "trend"),
    [
        ([0, 0, -30, -31], -30, "stable"),  # -30.5 is rounded to the even -30 before it is compared
        ([0, 0, -31, -32], -32, "declining"),  # -31.5
        ([0, 0, 0, 30, 30, 31], 30, "stable"),  # 30.33
        ([0, 0, 0, 30, 31, 31], 31, "improving"),  # 30.67
    ],
)
def test_direction_is_rounded_like_a_score_before_it_is_compared(scores: list[int], direction: int, trend: str) -> None:
    state = conversation(*scores)
    assert (state.direction, state.trend) == (direction, trend)


@pytest.mark.parametrize(("scores", "average"), [([7], 7), ([2, 3], 2), ([3, 4], 4), ([99, 1, 1, 2], 1)])
def test_current_avg_is_the_mean_of_the_last_three(scores: list[int], average: int) -> None:
    assert conversation(*scores).current_avg == average


@given(MESSAGES, st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_state(messages: list[ScoredMessage], chance: random.Random) -> None:
    shuffled = list(messages)
    chance.shuffle(shuffled)
    assert state_of(shuffled) == state_of(messages)


@given(MESSAGES)
def test_what_is_shown_is_a_known_message_that_no_known_one_was_written_after(messages: list[ScoredMessage]) -> None:
    state = state_of(messages)
    known = [item for item in messages if item.label != UNKNOWN]
    if state is None or not known:
        return
    shown = next(item for item in messages if item.message_id == state.shown_message_id)
    assert (state.label, state.score, state.shown_written_at) == (shown.label, shown.score, shown.written_at)
    assert shown.written_at == max(item.written_at for item in known)


@given(st.lists(st.integers(-100, 100), min_size=1, max_size=40))
def test_direction_and_average_are_the_exact_means_of_the_design(scores: list[int]) -> None:
    size = min(3, len(scores) // 2)
    first, last = scores[:size], scores[len(scores) - size :]
    state = conversation(*scores)
    assert state.direction == (round(Fraction(sum(last), size) - Fraction(sum(first), size)) if size else 0)
    assert state.current_avg == round(Fraction(sum(scores[-3:]), min(3, len(scores))))


LONG = st.lists(st.tuples(st.none() | st.integers(-100, 100), st.integers(0, 400_000)), min_size=50, max_size=120)


@given(LONG, st.integers(1, 60))
def test_a_long_conversation_is_the_same_whether_its_beginning_is_summed_up_or_read(
    drawn: list[tuple[int | None, int]], more: int
) -> None:
    messages = [message(str(number), score, float(at)) for number, (score, at) in enumerate(drawn)]
    ordered = sorted(messages, key=lambda one: one.written_at)
    begun, came = ordered[:-more], ordered[-more:]
    earlier = summed_up(begun)
    later = [one for one in begun if earlier is None or one.written_at > earlier.until]
    further = summed_up([*later, *came], earlier) or earlier
    rest = [one for one in ordered if further is None or one.written_at > further.until]
    if further is None or has_enough(rest):
        assert state_of(rest, further) == state_of(messages)


def test_a_few_messages_are_not_summed_up() -> None:
    assert summed_up([message(str(n), 10, float(n)) for n in range(48)]) is None


def test_of_many_messages_the_last_ones_stay_to_be_read() -> None:
    messages = [message(str(n), 10, float(n)) for n in range(500)]
    earlier = summed_up(messages)
    assert earlier is not None
    assert len([one for one in messages if one.written_at > earlier.until]) == 16


def test_messages_written_at_the_same_time_are_never_parted() -> None:
    assert summed_up([message(str(n), 10, 5.0) for n in range(100)]) is None


def test_what_a_conversation_shows_beside_its_trend() -> None:
    state = conversation(30, None, -90, -10, None)
    assert (state.first, state.lowest, state.score, state.newest_at, state.negative_at) == (30, -90, -10, 4.0, 2.0)


@pytest.mark.parametrize(
    ("hours", "scores", "slope"),
    [
        ((0, 24), (50, -50), -100),
        ((0, 24, 48), (0, 10, 20), 10),
        ((0, 12), (0, 10), 20),
        ((0, 24, 48), (0, 0, 1), 0),  # 0.5 to the even 0
        ((0, 0.99), (50, -50), None),
        ((0,), (50,), None),
    ],
)
def test_the_slope_is_the_change_a_day(hours: tuple[float, ...], scores: tuple[int, ...], slope: int | None) -> None:
    messages = [message(str(n), score, hours[n] * 3600) for n, score in enumerate(scores)]
    state = state_of(messages)
    assert state is not None
    assert state.slope == slope


def test_the_history_tells_where_the_conversation_stood_after_each_message() -> None:
    told = points([message("1", 30, 1.0), message("3", -60, 3.0), message("2", -10, 2.0), message("4", None, 4.0)])
    assert [(one.message_id, one.direction, one.current_avg, str(one.trend)) for one in told] == [
        ("1", 0, 30, "stable"),
        ("2", -40, 10, "declining"),
        ("3", -90, -13, "declining"),
    ]


@given(MESSAGES)
def test_the_history_ends_where_the_conversation_stands(messages: list[ScoredMessage]) -> None:
    told, state = points(messages), state_of(messages)
    if told:
        assert state is not None
        assert (told[-1].direction, told[-1].current_avg) == (state.direction, state.current_avg)
