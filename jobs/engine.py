"""The one drain engine: claim due rows, feed them to the process's threads, settle what comes back.

Pool, settler and lease belong to the process and outlive a single drain, so a helpdesk or provider that
hangs never stops the claiming. Rows are claimed in the transaction that settles the last batch.
"""

import logging
import os
import queue
import socket
import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic

import sqlalchemy as sa

from bridge.errors import BridgeError
from bridge.runtime import Runtime
from bridge.store import queue as rows
from bridge.store.database import DatabaseDown
from bridge.store.queue import LEASE, PutOff, Room
from jobs.drain import ClaimedRow, Done, Drain, Later, Result, Row, Settled

log = logging.getLogger("moodbridge.drain")

BUDGET = 10.0
"""Seconds a drain works before it enqueues the next and returns: RQ sees a living worker."""

LOOK_EVERY = 0.1
"""Seconds between two looks while calls are under way and threads are free."""

SETTLE_EVERY = 0.03
"""Seconds between two settles on SQLite: fewer, larger turns keep ingest's p99 low."""

BULK_ROWS_A_SETTLE = 10
"""Bulk rows in one settle on SQLite, for the same reason."""

RENEW_EVERY = LEASE / 4


class Unanswered(BridgeError):
    """A drain's work ended without an outcome for a row."""


@dataclass
class _Look:
    """Asks the settler for a claim; the future tells how many rows were claimed."""

    claimed: Future[int] = field(default_factory=Future)


class Engine(Generic[Row, Result]):
    """A process's pool, settler and lease for one drain."""

    def __init__(self, runtime: Runtime, drain: Drain[Row, Result]) -> None:
        self._runtime = runtime
        self._drain = drain
        self._inbox: queue.SimpleQueue[Done[Row, Result] | _Look | None] = queue.SimpleQueue()
        self._units: queue.SimpleQueue[Sequence[Row] | None] = queue.SimpleQueue()
        self._threads = 0
        self._held: dict[int, int] = {}
        """Claimed rows: id to lane."""
        self._worker_id = uuid.uuid4().hex
        self._lease_until = 0.0
        self._last_settle = 0.0
        self._uncertain = False
        """A turn's outcome is not known: rows may be ours in the database that we do not know of."""
        self._quiet = threading.Event()
        """Nothing is held."""
        self.stopping = threading.Event()
        self._closed = threading.Event()
        for target in (self._settler, self._keep_lease):
            threading.Thread(target=target, name=target.__name__, daemon=True).start()

    def run(self) -> bool:
        """Works until nothing is due or the budget is spent. True when it should be woken again."""
        end = time.monotonic() + BUDGET
        while not self.stopping.is_set():
            claimed = self.look() if self._free() > 0 else 0
            if claimed < 0:
                return False  # the database is away: the sweep wakes once it is back
            if not self._held and not claimed:
                return False
            if time.monotonic() >= end:
                return True
            self._quiet.wait(LOOK_EVERY)
        return False

    def look(self) -> int:
        """Claims once; returns how many rows, or -1 when the database did not answer."""
        look = _Look()
        self._inbox.put(look)
        while True:
            try:
                return look.claimed.result(1)
            except TimeoutError:
                if self.stopping.is_set():  # a stop must not wait for a database that is away
                    return -1

    def close(self, timeout: float) -> None:
        """Claims nothing more, waits for calls under way, gives back what was not begun."""
        self.stopping.set()
        self._quiet.set()
        end = time.monotonic() + timeout
        while True:
            try:
                for row in self._units.get_nowait() or ():
                    self._held.pop(row.row_id, None)
            except queue.Empty:
                break
        while self._held and time.monotonic() < end:
            time.sleep(0.02)
        try:
            self._runtime.database.write(
                lambda connection: rows.release(connection, self._worker_id, time.time()), timeout=5
            )
        except (DatabaseDown, TimeoutError):
            log.warning("rows could not be given back; they are free in %d s", LEASE)
        self._closed.set()
        for _ in range(self._threads):
            self._units.put(None)
        self._inbox.put(None)

    def _free(self) -> int:
        return self._drain.capacity - len(self._held)

    def _settler(self) -> None:
        carried: list[Done[Row, Result]] = []
        while not self._closed.is_set():
            looks: list[_Look] = []
            done = carried
            if not done:
                self._sort(self._inbox.get(), done, looks)
            self._gather(done, looks)
            if not looks:
                self._pace()
                self._gather(done, looks)
            now_settled, carried = self._limit(done)
            self._turn(now_settled, looks)

    def _sort(
        self, item: "Done[Row, Result] | _Look | None", done: list[Done[Row, Result]], looks: list[_Look]
    ) -> None:
        if isinstance(item, _Look):
            looks.append(item)
        elif item is not None:
            done.append(item)

    def _gather(self, done: list[Done[Row, Result]], looks: list[_Look]) -> None:
        while True:
            try:
                self._sort(self._inbox.get_nowait(), done, looks)
            except queue.Empty:
                return

    def _pace(self) -> None:
        wait = self._last_settle + SETTLE_EVERY - time.monotonic()
        if self._runtime.database.is_sqlite and wait > 0:
            time.sleep(wait)

    def _limit(self, done: list[Done[Row, Result]]) -> tuple[list[Done[Row, Result]], list[Done[Row, Result]]]:
        if not self._runtime.database.is_sqlite:
            return done, []
        bulk = [one for one in done if one.row.bulk]
        if len(bulk) <= BULK_ROWS_A_SETTLE:
            return done, []
        later = bulk[BULK_ROWS_A_SETTLE:]
        held_back = {one.row.row_id for one in later}
        return [one for one in done if one.row.row_id not in held_back], later

    def _turn(self, done: list[Done[Row, Result]], looks: list[_Look]) -> None:
        """Settles and claims in one transaction, again and again while the database is away."""
        while True:
            try:
                # No time-out: a claim that commits after we gave up on it would never be worked on.
                claimed, wakes = self._runtime.database.write(
                    lambda connection: self._settle_and_claim(connection, done), timeout=None
                )
                self._uncertain = False
                break
            except DatabaseDown:
                self._uncertain = True
                _answer(looks, -1)
                looks = []
                if not done:
                    return
                log.warning("the database does not answer; scores wait", extra={"count": len(done)})
                time.sleep(1)
            except Exception:  # the job's edge: a bug must not stop the settler for good
                log.exception("settling failed", extra={"queue": self._drain.queue, "count": len(done)})
                _answer(looks, -1)
                self._each_alone(done)
                return
        if done:
            self._last_settle = time.monotonic()
        self._forget(done)
        self._dispatch(claimed)
        _answer(looks, len(claimed))
        if wakes:
            self._runtime.waker.soon(wakes)
        self._tell(done)

    def _each_alone(self, done: Sequence[Done[Row, Result]]) -> None:
        """So that one result that cannot be settled does not cost its neighbours theirs; it counts as our own error."""
        for one in done:
            error = self._alone(one)
            if error is not None:
                self._alone(Done(one.row, None, error))
        self._forget(done)

    def _alone(self, one: Done[Row, Result]) -> BaseException | None:
        """Settles one outcome without claiming; the error that it cannot be stored for."""
        try:
            wakes = self._runtime.database.write(lambda connection: self._settle(connection, [one], time.time()))
        except DatabaseDown:
            self._uncertain = True  # it is freed, and whoever claims it does it again
            return None
        except Exception as error:  # the job's edge: recorded on the row
            log.exception("a result cannot be settled", extra={"queue": self._drain.queue})
            return error
        self._runtime.waker.soon(wakes)
        self._tell([one])
        return None

    def _tell(self, done: Sequence[Done[Row, Result]]) -> None:
        good = [one for one in done if one.error is None]
        if good and self._drain.told is not None:
            self._drain.told(good)

    def _forget(self, done: Sequence[Done[Row, Result]]) -> None:
        for one in done:
            self._held.pop(one.row.row_id, None)
        if not self._held:
            self._quiet.set()

    def _settle_and_claim(
        self, connection: sa.Connection, done: Sequence[Done[Row, Result]]
    ) -> tuple[list[Row], set[str]]:
        """The rows claimed, and the queues to wake."""
        now = time.time()
        if self._uncertain:
            rows.free_unknown(connection, self._drain.table, self._worker_id, list(self._held), now)
        wakes = self._settle(connection, done, now) if done else set()
        if self.stopping.is_set():
            return [], wakes
        now = time.time()  # later than anything that the settle made due
        rows.free_lost(connection, now)
        held_after = len(self._held) - len(done)
        bulk_held = sum(self._held.values()) - sum(one.row.bulk for one in done)
        room = Room(
            rows=self._drain.capacity - held_after,
            bulk_rows=self._drain.pool // 2 - bulk_held,
            default_in_flight=max(1, self._drain.pool * 9 // 10),
        )
        ids = self._claim(connection, room, now)
        if not ids:
            return [], wakes
        self._renew(connection, now)
        return self._drain.load(connection, ids), wakes

    def _settle(self, connection: sa.Connection, done: Sequence[Done[Row, Result]], now: float) -> set[str]:
        """Stores the outcomes of rows that are still ours; the queues to wake."""
        held = rows.still_held(connection, self._drain.table, self._worker_id, [one.row.row_id for one in done])
        mine = [one for one in done if one.row.row_id in held]
        good = [one for one in mine if one.error is None]
        failed = [_put_off(one.row, one.error, now) for one in mine if one.error is not None]
        settled = self._drain.settle(self._runtime, connection, good) if good else ()
        wakes = set(self._drain.wakes)
        if isinstance(settled, Settled):
            wakes.update(settled.wakes)
            settled = settled.again
        rows.put_off(connection, self._drain.table, [*failed, *settled])
        return wakes

    def _claim(self, connection: sa.Connection, room: Room, now: float) -> list[int]:
        drain = self._drain
        if drain.claim is not None:
            return drain.claim(connection, self._worker_id, room, now)
        return rows.claim(
            connection,
            drain.table,
            self._worker_id,
            room,
            now,
            one_per_connection=drain.one_per_connection,
            also_off=drain.also_off,
        )

    def _renew(self, connection: sa.Connection, now: float) -> None:
        rows.hold_lease(connection, self._worker_id, self._drain.queue, socket.gethostname(), os.getpid(), now)

    def _dispatch(self, claimed: Sequence[Row]) -> None:
        units: dict[object, list[Row]] = {}
        if claimed:
            self._quiet.clear()
        for row in claimed:
            self._held[row.row_id] = row.bulk
            key = row.row_id if self._drain.unit_key is None else self._drain.unit_key(row)
            units.setdefault(key, []).append(row)
        for unit in units.values():
            self._units.put(unit)
        wanted = min(self._drain.threads, len(self._held))
        while self._threads < wanted:
            self._threads += 1
            threading.Thread(target=self._worker, name=f"{self._drain.queue} {self._threads}", daemon=True).start()

    def _worker(self) -> None:
        while (unit := self._units.get()) is not None:
            self._work(unit)

    def _work(self, unit: Sequence[Row]) -> None:
        open_rows = {row.row_id: row for row in unit}
        try:
            for done in self._drain.work(self._runtime, unit):
                open_rows.pop(done.row.row_id)
                self._inbox.put(done)
            if open_rows:
                raise Unanswered(f"{self._drain.queue} has no outcome for it")
        except Exception as error:  # the job's edge: recorded on each row that has no outcome yet
            if not isinstance(error, BridgeError):
                log.exception("a unit of work failed", extra={"queue": self._drain.queue})
            for row in open_rows.values():
                self._inbox.put(Done(row, None, error))

    def _keep_lease(self) -> None:
        while not self._closed.wait(RENEW_EVERY):
            if not self._held:
                continue
            try:
                self._runtime.database.write(
                    lambda connection: self._renew(connection, time.time()), timeout=RENEW_EVERY
                )
            except (DatabaseDown, TimeoutError):
                log.warning("the lease could not be renewed")


def _answer(looks: Sequence[_Look], claimed: int) -> None:
    for look in looks:
        look.claimed.set_result(claimed)


def _put_off(row: ClaimedRow, error: BaseException | None, now: float) -> PutOff:
    reason = str(error) if isinstance(error, BridgeError) else type(error).__name__
    if isinstance(error, Later):
        return PutOff(row.row_id, now + error.seconds, reason, own_error=False)
    return PutOff(row.row_id, now + rows.backoff(row.attempts), reason, own_error=True)
