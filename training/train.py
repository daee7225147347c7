"""Trains the embedded scorer and writes bridge/scoring/weights.npz: `make train DATA=dev.jsonl`.

Each line of DATA is an object with `text`, `label` (positive, neutral, negative), `source`, and where raters graded it,
`score` (-1 to 1). Everything that is chosen (leaning, curves of score and confidence) is chosen on texts whose source
the judging model had not seen. The same data, seeds and versions give the same weights on the same machine.
"""

import argparse
import itertools
import json
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from bridge.scoring import vader
from bridge.scoring.features import Features, Vocabulary, features
from bridge.scoring.words import normal, pieces
from training.calibration import confidence_curve, score_curves
from training.fitting import (
    LABELS,
    Array,
    Network,
    Rows,
    auc_negative,
    by_source,
    fit_network,
    fit_sparse,
    fitted_bias,
    softmax,
    together,
)
from training.packing import BUCKETS, packed_grams, packed_table
from training.urgency import URGENT_CASES, cases_of, fit_urgent
from training.word_lists import guesses, lists, polarity_table

OUT = Path(__file__).parent.parent / "bridge" / "scoring" / "weights.npz"
RIDGE = 5.0
SEEDS = 4
_OURS = "urgent_cases"
"""Our own cases are one more source, the only one from customer support."""
_SHARED: dict[str, Array] = {}


@dataclass(frozen=True)
class Texts:
    """The data, as the models take it."""

    rows: Rows
    dense: Array
    grams: Array
    """Texts x known rows of words; each text's values are 1 / (their number) ** 0.25."""
    keys: Array
    """The 32 bits behind each column."""
    graded: Array
    """What raters said, -1 to 1; NaN where nobody graded."""


def main() -> None:
    """Trains, prints what the model is worth on sources it has not seen, and writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--hu-liu", type=Path, help="folder with positive-words.txt and negative-words.txt")
    parser.add_argument("--guessed", type=Path, help="what training.neighbours wrote")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--figures", action="store_true", help="show what it is worth and write nothing")
    given = parser.parse_args()
    began = time.perf_counter()
    lines = [json.loads(line) for line in given.data.read_text("utf-8").splitlines()]
    cases = cases_of(URGENT_CASES)
    lines += [{"text": one.text, "label": _folded(one.label), "source": _OURS} for one in cases]
    raw = [line["text"] for line in lines]
    common = Counter(normal(piece) for text in raw for piece in set(pieces(text)))
    counted = {word: count for word, count in common.items() if count >= 3}
    table = packed_table(polarity_table(lists(given.hu_liu), counted, guesses(given.guessed)))
    vocabulary = Vocabulary(table.weights, table.step)
    texts = _texts(lines, [features(text, vocabulary) for text in raw])
    print(f"{len(raw)} texts, {texts.grams.shape[1]} rows of words, {time.perf_counter() - began:.0f} s")
    stacked = _stacked(texts)
    logits = np.zeros((len(raw), 3))
    for source in np.unique(texts.rows.sources):
        held = texts.rows.sources == source
        mean, spread, network = _network(texts, stacked[str(source)], ~held)
        logits[held] = network.logits(_standard(texts, stacked[str(source)], mean, spread)[held])
    _show(texts.rows, logits, raw)
    print(f"{time.perf_counter() - began:.0f} s")
    if given.figures:
        return
    bias = fitted_bias(logits, texts.rows)
    chances = softmax(logits + bias)
    mean, spread, network = _network(texts, stacked[""], np.ones(len(raw), bool))
    weights = fit_sparse(texts.grams, texts.rows, RIDGE)
    grams = packed_grams(
        texts.keys, weights[:, [0, 2]] - weights[:, [1]], np.asarray((texts.grams != 0).sum(0)).ravel()
    )
    urgent = fit_urgent(cases, raw[: -len(cases)], vocabulary)
    np.savez_compressed(
        given.out,
        polarity=table.weights,
        polarity_step=table.step,
        grams=grams.weights,
        grams_step=grams.step,
        grams_check=grams.check,
        mean=mean.astype(np.float32),
        spread=spread.astype(np.float32),
        a=network.a,
        b=network.b,
        c=network.c.astype(np.float32),
        d=network.d.astype(np.float32),
        e=(network.e + bias).astype(np.float32),
        **urgent,
        **score_curves(chances, texts.rows.labels, texts.graded),
        **confidence_curve(chances, texts.rows.labels),
    )
    print(f"{given.out}: {given.out.stat().st_size / 1e6:.2f} MB, {time.perf_counter() - began:.0f} s")


def _folded(label: str) -> str:
    return "negative" if label == "urgent" else label


def _texts(lines: list[dict[str, object]], found: list[Features]) -> Texts:
    labels = np.array([LABELS.index(str(line["label"])) for line in lines])
    sources = np.array([str(line["source"]) for line in lines])
    graded = np.array([float(str(line["score"])) if line.get("score") is not None else np.nan for line in lines])
    ends = np.cumsum([0, *(len(one.grams) for one in found)])
    keys, columns = np.unique(np.concatenate([one.grams for one in found]), return_inverse=True)
    counts = sparse.csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(found), len(keys)))
    counts.sum_duplicates()
    places = np.unique(sources, return_inverse=True)[1]
    spread = np.zeros(len(keys))
    for place in range(places.max() + 1):
        spread += np.asarray(counts[places == place].sum(0)).ravel() > 0
    often = np.asarray((counts > 0).sum(0)).ravel()
    keep = np.flatnonzero(spread >= 2)
    # Of those that would share a bucket the most frequent stays, so that training and scoring see the same.
    order = keep[np.argsort(-often[keep], kind="stable")]
    first = np.unique(keys[order] >> np.uint32(32 - BUCKETS), return_index=True)[1]
    kept = np.sort(order[first])
    matrix = (counts[:, kept] > 0).astype(np.float64)
    size = np.maximum(np.asarray(matrix.sum(1)).ravel(), 1)
    return Texts(
        Rows(labels, sources),
        np.stack([one.dense for one in found]),
        (sparse.diags(size**-0.25) @ matrix).tocsr(),
        keys[kept],
        graded,
    )


def _fit_without(without: tuple[str, ...]) -> tuple[tuple[str, ...], Array]:
    texts: Texts = _SHARED["texts"]
    out = np.isin(texts.rows.sources, without)
    weights = fit_sparse(texts.grams[~out], texts.rows.some(~out), RIDGE)
    return without, texts.grams[out] @ (weights[:, [0, 2]] - weights[:, [1]])


def _stacked(texts: Texts) -> dict[str, Array]:
    """What the rows of words say of every text, by models that know neither its source nor a held-out one.

    By the name of the held-out source; "" for none. So the network learns how far they can be trusted elsewhere.
    """
    _SHARED["texts"] = texts
    sources = [str(source) for source in np.unique(texts.rows.sources)]
    tasks = [(source,) for source in sources] + list(itertools.combinations(sources, 2))
    said: dict[tuple[str, ...], Array] = {}
    with ProcessPoolExecutor(2) as pool:
        for without, logits in pool.map(_fit_without, tasks):
            whole = np.zeros((len(texts.rows.labels), 2))
            whole[np.isin(texts.rows.sources, without)] = logits
            said[without] = whole
    stacked = {}
    for held in ["", *sources]:
        columns = np.zeros((len(texts.rows.labels), 2))
        for source in sources:
            of = texts.rows.sources == source
            without = tuple(sorted({held, source} - {""}))
            columns[of] = said[without][of]
        stacked[held] = columns
    return stacked


def _standard(texts: Texts, said: Array, mean: Array, spread: Array) -> Array:
    return np.clip((np.hstack([texts.dense, said]) - mean) / spread, -4, 4).astype(np.float32)


def _network(texts: Texts, said: Array, which: Array) -> tuple[Array, Array, Network]:
    inputs = np.hstack([texts.dense, said])[which]
    mean, spread = inputs.mean(0), inputs.std(0) + 1e-6
    standard = _standard(texts, said, mean, spread)[which]
    rows = texts.rows.some(which)
    return mean, spread, together([fit_network(standard, rows, seed) for seed in range(SEEDS)])


def _show(rows: Rows, logits: Array, raw: list[str]) -> None:
    """Leave-one-source-out figures: ours and VADER's, leaning and cuts chosen on the other sources."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    compound = np.array([analyzer.polarity_scores(text)["compound"] for text in raw])
    names = [str(source) for source in np.unique(rows.sources)]
    ours, theirs = np.zeros(len(raw), int), np.zeros(len(raw), int)
    for source in names:
        held = rows.sources == source
        ours[held] = (logits[held] + fitted_bias(logits[~held], rows.some(~held))).argmax(1)
        low, high = _cuts(compound[~held], rows.some(~held))
        theirs[held] = np.where(compound[held] < low, 0, np.where(compound[held] >= high, 2, 1))
    mine, vaders = by_source(rows, ours), by_source(rows, theirs)
    print(f"{'macro-F1, source held out':28}  ours  VADER")
    for source in names:
        print(f"{source:28} {mine[source]:.3f}  {vaders[source]:.3f}")
    given = [source for source in names if source != _OURS]
    means = [np.mean([of[source] for source in given]) for of in (mine, vaders)]
    print(f"{'mean without ' + _OURS:28} {means[0]:.3f}  {means[1]:.3f}")
    negative = softmax(logits)[:, 0]
    areas = [
        np.mean([auc_negative(rows.labels[of], falling[of]) for of in (rows.sources == source for source in given)])
        for falling in (negative, -compound)
    ]
    print(f"{'AUC of negative, likewise':28} {areas[0]:.3f}  {areas[1]:.3f}", flush=True)


def _cuts(compound: Array, rows: Rows) -> tuple[float, float]:
    steps = np.arange(0.0, 0.85, 0.05)
    return max(
        ((-low - 1e-9, high) for low in steps for high in steps if high > 0),
        key=lambda cut: float(
            np.mean(list(by_source(rows, np.where(compound < cut[0], 0, np.where(compound >= cut[1], 2, 1))).values()))
        ),
    )


if __name__ == "__main__":
    vader.valences()
    main()
