"""Reads an export of old tickets, CSV or JSON lines, row by row: which column is what is told by its name."""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from bridge.errors import Invalid

TEXT, TICKET, AUTHOR, TIME = "text", "ticket", "author", "time"
NAMES: Mapping[str, Sequence[str]] = {
    TEXT: (
        "text",
        "message",
        "body",
        "comment",
        "description",
        "content",
        "plain_body",
        "comment_body",
        "message_text",
    ),
    TICKET: ("ticket", "ticket_id", "conversation", "conversation_id", "thread", "thread_id", "case", "case_id", "id"),
    AUTHOR: ("author", "author_role", "author_type", "role", "sender", "sender_type", "from", "direction"),
    TIME: ("time", "created_at", "created", "date", "timestamp", "written_at", "sent_at", "datetime", "updated_at"),
}
"""How exports call the columns; capitals, blanks and signs do not matter. The first that is there is taken."""

_STAFF_WORDS = (
    "staff agent admin administrator support operator employee assistant bot system outgoing outbound internal"
)
_STAFF = frozenset(_STAFF_WORDS.split())
_LONGEST_FIELD = 10_000_000
_OTHER = re.compile(r"[^a-z0-9]+")
_FORMS = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M:%S UTC", "%a, %d %b %Y %H:%M:%S %z", "%d %b %Y %H:%M")


@dataclass(frozen=True, slots=True)
class Told:
    """One message of an export."""

    ticket: str
    text: str = field(repr=False)
    staff: bool
    written_at: float | None
    """Unix seconds; a time without a zone is taken as UTC; None: there is none that can be read."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is what. Without `ticket` every row is a ticket; without `author` every row is by a customer."""

    text: str
    ticket: str | None = None
    author: str | None = None
    time: str | None = None


def headings(path: Path) -> list[str]:
    """The names of a file's columns; of JSON lines, those of the first line. Raises Invalid."""
    with _opened(path) as file:
        if _is_json(path):
            first = next((line for line in file if line.strip()), "")
            return list(_object(first, 1))
        return list(_reader(file).fieldnames or ())


def guessed(names: Sequence[str], what: str) -> str | None:
    """The column that is `what` by its name."""
    plain = {_plain(name): name for name in reversed(names)}
    return next((plain[name] for name in NAMES[what] if name in plain), None)


def told(path: Path, columns: Columns) -> Iterator[Told]:
    """The messages of a file with a text, in its order. Raises Invalid, naming the line."""
    with _opened(path) as file:
        for number, row in enumerate(_objects(file) if _is_json(path) else _reader(file), 1):
            text = row.get(columns.text)
            if not isinstance(text, str) or not text.strip():
                continue
            ticket = row.get(columns.ticket) if columns.ticket else None
            author = row.get(columns.author) if columns.author else None
            time = row.get(columns.time) if columns.time else None
            yield Told(
                ticket=str(number) if ticket is None else str(ticket),
                text=text,
                staff=str(author).strip().lower() in _STAFF,
                written_at=moment(time),
            )


def size(path: Path) -> int:
    """Bytes of the file: how far a reading is shows in them."""
    return path.stat().st_size


def moment(value: object) -> float | None:
    """Unix seconds of a time as exports write it: ISO 8601, Unix seconds or milliseconds; None when unreadable."""
    if isinstance(value, bool) or value is None:
        return None
    text = str(value).strip()
    try:
        number = float(text)
    except ValueError:
        return _written(text)
    # Milliseconds since 1970 are over 1e11 from 1973 on; seconds reach that in the year 5138.
    number = number / 1000 if number > 1e11 else number
    return number if 0 < number < 1e11 else None


def _written(text: str) -> float | None:
    for read in (datetime.fromisoformat, *(lambda t, form=form: datetime.strptime(t, form) for form in _FORMS)):
        try:
            found = read(text)
        except ValueError:
            continue
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    return None


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except UnicodeDecodeError:
        raise Invalid(str(path), "it is not UTF-8; save it as CSV UTF-8") from None
    except csv.Error as error:
        raise Invalid(str(path), f"it is not CSV ({error})") from None
    except OSError as error:
        raise Invalid(str(path), f"it cannot be read ({type(error).__name__})") from None


def _reader(file: IO[str]) -> "csv.DictReader[str]":
    csv.field_size_limit(_LONGEST_FIELD)
    first = file.readline()
    file.seek(0)
    delimiter = max(",;\t|", key=first.count)
    return csv.DictReader(file, delimiter=delimiter)


def _objects(file: IO[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file, 1):
        if line.strip():
            yield _object(line, number)


def _object(line: str, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Invalid(f"line {number}", "it must be one JSON object")
    return value


def _is_json(path: Path) -> bool:
    return path.suffix.lower() in (".jsonl", ".ndjson", ".json")


def _plain(name: str) -> str:
    return _OTHER.sub("_", name.strip().lower()).strip("_")
