"""What commands share: one JSON value on stdout with `--json`, else words; the opened runtime."""

import contextlib
import dataclasses
import json
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from bridge.settings import load

if TYPE_CHECKING:
    from bridge.runtime import Runtime

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON value on stdout.")


def answer(value: object, wanted: bool, words: Callable[[], str]) -> None:
    """Prints `value` as JSON when wanted, else the words."""
    click.echo(json.dumps(plain(value), ensure_ascii=False) if wanted else words())


def plain(value: object) -> Any:
    """The value as JSON has it; dataclasses become objects."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def moment(at: float | None) -> str | None:
    """A time as JSON shows it: RFC 3339 in UTC."""
    return (
        None
        if at is None
        else datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


@contextlib.contextmanager
def opened() -> Iterator["Runtime"]:
    """The runtime of this command; the data directory's own database is brought up to date first."""
    from bridge.runtime import open_runtime, prepare  # a second: not for commands that need neither

    settings = load(os.environ)
    prepare(settings)
    runtime = open_runtime(settings)
    try:
        yield runtime
    finally:
        runtime.close()


def table(rows: Sequence[tuple[str, ...]], headings: tuple[str, ...]) -> str:
    """Columns, wide enough for what is in them."""
    widths = [max(len(row[i]) for row in [headings, *rows]) for i in range(len(headings))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [headings, *rows]
    ]
    return "\n".join(lines)
