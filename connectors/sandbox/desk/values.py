"""What the desk's API takes: JSON bodies read strictly into typed values."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bridge.errors import BridgeError

BULK_LIMIT = 100
TEXT_LIMIT = 100_000
LABEL = re.compile(r"[a-z][a-z0-9_]{0,39}")
ID = re.compile(r"[A-Za-z0-9._:@+=~-]{1,200}")
AUTHORS = ("customer", "staff")
VISIBILITIES = ("public", "internal")
STATUSES = ("open", "solved", "closed")
TRENDS = ("improving", "stable", "declining")


class DeskError(BridgeError):
    """What the desk refuses: an HTTP status, a code for programs and a sentence for people."""

    def __init__(self, status: int, code: str, message: str, stands: tuple[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.stands = stands
        """The person's label that stands and when it was set, when the refusal is about one."""


def malformed(field: str, message: str) -> DeskError:
    """The error for a value of the wrong kind; it names the field."""
    return DeskError(422, "malformed", f"{field}: {message}")


@dataclass(frozen=True, slots=True)
class NewPost:
    author: str
    text: str
    visibility: str = "public"
    author_id: str | None = None
    author_name: str | None = None
    written_at: float | None = None


@dataclass(frozen=True, slots=True)
class NewTicket:
    subject: str
    requester: str
    text: str
    requester_id: str | None = None
    tags: tuple[str, ...] = ()
    written_at: float | None = None


@dataclass(frozen=True, slots=True)
class SentimentWrite:
    """One ticket as the bridge wants it. `expected` is the label that it believes to stand."""

    ticket_id: str
    label: str
    score: int | None
    trend: str
    prefix: str
    expected: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """Trouble on order: how the next `times` calls of one kind are treated."""

    times: int
    on: str
    """`all`, `reads` or `writes`."""
    when: str
    """`before`: nothing is done. `after`: it is done, and the answer is lost."""
    status: int | None
    latency_ms: int
    retry_after: int | None


class Fields:
    """One JSON object, read field by field; `done` refuses what nobody asked for."""

    def __init__(self, value: object, where: str = "body") -> None:
        if not isinstance(value, dict):
            raise malformed(where, "must be an object")
        self._values: Mapping[str, object] = value
        self._where = where
        self._asked: set[str] = set()

    def text(self, name: str, longest: int = 200) -> str:
        value = self._get(name)
        if not isinstance(value, str) or not value.strip():
            raise malformed(name, "must be text that is not empty")
        if len(value) > longest:
            raise malformed(name, f"must be at most {longest} characters")
        if not is_unicode(value):
            raise malformed(name, "must be valid Unicode")
        return value

    def text_or_none(self, name: str, longest: int = 200) -> str | None:
        return None if self._get(name) is None else self.text(name, longest)

    def choice(self, name: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self._get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or value not in choices:
            raise malformed(name, f"must be one of {', '.join(choices)}")
        return value

    def matching(self, name: str, pattern: re.Pattern[str], what: str) -> str:
        value = self._get(name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise malformed(name, f"must be {what}")
        return value

    def matching_or_none(self, name: str, pattern: re.Pattern[str], what: str) -> str | None:
        return None if self._get(name) is None else self.matching(name, pattern, what)

    def whole(self, name: str, lowest: int, highest: int) -> int:
        value = self._get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise malformed(name, f"must be a whole number from {lowest} to {highest}")
        return value

    def whole_or_none(self, name: str, lowest: int, highest: int) -> int | None:
        return None if self._get(name) is None else self.whole(name, lowest, highest)

    def score(self, name: str) -> int | None:
        """A number from -1 to 1 with at most two decimals, as hundredths; null is None."""
        value = self._get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not -1 <= value <= 1:
            raise malformed(name, "must be a number from -1 to 1, or null")
        hundredths = round(value * 100)
        if value != hundredths / 100:
            raise malformed(name, "must have at most two decimals")
        return hundredths

    def time_or_none(self, name: str) -> float | None:
        value = self._get(name)
        return None if value is None else instant(value, name)

    def items(self, name: str, most: int) -> list[object]:
        value = self._get(name)
        if not isinstance(value, list) or not 1 <= len(value) <= most:
            raise malformed(name, f"must be a list of 1 to {most} items")
        return value

    def has(self, name: str) -> bool:
        return name in self._values

    def done(self) -> None:
        for name in self._values:
            if name not in self._asked:
                raise malformed(f"{self._where}.{name[:40]!r}", "is not known here")

    def _get(self, name: str) -> object:
        self._asked.add(name)
        return self._values.get(name)


def json_body(body: bytes) -> object:
    """The JSON value in these bytes. Raises DeskError (422) when there is none."""
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise malformed("body", "must be JSON") from None


def instant(value: object, name: str) -> float:
    """Unix seconds of a time such as `2026-11-22T10:00:00Z`. Raises DeskError (422)."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 1970 < moment.year < 9999:
        raise malformed(name, "must be a time with its zone, such as 2026-11-22T10:00:00Z")
    return moment.timestamp()


def is_unicode(text: str) -> bool:
    """False for half a surrogate pair or a NUL, which JSON can carry and databases refuse."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def new_ticket(body: object) -> NewTicket:
    """A ticket with its first message. Raises DeskError (422), as all below."""
    fields = Fields(body)
    tags = tuple(Fields({"tag": tag}).matching("tag", ID, "a tag without spaces") for tag in _tags(fields))
    ticket = NewTicket(
        subject=fields.text("subject"),
        requester=fields.text("requester", 100),
        text=fields.text("text", TEXT_LIMIT),
        requester_id=fields.matching_or_none("requester_id", ID, "an id"),
        tags=tags,
        written_at=fields.time_or_none("created_at"),
    )
    fields.done()
    return ticket


def new_post(body: object) -> NewPost:
    """A post on a ticket; public unless it says internal."""
    fields = Fields(body)
    post = NewPost(
        author=fields.choice("author", AUTHORS),
        text=fields.text("text", TEXT_LIMIT),
        visibility=fields.choice("visibility", VISIBILITIES, default="public"),
        author_id=fields.matching_or_none("author_id", ID, "an id"),
        author_name=fields.text_or_none("author_name", 100),
        written_at=fields.time_or_none("created_at"),
    )
    fields.done()
    return post


def sentiment_write(body: object, ticket_id: str | None = None) -> SentimentWrite:
    """One write; the ticket's id comes from the address, or from the item of a bulk call."""
    fields = Fields(body)
    if not fields.has("expected"):
        raise malformed("expected", "is needed: the label that you wrote last, or null")
    write = SentimentWrite(
        ticket_id=ticket_id or fields.matching("ticket_id", ID, "an id"),
        label=fields.matching("label", LABEL, "a label"),
        score=fields.score("score"),
        trend=fields.choice("trend", TRENDS),
        prefix=fields.matching("prefix", LABEL, "a tag's beginning"),
        expected=fields.matching_or_none("expected", LABEL, "a label or null"),
    )
    fields.done()
    return write


def bulk_write(body: object) -> list[SentimentWrite]:
    """Up to 100 writes, each naming its ticket."""
    fields = Fields(body)
    writes = [sentiment_write(item) for item in fields.items("items", BULK_LIMIT)]
    fields.done()
    return writes


def fault(body: object) -> Fault:
    """Trouble as tests order it."""
    fields = Fields(body)
    ordered = Fault(
        times=fields.whole("times", 1, 1_000_000),
        on=fields.choice("on", ("all", "reads", "writes"), default="all"),
        when=fields.choice("when", ("before", "after"), default="before"),
        status=fields.whole_or_none("status", 400, 599),
        latency_ms=fields.whole_or_none("latency_ms", 0, 60_000) or 0,
        retry_after=fields.whole_or_none("retry_after", 0, 3600),
    )
    fields.done()
    return ordered


def _tags(fields: Fields) -> list[object]:
    return fields.items("tags", 20) if fields.has("tags") else []


def _no_constant(name: str) -> object:
    raise ValueError(name)
