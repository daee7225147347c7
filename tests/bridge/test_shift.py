"""When a share of negative messages is suddenly high, and how sure a difference is."""

import pytest

from bridge.shift import Share, difference, has_shifted


@pytest.mark.parametrize(
    ("now", "usual", "shifted"),
    [
        pytest.param(Share(50, 125), Share(200, 1000), True, id="a doubling"),
        pytest.param(Share(27, 125), Share(200, 1000), False, id="as usual"),
        pytest.param(Share(10, 125), Share(200, 1000), False, id="better than usual"),
        pytest.param(Share(20, 39), Share(200, 1000), False, id="too few now"),
        pytest.param(Share(50, 125), Share(10, 79), False, id="too few before"),
        pytest.param(Share(12_500, 50_000), Share(80_000, 400_000), False, id="sure, but no news"),
        pytest.param(Share(40, 125), Share(0, 1000), True, id="none was negative before"),
    ],
)
def test_a_shift_is_sure_and_large(now: Share, usual: Share, shifted: bool) -> None:
    assert has_shifted(now, usual) is shifted


def test_messages_of_the_same_few_customers_count_for_less() -> None:
    now, usual = Share(50, 125), Share(200, 1000)
    assert has_shifted(now, usual, alike=2.0)
    assert not has_shifted(now, usual, alike=3.0)


def test_the_interval_of_a_difference_is_newcombes() -> None:
    low, high = difference(Share(48, 80), Share(56, 70)) or (0.0, 0.0)
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)  # his example (a): 56/70 against 48/80


def test_without_messages_there_is_no_difference() -> None:
    assert difference(Share(0, 0), Share(5, 10)) is None
