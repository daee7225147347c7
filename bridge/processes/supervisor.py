"""The supervisor: starts processes in order, keeps them running, stops them in order."""

import contextlib
import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.processes import child
from bridge.processes.process import ONCE, START, STOP, Process, Role
from bridge.processes.signals import heard

HEALTHY_AFTER = 60.0
"""Seconds of running after which earlier exits are forgotten."""
LONGEST_PAUSE = 60.0
NAMED_AFTER = 5
"""Exits in a row after which a person is told what to do."""
REPAIR_AFTER = 2
"""Exits in a row before it was ever ready, after which `repair` is called."""
READY_WITHIN = 30.0
"""Seconds the others wait for one process at the start."""
REDIS_GRACE = 5.0
STEP_ASIDE = 5.0
"""Seconds that one kind of process may hold up the stopping of the next."""


def pause(exits: int) -> float:
    """Seconds to wait after this many exits in a row: none after the first, then 1, 2, 4 ... 60."""
    return 0.0 if exits < 2 else min(LONGEST_PAUSE, 2.0 ** (exits - 2))


@dataclass(slots=True)
class _Child:
    process: Process
    pid: int | None = None
    started: float = 0.0
    ready: bool = False
    overdue: bool = False
    done: bool = False
    exits: int = 0
    """In a row, without a healthy time between."""
    unready_exits: int = 0
    start_at: float | None = None
    told: float | None = None
    """When it was asked to stop."""

    @property
    def settled(self) -> bool:
        """The others need not wait for it."""
        return self.done if self.process.role is Role.STEP else self.ready or self.overdue or self.done


class Supervisor:
    """Runs processes until SIGTERM, SIGINT or SIGHUP. One per program, in its main thread, with no other thread.

    `say` gets one line per event. `setup` runs in each child, with its name. `private` are files that a child
    closes unless its process keeps them; `at_stop` is called once when stopping begins. `grace` is how many
    seconds the processes have to stop before they are killed; a second Ctrl-C ends the grace.
    """

    def __init__(
        self,
        processes: Sequence[Process],
        say: Callable[[str], None],
        *,
        setup: Callable[[str], None] | None = None,
        private: Sequence[int] = (),
        at_stop: Callable[[], None] = lambda: None,
        grace: float = 20.0,
    ) -> None:
        self._children = [_Child(process) for process in processes]
        self._groups = [[], *(group for role in START if (group := self._of(role)))]  # the first is the one waited for
        self._speak = say
        self._setup = setup
        self._private = tuple(private)
        self._at_stop = at_stop
        self._grace = grace
        self._stop_since: float | None = None
        self._hurried = False
        self._failed = False

    def run(self) -> int:
        """Run until told to stop; 0 then, 1 when a step failed."""
        if threading.active_count() > 1:
            raise RuntimeError("the supervisor forks, so the program must not have started threads")
        begun = time.monotonic()
        gc.collect()
        gc.freeze()  # what is loaded now stays on pages that the children share
        try:
            with heard() as signals:
                self._private += signals.files
                while not (self._stop_since is not None and not self._alive()):
                    self._tend(time.monotonic(), begun)
                    for number in signals.wait(self._patience(time.monotonic())):
                        self._heed(number)
                    self._reap(time.monotonic())
        finally:
            self._kill(self._alive())
        self._say(f"all stopped ({time.monotonic() - (self._stop_since or begun):.1f} s)")
        return int(self._failed)

    # Starting and watching

    def _tend(self, now: float, begun: float) -> None:
        if self._stop_since is not None:
            self._stop_next(now)
            return
        for one in self._children:
            if one.start_at is not None and now >= one.start_at:
                self._start(one)
            elif one.pid is not None and not one.ready:
                self._look(one)
        while self._groups and all(one.settled for one in self._groups[0]):
            self._groups.pop(0)
            if self._groups:
                for one in self._groups[0]:
                    self._start(one)
                for one in self._groups[0]:
                    self._look(one)
            else:
                self._say(f"all started ({time.monotonic() - begun:.1f} s); Ctrl-C stops")

    def _start(self, one: _Child) -> None:
        one.start_at = None
        one.started, one.ready = time.monotonic(), False
        close = [file for file in self._private if file not in one.process.keeps]
        try:
            one.pid = child.start(one.process.work, name=one.process.name, setup=self._setup, close=close)
        except OSError as error:  # no memory, too many processes
            self._after_exit(one, f"could not be started ({error.strerror})", one.started)

    def _look(self, one: _Child) -> None:
        if one.pid is None or one.process.role is Role.STEP:
            return
        ready = one.process.ready is None or one.process.ready()
        took = time.monotonic() - one.started
        if ready:
            again = " again" if one.exits else ""
            one.ready, one.unready_exits = True, 0
            self._say(f"{one.process.name} runs{again}" + (f" ({took:.1f} s)" if one.process.ready else ""))
        elif not one.overdue and took > READY_WITHIN:
            one.overdue = True
            self._say(f"{one.process.name} is not ready after {READY_WITHIN:.0f} s; the others go on without it")

    def _patience(self, now: float) -> float | None:
        """Seconds until something must be looked at; None: only a signal can matter."""
        if self._stop_since is not None:
            return 0.1
        waits = [max(0.0, one.start_at - now) for one in self._children if one.start_at is not None]
        for one in self._children:
            if one.pid is not None and not one.ready and one.process.role is not Role.STEP:
                waits.append(0.02 if now - one.started < 2 else 0.25)
        return min(waits, default=None)

    # Exits

    def _reap(self, now: float) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)  # as process 1, other people's orphans too
            except ChildProcessError:
                return
            if pid == 0:
                return
            for one in self._children:
                if one.pid == pid:
                    one.pid = None
                    self._exited(one, os.waitstatus_to_exitcode(status), now)

    def _exited(self, one: _Child, code: int, now: float) -> None:
        name, role = one.process.name, one.process.role
        how = f"was killed (signal {-code})" if code < 0 else f"ended (exit code {code})"
        if self._stop_since is not None:
            self._say(f"{name} stopped" if one.told is not None and code in (0, -signal.SIGTERM) else f"{name} {how}")
        elif role in ONCE and code == 0:
            one.done = True
            self._say(f"{name} done ({now - one.started:.1f} s)")
        elif role is Role.STEP:
            self._failed = True
            self._say(f"{name} {how}, so nothing else is started. {one.process.remedy}")
            self._stop(now)
        elif role is Role.AFTER:
            one.done = True
            self._say(f"{name} {how}")
        else:
            self._after_exit(one, how, now)

    def _after_exit(self, one: _Child, how: str, now: float) -> None:
        if one.ready and now - one.started >= HEALTHY_AFTER:
            one.exits = 0
        one.exits += 1
        one.unready_exits = 0 if one.ready else one.unready_exits + 1
        one.ready = False
        wait = pause(one.exits)
        one.start_at = now + wait
        self._say(f"{one.process.name} {how}; starting it again {f'in {wait:.0f} s' if wait else 'now'}")
        if one.exits == NAMED_AFTER:
            one.overdue = True
            self._say(f"{one.process.name} keeps failing: {NAMED_AFTER} times in a row. {one.process.remedy}")
        if one.process.repair is not None and one.unready_exits == REPAIR_AFTER:
            repaired = one.process.repair()
            if repaired is not None:
                one.start_at = now
                self._say(repaired)

    # Stopping

    def _heed(self, number: int) -> None:
        if number == signal.SIGINT and self._stop_since is not None and not self._hurried:
            self._hurried = True
            self._say("stopping at once")
        elif number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP) and self._stop_since is None:
            self._stop(time.monotonic())

    def _stop(self, now: float) -> None:
        self._stop_since = now
        self._groups.clear()
        self._at_stop()
        self._say("stopping")

    def _stop_next(self, now: float) -> None:
        """Ask the next kind to stop once those before are gone, or have had their time; kill after the grace."""
        assert self._stop_since is not None
        for role in STOP:
            group = [one for one in self._of(role) if one.pid is not None]
            if role is Role.REDIS and any(one not in group for one in self._alive()):
                break  # it goes when nobody needs it any more
            for one in group:
                self._ask(one, now)
            if any(now - (one.told or now) < STEP_ASIDE for one in group) and not self._hurried:
                break
        late = self._hurried or now - self._stop_since > self._grace
        for one in self._alive():
            if one.process.role is Role.REDIS:
                if one.told is not None and now - one.told > REDIS_GRACE:
                    self._kill([one])
            elif late:
                self._kill([one])

    def _ask(self, one: _Child, now: float) -> None:
        if one.told is None and one.pid is not None:  # once: a second SIGTERM tells RQ to drop its job
            one.told = now
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGTERM)

    def _kill(self, those: Sequence[_Child]) -> None:
        for one in those:
            if one.pid is not None:
                for kill in (os.killpg, os.kill):  # its whole session, or it alone when it has none yet
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        kill(one.pid, signal.SIGKILL)

    # Small things

    def _of(self, role: Role) -> list[_Child]:
        return [one for one in self._children if one.process.role is role]

    def _alive(self) -> list[_Child]:
        return [one for one in self._children if one.pid is not None]

    def _say(self, line: str) -> None:
        with contextlib.suppress(OSError):  # nobody reads the terminal any more: that stops nothing
            self._speak(line)
