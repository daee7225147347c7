"""What lists of good and bad words teach: a table of weights for words, their stems and runs of letters.

The lists themselves are not ours and are not kept; the table is fitted to them and to common words that stand in none,
so that it also knows words that no list has. Lists: VADER (MIT), AFINN-111 (ODbL), TextBlob's English list (from
CLiPS Pattern, BSD), each from its package; Hu and Liu's opinion words (CC BY 4.0, nltk_data `opinion_lexicon`) from a
folder with `positive-words.txt` and `negative-words.txt`.
"""

import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import cg

from bridge.scoring import vader
from bridge.scoring.features import POLARITY_BITS, word_parts
from training.fitting import Array

_LISTED = 5.0
"""How much a list is to be believed of its words; a word in no list at most as much."""

_WORD = re.compile(r"[a-z][a-z'-]*")


def lists(hu_liu: Path | None) -> list[Mapping[str, float]]:
    """Hu and Liu (empty without the folder), AFINN and TextBlob: words with weights of about -1.5 to 1.5."""
    opinion: dict[str, float] = {}
    if hu_liu is not None:
        for name, weight in (("positive-words.txt", 1.0), ("negative-words.txt", -1.0)):
            lines = (hu_liu / name).read_text("latin-1").splitlines()
            opinion |= dict.fromkeys((line for line in lines if _WORD.fullmatch(line)), weight)
    afinn = {word: weight / 3 for word, weight in import_module("afinn").Afinn()._dict.items() if _WORD.fullmatch(word)}
    textblob = Path(str(import_module("textblob").__file__)).parent / "en" / "en-sentiment.xml"
    senses: dict[str, list[float]] = {}
    for sense in ElementTree.parse(textblob).getroot():
        senses.setdefault(str(sense.get("form")).lower(), []).append(float(str(sense.get("polarity"))))
    pattern = {word: 1.5 * float(np.mean(found)) for word, found in senses.items() if _WORD.fullmatch(word)}
    return [opinion, afinn, pattern]


def guesses(path: Path | None) -> Mapping[str, float]:
    """Words that may stand in no list with a weight guessed from their neighbours, as `neighbours` writes them."""
    if path is None:
        return {}
    lines = (line.split("\t") for line in path.read_text("utf-8").splitlines())
    return {word: float(weight) for word, weight in lines if _WORD.fullmatch(word)}


def polarity_table(known: list[Mapping[str, float]], common: Mapping[str, int], guessed: Mapping[str, float]) -> Array:
    """2**POLARITY_BITS x 4: the mean of all lists, and each of `known`. `common`: words
    and how often they were seen; those in no list count as 0, the surer the more often."""
    listed = {word: weight / 2.5 for word, weight in vader.valences().items() if _WORD.fullmatch(word)}
    every = [listed, *known]
    words = sorted({word for one in (*every, guessed, common) for word in one if _WORD.fullmatch(word)})
    wanted, trust = np.zeros((len(words), 4)), np.full((len(words), 4), 0.2)
    for place, word in enumerate(words):
        trust[place] = min(0.2 * (1 + common.get(word, 0)), 5.0)
        weights = [one[word] for one in every if word in one]
        if word in guessed:
            weights.append(guessed[word])
        if weights:
            wanted[place, 0], trust[place, 0] = np.mean(weights), _LISTED
        for column, one in enumerate(known, 1):
            if word in one:
                wanted[place, column], trust[place, column] = one[word], _LISTED
    parts = [word_parts(word) for word in words]
    ends = np.cumsum([0, *map(len, parts)])
    flat = np.concatenate(parts)
    matrix = sparse.csr_matrix((np.ones(len(flat)), flat, ends), shape=(len(words), 2**POLARITY_BITS))
    ridge = np.full(2**POLARITY_BITS, 2.0)
    ridge[[one[0] for one in parts]] = 0.15  # a word itself may be remembered, its letters must agree with others
    table = np.zeros((2**POLARITY_BITS, 4), np.float32)
    for column in range(4):
        weighted = matrix.T @ sparse.diags(trust[:, column])
        normal = weighted @ matrix + sparse.diags(ridge)
        table[:, column] = cg(normal, weighted @ wanted[:, column], maxiter=400, rtol=1e-4)[0]
    return table
