"""What every scorer is given of a text, and the embedded one, which stands in whenever the provider does not score."""

import dataclasses
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from bridge.model import Verdict
from bridge.scoring import offline
from bridge.scoring.caveats import caveats_of, with_caveats
from bridge.scoring.gate import nothing_to_score
from bridge.text.clip import clip

Scorer = Callable[[str], Verdict]
"""The verdict on one customer text. Thread-safe."""

SCORERS: dict[str, Scorer] = {"offline": offline.score}

_FOREIGN = "language:"
_READS = "language:en"
"""The embedded scorer reads English only."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A customer text as scorers get it."""

    text: str = field(repr=False)
    nothing: bool
    """There is neither letter nor emoji: it is `unknown`, and no provider is asked."""
    caveats: tuple[str, ...]
    english: bool
    """Nothing says that it is in another language."""


def reading(text: str, languages: Collection[str]) -> Reading:
    """The text within what a scorer reads, with the caveats that it gives in a workspace with these languages."""
    read, cut = clip(text)
    caveats = caveats_of(read, languages, cut)
    named = caveats if set(languages) == {"en"} else caveats_of(read, ("en",))
    english = not any(caveat.startswith(_FOREIGN) and caveat != _READS for caveat in named)
    return Reading(read, nothing_to_score(read), caveats, english)


def offline_verdict(read: Reading) -> Verdict:
    """What the embedded scorer says. A text that is surely not English keeps its caveat, so that nobody trusts it."""
    verdict = SCORERS["offline"](read.text)
    if not read.english and not any(caveat.startswith(_FOREIGN) for caveat in read.caveats):
        verdict = with_caveats(verdict, *caveats_of(read.text, ("en",)))
    return noted(verdict, read)


def noted(verdict: Verdict, read: Reading, *more: str) -> Verdict:
    """The verdict with the text's own caveats before its own, and `more` behind."""
    return with_caveats(dataclasses.replace(verdict, caveats=read.caveats), *verdict.caveats, *more)


def trusted(verdict: Verdict, floor: float) -> Verdict:
    """The verdict, or the same without its score when nobody should rely on it: its confidence is under the
    workspace's floor, or the embedded scorer was given another language than English."""
    unsure = verdict.confidence is not None and verdict.confidence < floor
    foreign = any(caveat.startswith(_FOREIGN) and caveat != _READS for caveat in verdict.caveats)
    if unsure or (foreign and verdict.scorer.provider == offline.NAME.provider):
        return dataclasses.replace(verdict, score=None)
    return verdict
