"""Learns from our own cases which words make a message urgent, against thousands of texts that are taken as calm."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.optimize import minimize

from bridge.scoring.features import Vocabulary, features
from training.fitting import Array

URGENT_CASES = Path(__file__).parent / "urgent_cases.tsv"
BUCKETS = 14


@dataclass(frozen=True)
class Case:
    """A message of our own with its label."""

    label: str
    text: str


def cases_of(path: Path) -> list[Case]:
    """The cases of a file: a label, a tab and a text a line."""
    return [Case(*line.split("\t")) for line in path.read_text("utf-8").splitlines()]


def fit_urgent(cases: list[Case], calm: list[str], vocabulary: Vocabulary) -> dict[str, Array]:
    """Logistic regression on single words and pairs; our cases weigh as much as all calm texts together."""
    texts = [*(case.text for case in cases), *calm]
    wanted = np.array([float(case.label == "urgent") for case in cases] + [0.0] * len(calm))
    weights = np.array([1.0] * len(cases) + [len(cases) / len(calm)] * len(calm))
    found = [features(text, vocabulary) for text in texts]
    grams = [one.grams[: 2 * len(one.cut) + 1] for one in found]
    ends = np.cumsum([0, *map(len, grams)])
    keys, columns = np.unique(np.concatenate(grams), return_inverse=True)
    counts = sparse.csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(texts), len(keys)))
    counts.sum_duplicates()
    ours = counts[: len(cases)]
    keep = np.flatnonzero(np.asarray((ours > 0).sum(0)).ravel() >= 2)
    order = keep[np.argsort(-np.asarray((ours[:, keep] > 0).sum(0)).ravel(), kind="stable")]
    kept = np.sort(order[np.unique(keys[order] >> np.uint32(32 - BUCKETS), return_index=True)[1]])
    matrix = (counts[:, kept] > 0).astype(np.float64).tocsr()
    turned = matrix.T.tocsr()

    def loss(flat: Array) -> tuple[float, Array]:
        logit = matrix @ flat[:-1] + flat[-1]
        chance = 1 / (1 + np.exp(-logit))
        error = (chance - wanted) * weights
        value = (weights * (np.logaddexp(0, logit) - wanted * logit)).sum() + 0.5 * (flat[:-1] ** 2).sum()
        return value, np.append(turned @ error + flat[:-1], error.sum())

    fitted = minimize(loss, np.zeros(len(kept) + 1), jac=True, method="L-BFGS-B").x
    step = np.float32(np.abs(fitted[:-1]).max() / 127)
    table, check = np.zeros(2**BUCKETS, np.int8), np.zeros(2**BUCKETS, np.uint8)
    bucket = keys[kept] >> np.uint32(32 - BUCKETS)
    table[bucket] = np.round(fitted[:-1] / step).astype(np.int8)
    check[bucket] = (keys[kept] & np.uint32(0xFF)).astype(np.uint8)
    logits = matrix @ fitted[:-1] + fitted[-1]
    print(
        "urgent: cases over 0",
        (logits[: len(cases)][wanted[: len(cases)] == 1] > 0).mean(),
        "calm texts over 0, 1, 2",
        [(logits[len(cases) :] > cut).mean() for cut in (0, 1, 2)],
    )
    return {"urgent": table, "urgent_check": check, "urgent_step": step, "urgent_base": np.float32(fitted[-1])}
