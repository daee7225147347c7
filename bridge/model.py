"""The values everything else speaks of. Times are Unix seconds (UTC); scores are whole hundredths."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

Score = NewType("Score", int)
"""A score in hundredths, -100 to 100: -82 is shown as -0.82. Whole numbers keep every comparison exact."""

UNKNOWN = "unknown"
"""The label of a message that there is nothing to score in, or that the scorer should not be trusted on."""

EXTERNAL_ID = re.compile(r"[A-Za-z0-9._:@+=~-]{1,200}")
"""What a ticket or message id of a helpdesk may look like; connectors map theirs into it."""


class Author(StrEnum):
    CUSTOMER = "customer"
    STAFF = "staff"


class Origin(StrEnum):
    """Why a message is scored. Only live ones alert; every other one is bulk work and waits for live work."""

    LIVE = "live"
    BACKFILL = "backfill"
    RESCORE = "rescore"
    SCALE = "scale"
    CORRECTION = "correction"


class Trend(StrEnum):
    IMPROVING = "improving"
    STABLE = "stable"
    DECLINING = "declining"


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that one person wrote on a ticket. `text` is the customer text; None for staff."""

    ticket_id: str
    message_id: str
    author: Author
    author_id: str | None
    text: str | None
    written_at: float
    text_hash: str | None = None
    """Set when its text is encrypted to be stored: finds the same text again in its workspace, and nowhere else."""


@dataclass(frozen=True, slots=True)
class ScorerName:
    """Who gave a score: the provider, its model and the version of the prompt (or of the embedded rules)."""

    provider: str
    model: str
    prompt: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a scorer says of one text. `score` is None when there is nothing to score: the label is then unknown."""

    score: Score | None
    confidence: float | None
    indicators: tuple[str, ...]
    caveats: tuple[str, ...]
    scorer: ScorerName


@dataclass(frozen=True, slots=True)
class ScoredMessage:
    """A settled customer message, as the ticket's state is computed from it."""

    message_id: str
    written_at: float
    score: Score | None
    label: str


@dataclass(frozen=True, slots=True)
class Sentiment:
    """What a ticket shows in its helpdesk."""

    label: str
    score: Score | None
    trend: Trend
