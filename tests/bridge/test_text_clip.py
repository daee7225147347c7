from hypothesis import given
from hypothesis import strategies as st

from bridge.text.clip import LONGEST, clip


def test_a_text_of_twenty_thousand_characters_stays_as_it_is() -> None:
    text = "é" * LONGEST
    assert clip(text) == (text, False)


def test_a_longer_text_keeps_its_first_15000_and_last_5000_characters() -> None:
    text = "a" * 15_000 + "b" + "c" * 5_000
    assert clip(text) == ("a" * 15_000 + "c" * 5_000, True)


@given(st.text(max_size=50), st.integers(0, 2_000))
def test_no_text_is_longer_after_it_than_twenty_thousand_characters(piece: str, times: int) -> None:
    assert len(clip(piece * times)[0]) <= LONGEST
