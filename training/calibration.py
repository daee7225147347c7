"""From probabilities to a score on our scale, and to how likely the label is right, judged on unseen sources."""

import numpy as np

from training.fitting import Array

KNOTS = 9


def margins(chances: Array) -> Array:
    """For each row: by how much its label's log-probability leads the next."""
    ordered = np.sort(np.log(chances + 1e-9), axis=1)
    return ordered[:, 2] - ordered[:, 1]


def score_curves(chances: Array, labels: Array, graded: Array) -> dict[str, Array]:
    """How far into its label's bucket a lead carries: the lead at which half of the way is gone.

    Negative texts that raters graded tell it: half of the bucket from -0.2 to -0.7 is reached at the lead that texts
    with the middle grade of all negative ones have. The same for positive ones.
    """
    lead, guess = margins(chances), chances.argmax(1)
    known = ~np.isnan(graded)
    found = {}
    for label, name in ((0, "negative_half"), (2, "positive_half")):
        of = known & (guess == label) & (labels == label)
        middle = np.median(np.abs(graded[of]))
        near = of & (np.abs(np.abs(graded) - middle) <= 0.1)
        found[name] = np.float32(np.median(lead[near]))
    return found


def confidence_curve(chances: Array, labels: Array) -> dict[str, Array]:
    """Knots of a rising curve from the label's probability to the share of labels that were right."""
    top, right = chances.max(1), chances.argmax(1) == labels
    order = np.argsort(top, kind="stable")
    parts = np.array_split(order, 40)
    x = np.array([top[part].mean() for part in parts])
    y = _rising(np.array([right[part].mean() for part in parts]))
    knots = np.linspace(x[0], x[-1], KNOTS)
    print(
        "confidence: probability, share right:",
        [(round(a, 2), round(b, 2)) for a, b in zip(x[::4], y[::4], strict=True)],
    )
    return {"sure_at": knots.astype(np.float32), "sure": np.interp(knots, x, y).astype(np.float32)}


def _rising(values: Array) -> Array:
    """The nearest curve that never falls (pool adjacent violators)."""
    blocks: list[list[float]] = []
    for value in values:
        blocks.append([float(value), 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            last = blocks.pop()
            count = blocks[-1][1] + last[1]
            blocks[-1] = [(blocks[-1][0] * blocks[-1][1] + last[0] * last[1]) / count, count]
    return np.concatenate([np.full(int(count), value) for value, count in blocks])
