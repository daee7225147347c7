"""The two kinds of model behind the embedded scorer, and how they are fitted.

Softmax regression over many rare features, and a small network over few dense ones. Both learn what is common to all
sources beside what is peculiar to each: a source's own leaning is learned with it and then dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import minimize
from scipy.stats import rankdata

Array = Any
"""numpy arrays and scipy's sparse matrices; their shapes are in the docstrings."""

LABELS = ("negative", "neutral", "positive")
_NEVER = -30.0
_FOUND = 0.05
"""How much the share of negative texts that are found counts beside macro-F1: a missed complaint costs most."""


@dataclass(frozen=True)
class Rows:
    """Labels and sources of the texts that a model is fitted to."""

    labels: Array
    """0 negative, 1 neutral, 2 positive."""
    sources: Array
    """Names."""

    def some(self, which: Array) -> "Rows":
        """The rows that are picked."""
        return Rows(self.labels[which], self.sources[which])

    def weights(self) -> Array:
        """Large sources count more, but by the root of their size only."""
        weights = np.zeros(len(self.labels))
        for source in np.unique(self.sources):
            of = self.sources == source
            weights[of] = 1 / np.sqrt(of.sum())
        return weights / weights.mean()

    def places(self) -> tuple[Array, Array]:
        """Each row's source as a number, and what is added to the logits of labels that a source never gives."""
        names, place = np.unique(self.sources, return_inverse=True)
        mask = np.zeros((len(names), 3))
        for number in range(len(names)):
            for label in range(3):
                if not (self.labels[place == number] == label).any():
                    mask[number, label] = _NEVER
        return place, mask


def softmax(logits: Array) -> Array:
    """Probabilities by row."""
    raised = np.exp(logits - logits.max(1, keepdims=True))
    return raised / raised.sum(1, keepdims=True)


def fit_sparse(matrix: Array, rows: Rows, ridge: float, steps: int = 35) -> Array:
    """Weights (features x 3) of a softmax regression, by L-BFGS."""
    count, size = matrix.shape
    turned = matrix.T.tocsr()
    place, mask = rows.places()
    weights, wanted, sources = rows.weights(), np.eye(3)[rows.labels], len(mask)
    gather = sparse.csr_matrix((np.ones(count), (place, np.arange(count))), shape=(sources, count))
    cut = size * 3

    def loss(flat: Array) -> tuple[float, Array]:
        w, own, base = flat[:cut].reshape(size, 3), flat[cut:-3].reshape(sources, 3), flat[-3:]
        logits = matrix @ w + (own + mask)[place] + base
        logits -= logits.max(1, keepdims=True)
        raised = np.exp(logits)
        sums = raised.sum(1, keepdims=True)
        likely = (weights * ((wanted * logits).sum(1) - np.log(sums[:, 0]))).sum()
        error = (raised / sums - wanted) * weights[:, None]
        gradient = np.concatenate([(turned @ error + ridge * w).ravel(), (gather @ error + own).ravel(), error.sum(0)])
        return -likely + ridge / 2 * (w * w).sum() + (own * own).sum() / 2, gradient

    found = minimize(
        loss, np.zeros(cut + sources * 3 + 3), jac=True, method="L-BFGS-B", options={"maxiter": steps, "maxcor": 8}
    )
    return found.x[:cut].reshape(size, 3)


@dataclass(frozen=True)
class Network:
    """One hidden layer of tanh beside a straight way: logits = tanh(x a + b) c + x d + e."""

    a: Array
    b: Array
    c: Array
    d: Array
    e: Array

    def logits(self, inputs: Array) -> Array:
        """Rows x 3."""
        return np.tanh(inputs @ self.a + self.b) @ self.c + inputs @ self.d + self.e


def fit_network(
    inputs: Array, rows: Rows, seed: int, hidden: int = 24, epochs: int = 20, drop: float = 0.2, decay: float = 0.05
) -> Network:
    """By Adam in batches of 256, inputs dropped at random. Labels that a source never gives cost it nothing."""
    rng = np.random.default_rng(seed)
    inputs = inputs.astype(np.float32)
    count, size = inputs.shape
    place, mask = rows.places()
    mask = mask.astype(np.float32)
    weights, wanted = rows.weights().astype(np.float32), np.eye(3, dtype=np.float32)[rows.labels]
    values = {
        "a": rng.normal(0, 1 / np.sqrt(size), (size, hidden)),
        "b": np.zeros(hidden),
        "c": rng.normal(0, 0.3 / np.sqrt(hidden), (hidden, 3)),
        "d": np.zeros((size, 3)),
        "e": np.zeros(3),
        "own": np.zeros((len(mask), 3)),
    }
    values = {name: value.astype(np.float32) for name, value in values.items()}
    mean = {name: np.zeros_like(value) for name, value in values.items()}
    square = {name: np.zeros_like(value) for name, value in values.items()}
    batch, step = 256, 0
    steps = epochs * (count // batch)
    for _ in range(epochs):
        order = rng.permutation(count)
        for begin in range(0, count - batch + 1, batch):
            pick = order[begin : begin + batch]
            x = inputs[pick] * (rng.random((batch, size), dtype=np.float32) > drop) / np.float32(1 - drop)
            hid = np.tanh(x @ values["a"] + values["b"])
            logits = hid @ values["c"] + x @ values["d"] + values["e"] + (values["own"] + mask)[place[pick]]
            error = (softmax(logits) - wanted[pick]) * weights[pick][:, None] / batch
            back = (error @ values["c"].T) * (1 - hid * hid)
            own = 0.01 * values["own"] / len(mask)
            np.add.at(own, place[pick], error)
            gradients = {
                "a": x.T @ back, "b": back.sum(0), "c": hid.T @ error, "d": x.T @ error, "e": error.sum(0), "own": own,
            }  # fmt: skip
            step += 1
            rate = np.float32(3e-3 * (1 - step / steps) + 1e-5)
            for name, gradient in gradients.items():
                mean[name] = 0.9 * mean[name] + 0.1 * gradient
                square[name] = 0.999 * square[name] + 0.001 * gradient**2
                move = mean[name] / (1 - 0.9**step) / (np.sqrt(square[name] / (1 - 0.999**step)) + 1e-7)
                values[name] -= rate * move.astype(np.float32)
                if name in "acd":
                    values[name] *= 1 - rate * np.float32(decay)
    whole = mask.min(1) == 0  # the leaning of sources that give all three labels
    base = values["e"] + values["own"][whole].mean(0)
    return Network(values["a"], values["b"], values["c"], values["d"], base)


def together(networks: Sequence[Network]) -> Network:
    """One network whose logits are the mean of these."""
    share = np.float32(1 / len(networks))
    return Network(
        np.hstack([one.a for one in networks]),
        np.hstack([one.b for one in networks]),
        np.vstack([one.c for one in networks]) * share,
        sum(one.d for one in networks) * share,
        sum(one.e for one in networks) * share,
    )


def macro_f1(labels: Array, guesses: Array) -> float:
    """The mean F1 of the labels that occur in `labels`."""
    found = []
    for label in np.unique(labels):
        right = ((labels == label) & (guesses == label)).sum()
        found.append(2 * right / ((labels == label).sum() + (guesses == label).sum()))
    return float(np.mean(found))


def auc_negative(labels: Array, falling: Array) -> float:
    """How likely a negative text has a higher `falling` than another one (Mann and Whitney, ties counting half)."""
    ranks = rankdata(falling)
    count = (labels == 0).sum()
    return float((ranks[labels == 0].sum() - count * (count + 1) / 2) / (count * (len(labels) - count)))


def by_source(rows: Rows, guesses: Array) -> dict[str, float]:
    """Macro-F1 of each source."""
    return {
        str(source): macro_f1(rows.labels[rows.sources == source], guesses[rows.sources == source])
        for source in np.unique(rows.sources)
    }


def fitted_bias(logits: Array, rows: Rows) -> Array:
    """What to add to the logits for the best mean macro-F1 over the sources, with a little for negative texts found."""
    best, bias = -1.0, np.zeros(3)
    for low in np.arange(-1.0, 1.01, 0.1):
        for high in np.arange(-1.0, 1.01, 0.1):
            tried = np.array([low, 0.0, high])
            guesses = (logits + tried).argmax(1)
            found = float((guesses == 0)[rows.labels == 0].mean())
            mean = float(np.mean(list(by_source(rows, guesses).values()))) + _FOUND * found
            if mean > best:
                best, bias = mean, tried
    return bias
