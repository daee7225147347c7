"""Our own cases of urgent messages and of calm ones that look alike; training never sees these."""

from pathlib import Path

import pytest

from bridge.scale import FOUR, label_of
from bridge.scoring.offline import score

CASES = [line.split("\t") for line in Path(__file__).with_name("urgent_cases.tsv").read_text("utf-8").splitlines()]
TRAINED = Path(__file__).parents[3] / "training" / "urgent_cases.tsv"


def label(text: str) -> str:
    return label_of(FOUR, score(text).score)


def test_there_are_two_hundred_cases_and_training_has_others() -> None:
    trained = [line.split("\t")[1] for line in TRAINED.read_text("utf-8").splitlines()]
    assert (len(CASES), len(trained)) == (200, 200)
    assert not {text for _, text in CASES} & set(trained)


@pytest.mark.parametrize("text", [text for wanted, text in CASES if wanted != "urgent"])
def test_a_calm_look_alike_is_not_urgent(text: str) -> None:
    assert label(text) != "urgent"


def test_urgent_messages_in_words_never_seen_are_found_as_often_as_the_model_card_says() -> None:
    urgent = [text for wanted, text in CASES if wanted == "urgent"]
    assert sum(label(text) == "urgent" for text in urgent) >= 0.44 * len(urgent)


def test_hardly_an_urgent_message_is_taken_for_a_positive_one() -> None:
    urgent = [text for wanted, text in CASES if wanted == "urgent"]
    assert sum(label(text) == "positive" for text in urgent) <= 0.03 * len(urgent)
