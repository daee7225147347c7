"""The processes of installed packages, by entry point: the command line reaches them without an import."""

import importlib.metadata
from typing import Any

from bridge.errors import NotFound


def process_named(name: str) -> Any:
    """The callable of the process `name` (group `moodbridge.processes`); its module is loaded now.

    Raises NotFound when no installed package brings it.
    """
    for entry in importlib.metadata.entry_points(group="moodbridge.processes"):
        if entry.name == name:
            return entry.load()
    raise NotFound(f"No installed package brings the process {name}; install moodbridge again")
