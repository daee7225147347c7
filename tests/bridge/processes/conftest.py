"""Starts the rig (processes_rig.py) as a real program, and sees to it that nothing of it stays."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

RIG = Path(__file__).with_name("processes_rig.py")


def until(condition: Callable[[], Any], seconds: float = 15.0, what: str = "the condition") -> Any:
    """What `condition` gives once it is true; fails the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come true within {seconds} s")
        time.sleep(0.01)


class Rig:
    """A running rig: its status lines, the events its processes noted, and its children."""

    def __init__(self, data: Path, words: tuple[str, ...], environ: dict[str, str]) -> None:
        self.data = data
        self.lines: list[str] = []
        self.program = subprocess.Popen(
            [sys.executable, RIG, data, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | environ,
        )
        self.seen: dict[int, psutil.Process] = {}
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.program.stdout is not None
        for line in self.program.stdout:
            self.lines.append(line.rstrip("\n"))

    def line(self, text: str, count: int = 1) -> str:
        """Waits for the `count`th line that contains `text`."""
        found = until(lambda: [line for line in self.lines if text in line][count - 1 :], what=f"{text!r} in output")
        return str(found[0])

    def all_started(self) -> "Rig":
        self.line("all started")
        self.children()
        return self

    @property
    def url(self) -> str:
        return self.line("url ").removeprefix("url ")

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def events(self, text: str = "") -> list[tuple[float, str]]:
        """Time and text of what the processes noted, those with `text` in them."""
        with contextlib.suppress(FileNotFoundError):
            rows = [line.partition(" ") for line in (self.data / "events").read_text().splitlines()]
            return [(float(at), what) for at, _, what in rows if text in what]
        return []

    def children(self) -> list[psutil.Process]:
        """Every living descendant."""
        found: list[psutil.Process] = []
        with contextlib.suppress(psutil.NoSuchProcess):
            found = psutil.Process(self.program.pid).children(recursive=True)
        self.seen |= {child.pid: child for child in found}
        return found

    def child(self, title: str) -> psutil.Process:
        """Waits for the child whose process title is `title`."""

        def find() -> list[psutil.Process]:
            return [child for child in self.children() if title_of(child) == title]

        return psutil.Process(until(find, what=f"a process {title!r}")[0].pid)

    def kill(self, title: str) -> None:
        self.child(title).kill()

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.program.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Waits for the end; the exit code."""
        code = self.program.wait(30)
        self._reader.join(10)
        return code

    def clean_up(self) -> None:
        self.children()
        self.program.kill()
        for child in self.seen.values():
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()  # psutil checks that the id is still that process
        self.ended()


def title_of(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline()).strip()
    return ""


def ended(process: psutil.Process) -> bool:
    """It runs no more; that nobody has asked for its exit code yet does not matter."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Call it with words to start a rig on the test's data directory."""
    rigs: list[Rig] = []

    def begin(*words: str, data: Path | None = None, **environ: str) -> Rig:
        rigs.append(Rig(data or tmp_path / "data", words, environ))
        return rigs[-1]

    yield begin
    for each in rigs:
        each.clean_up()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A rig with one process of each kind, for tests that only look at it."""
    words = ("after", "scheduler", "worker:score", "worker:read", "web", "migrate", "redis")
    up = Rig(tmp_path_factory.mktemp("running"), words, {"DATABASE_URL": "postgresql://u:hidden@h/d"})
    try:
        yield up.all_started()
    finally:
        up.clean_up()


@pytest.fixture(name="ended")
def ended_fixture() -> Callable[[psutil.Process], bool]:
    return ended


@pytest.fixture(name="until")
def until_fixture() -> Callable[..., Any]:
    return until
