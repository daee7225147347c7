"""Which scorer a workspace's messages go to."""

import dataclasses
from collections.abc import Callable

from bridge.model import Verdict
from bridge.scoring import offline
from bridge.scoring.gate import nothing_to_score
from bridge.text.clip import clip
from bridge.workspace_settings import WorkspaceSettings

Scorer = Callable[[str], Verdict]
"""The verdict on one customer text. Thread-safe."""

SCORERS: dict[str, Scorer] = {"offline": offline.score}


def scorer_of(_settings: WorkspaceSettings) -> Scorer:
    """The workspace's scorer behind the gate: what has neither letter nor emoji is never sent to any."""
    return _gated


def _gated(text: str) -> Verdict:
    if nothing_to_score(text):
        return offline.score(text)
    clipped, truncated = clip(text)
    verdict = SCORERS["offline"](clipped)
    if truncated:
        return dataclasses.replace(verdict, caveats=(*verdict.caveats, "truncated"))
    return verdict


def trusted(verdict: Verdict, floor: float) -> Verdict:
    """The verdict, or the same without its score when its confidence is under the workspace's floor."""
    if verdict.confidence is not None and verdict.confidence < floor:
        return dataclasses.replace(verdict, score=None)
    return verdict
