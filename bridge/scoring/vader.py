"""VADER's word list and rules, read in one pass over our own words.

The rules are those of Hutto and Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media
Text" (ICWSM 2014): negation, intensifiers, capitals, `but`, exclamation and question marks. The list comes from the
package `vaderSentiment`, which is not imported: its module takes longer to load than all of ours.
"""

import functools
import importlib.util
import math
from collections.abc import Mapping
from pathlib import Path

NEGATES = -0.74
BOOST = 0.293
CAPITALS = 0.733
_FADES = (1.0, 0.95, 0.9)
"""What is left of an intensifier one, two and three words before the word."""

NO_MOOD = ("care", "dear", "help", "helping", "helps", "please", "support", "supports", "urgent")
"""Good words in VADER's list, mere courtesy or the matter itself in a support desk: every polite question was happy."""

_EMOJI = {
    "\U0001f621": "furious",  # pouting face
    "\U0001f92c": "furious",  # face with symbols on mouth
    "\U0001f624": "annoyed",  # face with steam from nose
    "\U0001f612": "annoyed",  # unamused face
    "\U0001f644": "annoyed",  # face with rolling eyes
    "\U0001f926": "annoyed",  # face palm
    "\U0001f44e": "bad",  # thumbs down
    "\U0001f494": "heartbroken",  # broken heart
    "\U0001f44d": "good",  # thumbs up
    "\U0001f44f": "great",  # clapping hands
    "\U0001f64f": "thanks",  # folded hands
    "\U0001f525": "great",  # fire
}
"""Words of VADER's list for emoji whose Unicode names say nothing, or the wrong thing."""

_MORE = """
    absolutely amazingly awfully completely considerable considerably decidedly deeply effing enormous enormously
    entirely especially exceptional exceptionally extreme extremely fabulously flipping frackin fracking fricking
    frickin frigging fully fuckin fucking greatly hella highly hugely incredible incredibly intensely major majorly
    more most particularly purely quite really remarkably so substantially thoroughly total totally tremendous
    tremendously uber unbelievably unusually utter utterly very"""
_LESS = """
    almost barely hardly kinda less little marginal marginally occasional occasionally partly scarce scarcely slight
    slightly somewhat sorta"""
BOOSTERS: Mapping[str, float] = dict.fromkeys(_MORE.split(), BOOST) | dict.fromkeys(_LESS.split(), -BOOST)


@functools.cache
def valences() -> Mapping[str, float]:
    """The weight of each word, face and emoji of the list, about -4 to 4."""
    found = _read("vader_lexicon.txt")
    weights = {word: float(rest.split("\t", 1)[0]) for word, rest in found}
    for word in NO_MOOD:
        del weights[word]
    for sign, name in (*_read("emoji_utf8_lexicon.txt"), *_EMOJI.items()):
        known = [weights[word] for word in name.split() if word in weights]
        if known:
            weights[sign] = sum(known)
        else:
            weights.pop(sign, None)
    return weights


def _read(name: str) -> list[tuple[str, str]]:
    spec = importlib.util.find_spec("vaderSentiment")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("vaderSentiment is not installed: its word list is needed")
    lines = (Path(spec.submodule_search_locations[0]) / name).read_text("utf-8").splitlines()
    return [(word, rest) for word, _, rest in (line.partition("\t") for line in lines) if rest]


def weighed(valence: float, boosts: tuple[float, float, float], negated: bool, shouted: bool) -> float:
    """A word's weight where it stands. `boosts`: of the words one, two and three places before it.

    `shouted`: it stands in capitals in a text that is not all in capitals.
    """
    sign = 1.0 if valence > 0 else -1.0
    if shouted:
        valence += sign * CAPITALS
    for boost, left in zip(boosts, _FADES, strict=True):
        if boost:
            valence += sign * boost * left
    return valence * NEGATES if negated else valence


def compound(weights: list[float], but: int, places: list[int], exclamations: int, questions: int) -> float:
    """VADER's figure of -1 to 1 for the weights of a text's words. `but`: the place of the last "but", -1 for none."""
    if not weights:
        return 0.0
    if but >= 0:
        weights = [weight * (0.5 if place < but else 1.5) for weight, place in zip(weights, places, strict=True)]
    total = math.fsum(weights)
    emphasis = min(exclamations, 4) * 0.292 + (0 if questions < 2 else min(questions * 0.18, 0.96))
    if total:
        total += math.copysign(emphasis, total)
    return total / math.sqrt(total * total + 15)
