"""What another scale would make of a workspace's last 30 days, before anything is changed."""

import time
from collections import Counter
from dataclasses import dataclass

from bridge.model import Score
from bridge.runtime import Runtime
from bridge.scale import label_of, scale_named
from bridge.store import relabel, workspaces

DAYS = 30


@dataclass(frozen=True, slots=True)
class Move:
    """So many messages go from one label to another; `before` and `after` agree where nothing changes."""

    before: str
    after: str
    messages: int


def preview(runtime: Runtime, slug: str, scale: str) -> list[Move]:
    """How messages of the last 30 days would be labelled anew, the largest group first. Raises Invalid, NotFound."""
    wanted = scale_named(scale)
    with runtime.database.read() as connection:
        workspace = workspaces.by_slug(connection, slug)
        found = relabel.labels_by_score(connection, workspace.id, time.time() - DAYS * 86_400)
    moves: Counter[tuple[str, str]] = Counter()
    for score, label, count in found:
        moves[label, label_of(wanted, Score(score))] += count
    return [Move(before, after, count) for (before, after), count in moves.most_common()]
