"""How long `moodbridge up` takes, and what it weighs at rest: `python -m benchmarks.startup`."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import psutil

from benchmarks.machine import cpu_seconds, family, heading, memory_mb, table
from benchmarks.rig import free_port, until
from bridge.processes.parent_death import die_with
from bridge.processes.ready import http_ready
from bridge.wake import DRAINS

SETTLES_IN = 8.0
"""Seconds after which a started tree is at rest."""
AT_REST = 5.0
WORKERS = len(DRAINS)


def main() -> None:
    """Prints both tables."""
    with tempfile.TemporaryDirectory(prefix="moodbridge-bench-") as folder:
        heading("Start: `moodbridge up` on embedded defaults (Valkey, SQLite, web, three workers, scheduler)")
        found: list[tuple[str, float]] = []
        columns = ("start", "web ready s", "all ready s", "memory of all at rest, PSS MB", "CPU at rest, cores")
        table(columns, _rows(Path(folder), found))
        print("Of the last: " + ", ".join(f"{name} {memory:.0f}" for name, memory in found) + " MB.\n")


def _rows(folder: Path, found: list[tuple[str, float]]) -> Iterator[Sequence[object]]:
    for name in ("the first: key, database and schema are made", "again", "once more"):
        found.clear()
        yield name, *_started(folder, found)


def _started(folder: Path, found: list[tuple[str, float]]) -> Sequence[object]:
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MOODBRIDGE_", "DATABASE_"))}
    environ = {**kept, "MOODBRIDGE_DATA_DIR": str(folder / "data"), "HOST": "127.0.0.1", "PORT": str(port)}
    lines = folder / "lines.log"
    with open(lines, "wb") as log:
        began = time.monotonic()
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / "moodbridge"), "up"],
            env=environ,
            stdout=log,
            stderr=log,
            preexec_fn=partial(die_with, os.getpid()),
        )
    try:
        until(lambda: http_ready(f"http://127.0.0.1:{port}/healthz"), 60, lines, process)
        web = time.monotonic() - began
        until(lambda: lines.read_bytes().count(b"worker started") == WORKERS, 60, lines, process)
        everything = time.monotonic() - began
        time.sleep(SETTLES_IN)
        tree = family(process.pid)
        used = cpu_seconds(tree)
        time.sleep(AT_REST)
        found += [(_title(one), memory_mb([one])) for one in tree]
        return web, everything, memory_mb(tree), (cpu_seconds(tree) - used) / AT_REST
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _title(process: psutil.Process) -> str:
    words = " ".join(process.cmdline()).split()
    return " ".join(words) if words[0] == "moodbridge" else Path(words[0]).name


if __name__ == "__main__":
    main()
