"""How well a scorer does on labelled texts: the usual figures, computed here without any library."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bridge.model import UNKNOWN, Score
from bridge.scale import Scale

_NEGATIVE_BELOW = Score(-20)


@dataclass(frozen=True, slots=True)
class Guess:
    """A text's label by people and by the scorer. `answered`: the product would show it, and not `unknown`."""

    label: str
    guessed: str
    score: Score | None
    answered: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares are 0 to 1. None where the rows cannot tell, as with a single label."""

    rows: int
    macro_f1: float
    """The mean of the F1 of every label that people gave."""
    mcc: float | None
    """Matthews' correlation for several classes (Gorodkin, "Comparing two K-category assignments", 2004)."""
    accuracy: float
    auc_negative: float | None
    """How likely a negative text has a lower score than another text; no score counts as 0."""
    abstained: float
    """The share of rows that the product would show as `unknown`."""
    f1_answered: float | None
    """Macro-F1 of the other rows."""
    share_neutral: float
    recall: Mapping[str, float]
    confusion: Mapping[str, Mapping[str, int]]
    """Label by people, then by the scorer."""


def figures(guesses: Sequence[Guess], scale: Scale) -> Figures:
    """The figures of at least one guess.

    Texts labelled on three steps only (no urgent among them) count urgent as negative.
    """
    if "urgent" in scale.labels and all(one.label != "urgent" for one in guesses):
        guesses = [_folded(one) for one in guesses]
    answered = [one for one in guesses if one.answered]
    confusion: dict[str, Counter[str]] = {}
    for one in guesses:
        confusion.setdefault(one.label, Counter())[one.guessed] += 1
    right = sum(one.label == one.guessed for one in guesses)
    return Figures(
        rows=len(guesses),
        macro_f1=_macro_f1(guesses),
        mcc=_mcc(guesses),
        accuracy=right / len(guesses),
        auc_negative=_auc(guesses, _negative_labels(scale)),
        abstained=1 - len(answered) / len(guesses),
        f1_answered=_macro_f1(answered) if answered else None,
        share_neutral=sum(one.guessed == "neutral" for one in guesses) / len(guesses),
        recall={label: counts[label] / counts.total() for label, counts in sorted(confusion.items())},
        confusion={label: dict(sorted(counts.items())) for label, counts in sorted(confusion.items())},
    )


def _folded(one: Guess) -> Guess:
    return Guess(one.label, "negative" if one.guessed == "urgent" else one.guessed, one.score, one.answered)


def _negative_labels(scale: Scale) -> frozenset[str]:
    """The labels whose buckets end at -0.2 or below."""
    upper = [edge for _, edge in scale.buckets[:-1]]
    return frozenset(
        label for (label, _), ends in zip(scale.buckets[1:], upper, strict=True) if ends <= _NEGATIVE_BELOW
    )


def _macro_f1(guesses: Sequence[Guess]) -> float:
    given, guessed = Counter(one.label for one in guesses), Counter(one.guessed for one in guesses)
    right = Counter(one.label for one in guesses if one.label == one.guessed)
    return sum(2 * right[label] / (count + guessed[label]) for label, count in given.items()) / len(given)


def _mcc(guesses: Sequence[Guess]) -> float | None:
    given, guessed = Counter(one.label for one in guesses), Counter(one.guessed for one in guesses)
    size, right = len(guesses), sum(one.label == one.guessed for one in guesses)
    together = right * size - sum(given[label] * guessed[label] for label in given)
    spread = (size**2 - sum(n**2 for n in given.values())) * (size**2 - sum(n**2 for n in guessed.values()))
    return together / math.sqrt(spread) if spread else None


def _auc(guesses: Sequence[Guess], negative: Collection[str]) -> float | None:
    """By ranks (Mann and Whitney), ties counting half."""
    known = [one for one in guesses if one.label != UNKNOWN]
    negatives = Counter(one.score or 0 for one in known if one.label in negative)
    others = Counter(one.score or 0 for one in known if one.label not in negative)
    if not negatives or not others:
        return None
    below = wins = 0.0
    for score in sorted(negatives | others):
        wins += others[score] * (below + negatives[score] / 2)
        below += negatives[score]
    return wins / (negatives.total() * others.total())
