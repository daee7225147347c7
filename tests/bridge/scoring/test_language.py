"""The language of a text, and what it costs to tell."""

import json
import subprocess
import sys

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from bridge.scoring import language
from bridge.scoring.language import language_of, plainly_english

TEXTS = (
    "I have been waiting for three days and nobody answers me.",
    "Order 4711: where is it",
    "Ich warte seit drei Tagen auf eine Antwort und niemand meldet sich bei mir",
    "Ça ne marche toujours pas, je veux un remboursement",
    "Это всё ещё не работает, почему",
    "まだ動きません、早く直してください",
    "IMMER NOCH KAPUTT",
    "ça 404 {} <b>",
    "\ud83d",
    "",
)


def test_the_small_tables_answer_as_the_full_model_does() -> None:
    full = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    assert [language.load()(text) for text in TEXTS] == [full.classify(text) for text in TEXTS]


@pytest.mark.parametrize(
    "text",
    [
        "I have been waiting for three days and nobody answers me.",
        "The app doesn\u2019t start since the update, what should I do?",
        "Why is this still not fixed? I\u2019ve asked you before.",
    ],
)
def test_plain_english_is_known_by_its_small_words(text: str) -> None:
    assert plainly_english(text)
    assert language_of(text) == "en"


@pytest.mark.parametrize(
    "text",
    [
        "Het was in de doos en is nu weg",
        "Ich war in der Stadt und will das so nicht",
        "i to do i to for",
        "Das Update ist da, but why",
        "Thanks!",
        "",
    ],
)
def test_other_texts_are_not_taken_for_plain_english(text: str) -> None:
    assert not plainly_english(text)


def test_the_model_is_loaded_by_the_first_text_that_needs_it_and_stays_small() -> None:
    program = """
import json, sys
from bridge.scoring.caveats import caveats_of

def held():
    import numpy
    lines = open("/proc/self/smaps_rollup").read().split("Pss:")[1]
    return int(lines.split()[0]) / 1024

caveats_of("I have been waiting for three days", ["en"])
before = "py3langid" in sys.modules
at_first = held()
caveats_of("Ich warte seit drei Tagen", ["en"])
print(json.dumps([before, "py3langid" in sys.modules, held() - at_first]))
"""
    if sys.platform != "linux":
        pytest.skip("reads /proc")
    before, after, grown = json.loads(subprocess.check_output([sys.executable, "-c", program], text=True))
    assert (before, after) == (False, True)
    assert grown < 30, "MB beside numpy; the full model takes 72"
