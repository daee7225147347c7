"""What one supervised process is, and in which order processes start and stop."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

Work = Callable[[], None]
"""Runs in a forked child of the loaded parent, which exits when it returns."""


class Role(StrEnum):
    """The part a process plays; it decides when the process starts and stops."""

    REDIS = "redis"
    STEP = "step"
    """Runs once to its end; all waits for it, and if it fails nothing else starts."""
    WEB = "web"
    DESK = "desk"
    WORKER = "worker"
    SCHEDULER = "scheduler"
    AFTER = "after"
    """Runs once everything else does; when it ends, it is not started again."""


START = (Role.REDIS, Role.STEP, Role.WEB, Role.DESK, Role.WORKER, Role.SCHEDULER, Role.AFTER)
STOP = (Role.AFTER, Role.STEP, Role.WEB, Role.SCHEDULER, Role.WORKER, Role.DESK, Role.REDIS)
"""Intake first, what makes work next, what does it, then what both need."""

ONCE = (Role.STEP, Role.AFTER)


@dataclass(frozen=True, slots=True)
class Process:
    """One process to keep running."""

    name: str
    """As people read it, for example `worker score`; the process title is `moodbridge worker score`."""
    role: Role
    work: Work
    ready: Callable[[], bool] | None = None
    """Asked until it says yes; it must answer within half a second. None: ready as soon as it runs."""
    repair: Callable[[], str | None] | None = None
    """Called when starts keep failing, before the next one; says what it changed."""
    remedy: str = "The log lines above say why; `moodbridge doctor` checks the settings."
    """What a person should do when the process keeps failing."""
    keeps: tuple[int, ...] = ()
    """Those of the supervisor's private files that this child needs open."""
