"""Fits the knots of the embedded scorer to messages labelled by people, and prints them with what they are worth.

    python training/fit_offline.py dev.jsonl

Each line of the file is an object with `text`, `label` (positive, neutral, negative), `source`, and where raters
graded it, `strong` (true: strongly negative). Paste the printed KNOTS into bridge/scoring/offline.py. The
cuts are searched in steps of 0.05; more digits would only fit this file.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from bridge.scale import FOUR, label_of, rounded
from bridge.scoring import offline, vader

LABELS = ("positive", "neutral", "negative")
STEPS = [step / 100 for step in range(5, 100, 5)]


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled message and VADER's figure for it."""

    text: str
    label: str
    source: str
    strong: bool | None
    compound: float


def main(path: str) -> None:
    """Prints the fitted knots, and how the committed ones do on the same file."""
    with Path(path).open() as lines:
        rows = [_row(line) for line in lines]
    negative, positive = fitted_cuts(rows)
    strong = fitted_strong_cut(rows)
    print(f"KNOTS = ((-1.0, -1.0), ({strong}, -0.7), ({negative}, -0.2), (0.0, 0.0), ({positive}, 0.5), (1.0, 1.0))\n")
    plain = SentimentIntensityAnalyzer()
    knots = offline.KNOTS
    print(f"{len(rows)} rows; the committed KNOTS are {knots}\nmacro-F1  mean over sources")
    show(
        rows,
        "VADER, its authors' cuts of 0.05",
        lambda row: cut(plain.polarity_scores(row.text)["compound"], -0.05, 0.05),
    )
    show(rows, "VADER as if on our scale", lambda row: folded(label_of(FOUR, rounded(row.compound))))
    show(rows, "the committed map", lambda row: folded(label_of(FOUR, offline.on_our_scale(row.compound))))
    show(rows, "the scorer, phrases too", lambda row: folded(label_of(FOUR, offline.score(row.text).score)))


def fitted_cuts(rows: Sequence[Row]) -> tuple[float, float]:
    """The cuts below which a text is negative and from which it is positive: best mean macro-F1 over the sources.

    Sources count alike, so that none decides by its size; those without neutral texts say nothing of the cuts.
    """
    sources = [group for group in by_source(rows) if {row.label for row in group} == set(LABELS)]
    return max(
        ((-low, high) for low in STEPS for high in STEPS),
        key=lambda cuts: sum(macro_f1(group, [cut(row.compound, *cuts) for row in group]) for group in sources),
    )


def fitted_strong_cut(rows: Sequence[Row]) -> float:
    """The loosest cut at which at least half of the texts below it were strongly negative to the raters."""
    graded = [row for row in rows if row.strong is not None]
    for step in STEPS:
        below = [row for row in graded if row.compound < -step]
        if below and 2 * sum(bool(row.strong) for row in below) >= len(below):
            return -step
    raise SystemExit("no cut finds strongly negative texts: the file needs rows with `strong`")


def cut(value: float, negative: float, positive: float) -> str:
    """The label of a figure under two cuts."""
    return "positive" if value >= positive else "negative" if value < negative else "neutral"


def folded(label: str) -> str:
    """Urgent texts are negative ones in the file."""
    return "negative" if label == "urgent" else label


def macro_f1(rows: Sequence[Row], guesses: Sequence[str]) -> float:
    """The mean of the three labels' F1."""
    total = 0.0
    for label in LABELS:
        right = sum(row.label == guess == label for row, guess in zip(rows, guesses, strict=True))
        sizes = sum(row.label == label for row in rows) + sum(guess == label for guess in guesses)
        total += 2 * right / sizes if sizes else 0.0
    return total / len(LABELS)


def by_source(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows in groups of one source."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.source, []).append(row)
    return list(groups.values())


def show(rows: Sequence[Row], name: str, guess: Callable[[Row], str]) -> None:
    """Prints how well a way of guessing does."""
    guesses = [guess(row) for row in rows]
    groups = by_source(rows)
    mean = sum(macro_f1(group, [guess(row) for row in group]) for group in groups) / len(groups)
    print(f"{macro_f1(rows, guesses):8.3f}  {mean:17.3f}  {name}")


def _row(line: str) -> Row:
    fields = json.loads(line)
    text = fields["text"]
    return Row(text, fields["label"], fields["source"], fields.get("strong"), vader.compound(text))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python training/fit_offline.py FILE.jsonl")
    main(sys.argv[1])
