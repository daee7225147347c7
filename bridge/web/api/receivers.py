"""What webhooks and alert channels share: how they do, and what a test became."""

from dataclasses import dataclass
from typing import Literal

from bridge.channels.outcome import Outcome

Status = Literal["active", "failing", "disabled"]


@dataclass(frozen=True, slots=True)
class Tested:
    """What a test became; `answer` is the beginning of what was answered."""

    ok: bool
    status: int | None
    error: str | None
    answer: str


def tested(one: Outcome) -> Tested:
    """An outcome as it is shown."""
    return Tested(one.taken, one.status, one.error, one.answer)
