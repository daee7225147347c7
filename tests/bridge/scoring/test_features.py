"""What the embedded scorer looks at: whole numbers for words in a row, figures for the rest, for any text."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.scoring import weights
from bridge.scoring.features import DENSE, features
from bridge.scoring.weights import model
from bridge.scoring.words import key, normal, pieces

ANY = st.text() | st.text(alphabet=st.characters(categories=["Cc", "Cs", "So", "Mn", "Lo", "Lu"]))


@given(ANY)
@example("\u202eabc \u202d")
@example("\U0001f621" * 50)
@example("\x00\ud800\udfff")
@example("a " * 500)
def test_any_text_has_features_that_are_numbers(text: str) -> None:
    found = features(text, model().vocabulary)
    assert found.dense.shape == (DENSE,)
    assert np.isfinite(found.dense).all()
    assert len(found.grams) == 4 * len(found.cut) + 1


@given(ANY)
def test_every_piece_stands_in_the_text(text: str) -> None:
    straight = text.translate(str.maketrans("\u2019\u2018`\u00b4\u02bc", "'''''"))
    place = 0
    for piece in pieces(text):
        place = straight.index(piece, place) + len(piece)


@pytest.mark.parametrize(
    ("piece", "word"),
    [
        ("GREAT", "great"),
        ("sooooo", "soo"),
        ("https://a.example/x", "<url>"),
        ("@you", "<user>"),
        ("12,5", "<num>"),
        ("!!!!", "<!3>"),
    ],
)
def test_pieces_count_as_one_word_of_their_kind(piece: str, word: str) -> None:
    assert normal(piece) == word


def test_the_key_of_a_word_is_the_same_on_every_machine() -> None:
    assert key("great") == 1234489951


@pytest.mark.parametrize("piece", ["good ", "a", "!", "\U0001f621", "not ", ":(", "'", "\u0645", "x" * 61, "."])
def test_twice_the_text_takes_about_twice_as_long(piece: str) -> None:
    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        runs = []
        for _ in range(3):
            start = time.thread_time()
            features(text, model().vocabulary)
            runs.append(time.thread_time() - start)
        return min(runs)

    # Quadratic would be sixteen times.
    assert seconds(80_000) < 9 * seconds(20_000) + 0.02


def test_a_word_counts_the_same_whichever_words_came_before() -> None:
    before = features("Not good at all", model().vocabulary)
    features("many other words of no importance whatsoever", model().vocabulary)
    assert np.array_equal(features("Not good at all", model().vocabulary).dense, before.dense)


def test_the_model_is_at_most_a_megabyte_and_holds_no_pickle() -> None:
    file = Path(weights.__file__).with_name("weights.npz")
    assert file.stat().st_size <= 1_000_000
    with np.load(file, allow_pickle=False) as held:
        assert all(held[name].dtype.kind in "iuf" for name in held.files)


def test_scoring_needs_numpy_and_nothing_of_training() -> None:
    code = (
        "import sys; from bridge.scoring.offline import score; score('This is fine');"
        "print({'scipy', 'vaderSentiment', 'py3langid', 'requests'} & {name.split('.')[0] for name in sys.modules})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
