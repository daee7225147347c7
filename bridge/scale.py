"""Turns scores into labels, in this one place. A scale is a row of buckets, each owning its lower edge."""

import itertools
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from bridge.errors import Invalid
from bridge.model import UNKNOWN, Score

LOWEST, HIGHEST = Score(-100), Score(100)
_LABEL = re.compile(r"[a-z][a-z0-9_]{0,29}")
_EDGE = re.compile(r"[+-]?[01](\.[0-9]{1,2})?")
_MOST_BUCKETS = 10
_TAKEN = ("escalated", "trend")
"""Labels become tags of the helpdesk, where we use these words for something else."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Buckets from the best to the worst: a label and the lowest score it holds. The last one begins at -100.

    `name` is `four`, `five` or, for a workspace's own scale, its text; `scale_named` gives the scale back.
    """

    name: str
    buckets: tuple[tuple[str, Score], ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels from the best to the worst, without `unknown`."""
        return tuple(label for label, _ in self.buckets)


FOUR = Scale(
    "four",
    (("positive", Score(50)), ("neutral", Score(-20)), ("negative", Score(-70)), ("urgent", LOWEST)),
)
FIVE = Scale(
    "five",
    (
        ("very_positive", Score(60)),
        ("positive", Score(20)),
        ("neutral", Score(-20)),
        ("negative", Score(-60)),
        ("very_negative", LOWEST),
    ),
)
_KNOWN = {scale.name: scale for scale in (FOUR, FIVE)}


def scale_named(name: str) -> Scale:
    """The scale that a workspace's setting means: `four`, `five`, or its own as in `good>=0.5,ok>=-0.2,bad`.

    Raises Invalid, field `scale`, which says what is wrong.
    """
    return _KNOWN.get(name.strip()) or parse(name)


def parse(text: str) -> Scale:
    """A workspace's own scale from its text: labels from the best to the worst, each with its lower edge but the last.

    Raises Invalid, field `scale`, which says what is wrong.
    """
    parts = [part.strip() for part in text.split(",")]
    if not 2 <= len(parts) <= _MOST_BUCKETS:
        raise Invalid("scale", "use four, five, or 2 to 10 labels of your own, such as good>=0.5,ok>=-0.2,bad")
    buckets = [_bucket(part) for part in parts[:-1]]
    if ">=" in parts[-1]:
        raise Invalid("scale", f"the last label takes whatever is left, so write it without >=: {parts[-1]}")
    buckets.append((_label(parts[-1]), LOWEST))
    for (label, edge), (next_label, next_edge) in itertools.pairwise(buckets):
        if next_edge >= edge:
            raise Invalid("scale", f"edges must fall from label to label, but {next_label} is not below {label}")
    if len({label for label, _ in buckets}) != len(buckets):
        raise Invalid("scale", "each label may stand only once")
    written = [f"{label}>={edge / 100:g}" for label, edge in buckets[:-1]]
    return Scale(",".join([*written, buckets[-1][0]]), tuple(buckets))


def label_of(scale: Scale, score: Score | None) -> str:
    """The label of a score; `unknown` when there is none."""
    if score is None:
        return UNKNOWN
    return next(label for label, edge in scale.buckets if score >= edge)


def score_for(scale: Scale, label: str, score: Score | None) -> Score | None:
    """The value nearest to `score` that has this label: what a person's correction makes of a score.

    A message that had no score is taken as 0; the label `unknown` gives None. Raises Invalid, field
    `label`, when the scale has no such label.
    """
    if label == UNKNOWN:
        return None
    above = Score(HIGHEST + 1)
    for name, edge in scale.buckets:
        if name == label:
            return Score(min(max(score or 0, edge), above - 1))
        above = edge
    raise Invalid("label", f"use one of {', '.join(scale.labels)} or {UNKNOWN}")


def rounded(value: float) -> Score:
    """A score in hundredths from a number of -1 to 1; halves of the decimal as printed go to the even neighbour.

    So 0.125 is 12 and 0.135 is 14, although the binary number behind 0.135 differs a little from it.
    Raises Invalid, field `score`, when the number lies outside or is none.
    """
    if not -1 <= value <= 1:
        raise Invalid("score", f"must be a number from -1 to 1, not {value}")
    return Score(int(Decimal(repr(float(value))).scaleb(2).to_integral_value(ROUND_HALF_EVEN)))


def shown(score: Score | None) -> float | None:
    """A score as people and programs see it: -82 is -0.82."""
    return None if score is None else score / 100


def _bucket(part: str) -> tuple[str, Score]:
    label, sign, edge = part.partition(">=")
    if not sign:
        raise Invalid("scale", f"write where {part or 'a label'} begins, such as good>=0.5; only the last has no edge")
    if not _EDGE.fullmatch(edge.strip()):
        raise Invalid("scale", f"an edge is a number from -0.99 to 1 with at most two decimals, not {edge.strip()}")
    hundredths = int(Decimal(edge.strip()).scaleb(2))
    if not LOWEST < hundredths <= HIGHEST:
        raise Invalid("scale", f"an edge is a number from -0.99 to 1 with at most two decimals, not {edge.strip()}")
    return _label(label.strip()), Score(hundredths)


def _label(label: str) -> str:
    if not _LABEL.fullmatch(label):
        raise Invalid("scale", f"a label is 1 to 30 of a-z, 0-9 and _, beginning with a letter, not {label!r}")
    if label == UNKNOWN:
        raise Invalid("scale", "unknown is always there and cannot be a label of a scale")
    if label.split("_")[0] in _TAKEN:
        raise Invalid("scale", f"{label} would clash with a tag that means something else; take another word")
    return label
