"""The trained model of the embedded scorer: `weights.npz` beside this file, made by `make train`. No pickle."""

import functools
import math
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bridge.scoring.features import GRAM_BITS, Features, Floats, Vocabulary

_FILE = Path(__file__).with_name("weights.npz")
_URGENT_BITS = 14
_CHECK = np.uint32(0xFF)
_REACH = 4.0
"""Inputs are kept within so many standard deviations, as in training."""
_loading = threading.Lock()


@dataclass(frozen=True, slots=True)
class Chances:
    """How likely a text is each, by the model; they add up to 1."""

    negative: float
    neutral: float
    positive: float


@dataclass(frozen=True)
class Model:
    """What `weights.npz` holds, ready for use. Safe in any number of threads."""

    vocabulary: Vocabulary
    _grams: Floats
    _checks: npt.NDArray[np.uint8]
    _mean: Floats
    _per_spread: Floats
    _network: tuple[Floats, Floats, Floats, Floats, Floats]
    _urgent: Floats
    _urgent_checks: npt.NDArray[np.uint8]
    urgent_base: float
    _sure_at: Floats
    _sure: Floats
    negative_half: float
    """The lead of `negative` over the next at which half of its bucket is passed; so for `positive_half`."""
    positive_half: float

    def pulls(self, read: Features) -> Floats:
        """What each row of words says: negative and positive against neutral. Unknown rows are 0."""
        buckets = (read.grams >> np.uint32(32 - GRAM_BITS)).astype(np.intp)
        known = np.flatnonzero(self._checks.take(buckets) == read.grams & _CHECK)
        found = np.zeros((len(buckets), 2), np.float32)
        found[known] = self._grams.take(buckets.take(known), 0)
        return found

    def chances(self, read: Features, pulls: Floats) -> Chances:
        """The model's word on a text."""
        known = int(np.count_nonzero(pulls[:, 0]))
        size = len(read.dense)
        inputs = np.empty(size + 2, np.float32)
        inputs[:size] = read.dense
        inputs[size:] = np.add.reduce(pulls, 0) / max(known, 1) ** 0.25
        inputs -= self._mean
        inputs *= self._per_spread
        np.maximum(inputs, -_REACH, out=inputs)
        np.minimum(inputs, _REACH, out=inputs)
        a, b, c, d, e = self._network
        logits = (np.tanh(inputs @ a + b) @ c + inputs @ d + e).tolist()
        top = max(logits)
        negative, neutral, positive = (math.exp(logit - top) for logit in logits)
        total = negative + neutral + positive
        return Chances(negative / total, neutral / total, positive / total)

    def urging(self, read: Features) -> Floats:
        """How urgent each word and each pair of words is, our own cases taught it. Their sum and `urgent_base` are
        a logit."""
        grams = read.grams[: 2 * len(read.cut) + 1]
        buckets = (grams >> np.uint32(32 - _URGENT_BITS)).astype(np.intp)
        found: Floats = self._urgent.take(buckets)
        found *= self._urgent_checks.take(buckets) == grams & _CHECK
        return found

    def confidence(self, chance: float) -> float:
        """The share of labels with this probability that were right, on sources that the model had not seen."""
        return float(np.interp(chance, self._sure_at, self._sure))


def model() -> Model:
    """The model, loaded when it is first asked for."""
    with _loading:
        return _load()


@functools.cache
def _load() -> Model:
    with np.load(_FILE, allow_pickle=False) as file:
        kept: dict[str, Any] = {name: file[name] for name in file.files}
    return Model(
        vocabulary=Vocabulary(kept["polarity"], kept["polarity_step"]),
        _grams=kept["grams"] * kept["grams_step"],
        _checks=kept["grams_check"],
        _mean=kept["mean"],
        _per_spread=1 / kept["spread"],
        _network=(kept["a"], kept["b"], kept["c"], kept["d"], kept["e"]),
        _urgent=kept["urgent"] * kept["urgent_step"],
        _urgent_checks=kept["urgent_check"],
        urgent_base=float(kept["urgent_base"]),
        _sure_at=kept["sure_at"],
        _sure=kept["sure"],
        negative_half=float(kept["negative_half"]),
        positive_half=float(kept["positive_half"]),
    )
