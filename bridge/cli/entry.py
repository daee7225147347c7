"""The processes and readers of installed packages, by entry point: the command line reaches them without an import."""

import importlib.metadata
from typing import Any

from bridge.errors import NotFound


def process_named(name: str) -> Any:
    """The callable of the process `name` (group `moodbridge.processes`); its module is loaded now.

    Raises NotFound when no installed package brings it.
    """
    return _named("processes", name, f"the process {name}")


def reader_named(name: str) -> Any:
    """What reads a file with one message of the kind `name` (group `moodbridge.readers`): from bytes to `Extracted`.

    Raises NotFound when no installed package brings it.
    """
    return _named("readers", name, f"a reader of .{name} files")


def _named(group: str, name: str, what: str) -> Any:
    for entry in importlib.metadata.entry_points(group=f"moodbridge.{group}"):
        if entry.name == name:
            return entry.load()
    raise NotFound(f"No installed package brings {what}; install moodbridge again")
