"""Guesses how good or bad words are that stand in no list, from listed words of similar meaning.

    python -m training.neighbours --model model.onnx --tokenizer tokenizer.json --words words.txt --hu-liu FOLDER > FILE

The model is a sentence encoder; ours was all-MiniLM-L6-v2 (Apache-2.0). The words are the 40,000 most frequent English
ones of the package wordfreq and those of the lists. Needs onnxruntime and tokenizers, which nothing else here does.
"""

import argparse
from importlib import import_module
from pathlib import Path

import numpy as np

from bridge.scoring import vader
from training.fitting import Array
from training.word_lists import lists

_FRAMES = ("{}", "It was so {}")
_FOLDS, _RIDGE, _UNLISTED = 5, 8.0, 0.1


def main() -> None:
    """Prints a line for each word: it, a tab, and the weight that models which had not seen its own guess."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--hu-liu", type=Path)
    given = parser.parse_args()
    listed = [{word: weight / 2.5 for word, weight in vader.valences().items()}, *lists(given.hu_liu)]
    words = sorted(set(given.words.read_text("utf-8").split()) | {word for one in listed for word in one})
    known = [[one[word] for one in listed if word in one] for word in words]
    weights = np.array([np.mean(found) if found else 0.0 for found in known])
    trust = np.array([1.0 if found else _UNLISTED for found in known])
    vectors = np.hstack([_centred(_encoded([frame.format(word) for word in words], given)) for frame in _FRAMES])
    vectors = np.hstack([vectors, np.ones((len(words), 1))])
    fold = np.random.default_rng(0).integers(0, _FOLDS, len(words))
    guess = np.zeros(len(words))
    for number in range(_FOLDS):
        seen = fold != number
        weighted = vectors[seen] * trust[seen, None]
        normal = weighted.T @ vectors[seen] + _RIDGE * np.eye(vectors.shape[1])
        guess[~seen] = vectors[~seen] @ np.linalg.solve(normal, weighted.T @ weights[seen])
    for word, weight in zip(words, guess, strict=True):
        print(f"{word}\t{weight:.3f}")


def _centred(vectors: Array) -> Array:
    return vectors - vectors.mean(0)


def _encoded(texts: list[str], given: argparse.Namespace) -> Array:
    """The mean of each text's token vectors, of length 1."""
    tokenizer = import_module("tokenizers").Tokenizer.from_file(str(given.tokenizer))
    session = import_module("onnxruntime").InferenceSession(str(given.model))
    names = [one.name for one in session.get_inputs()]
    found = []
    for text in texts:
        ids = np.array([tokenizer.encode(text).ids], np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        vector = session.run(None, {name: inputs[name] for name in names})[0][0].mean(0)
        found.append(vector / np.linalg.norm(vector))
    return np.array(found)


if __name__ == "__main__":
    main()
