"""What a drain is: which queue it empties, and the few functions that make it different from the others."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import sqlalchemy as sa

from bridge.errors import BridgeError
from bridge.runtime import Runtime
from bridge.store.queue import PutOff, Room


class ClaimedRow(Protocol):
    """What the engine needs of a row; each drain's own type has more."""

    @property
    def row_id(self) -> int: ...
    @property
    def bulk(self) -> int: ...
    @property
    def attempts(self) -> int: ...


Row = TypeVar("Row", bound=ClaimedRow)
Result = TypeVar("Result")


class Later(BridgeError):
    """The row cannot be done now and that is nobody's error: again after `seconds`."""

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(reason)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Done(Generic[Row, Result]):
    """A row's outcome: a result to settle, or the error that stopped it."""

    row: Row
    result: Result | None
    error: BaseException | None = None
    seconds: float = 0.0
    """What the work took, for the log."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a settle leaves to do: rows that are tried again, and queues to wake once it is committed."""

    again: Sequence[PutOff] = ()
    wakes: Sequence[str] = ()


@dataclass(frozen=True)
class Drain(Generic[Row, Result]):
    """One kind of work. `load` and `settle` run inside a write transaction, `work` in any thread."""

    queue: str
    table: sa.Table
    threads: int
    capacity: int
    """Rows claimed at most; a little over the threads, so that none waits for the next settle."""
    load: Callable[[sa.Connection, Sequence[int]], list[Row]]
    """The claimed rows, in the claim's transaction."""
    work: Callable[[Runtime, Sequence[Row]], Iterable[Done[Row, Result]]]
    """Does one unit; yields each row's outcome as soon as it is known."""
    settle: Callable[[Runtime, sa.Connection, Sequence[Done[Row, Result]]], Sequence[PutOff] | Settled]
    """Stores the results of rows that this worker still holds; returns those that must be tried again."""
    told: Callable[[Sequence[Done[Row, Result]]], None] | None = None
    """Called with what was settled, once it is committed, to log it. Threads that log wait for each other, and for the
    GIL behind hundreds of others: a line by each cost 0.2 ms of CPU instead of 0.02."""
    wakes: tuple[str, ...] = ()
    """The queues that every settle may have made something due in."""
    claim: Callable[[sa.Connection, str, Room, float], list[int]] | None = None
    """Claims for a worker at a time instead of the queues' shared rules, where a kind of work has others."""
    unit_key: Callable[[Row], object] | None = None
    """Rows with the same key go to one thread together; None: each row alone."""
    one_per_connection: bool = False
    also_off: bool = False
    """Works for workspaces that are off too."""

    @property
    def pool(self) -> int:
        """Rows under way at most, of which a workspace and bulk work get a part each. More wait for a free thread."""
        return self.capacity if self.one_per_connection else self.threads
