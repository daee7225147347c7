"""Reads the headers of a mail without ever raising: ordinary mail has malformed ones.

The standard library's modern policy raises IndexError, AttributeError or RecursionError on headers such as
`Message-ID: <>`; the old one, compat32, hands out what stands there, and each value is read with care here.
"""

import re
from calendar import timegm
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.parser import BytesParser
from email.policy import compat32
from email.utils import parsedate_tz

from connectors.email.charset import decode
from connectors.email.errors import SetAside

LONGEST = 256 * 1024
"""Bytes of headers that are read; a mail with more is set aside."""

_LONGEST_VALUE = 8_000
_MOST_ADDRESSES = 50
_MOST_IDS = 50
_MOST_OF_A_NAME = 50
_LONGEST_ID = 250

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]{1,64}@[^\s<>()\[\],;:\"@]{1,255}")
_ID = re.compile(r"<([^<>\s]{1,998})>")
_PARSER = BytesParser(policy=compat32)

# Characters that no header shows: controls, zero-width, marks of writing direction.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")


@dataclass(frozen=True, slots=True)
class Address:
    """Somebody in a header; `email` is lower case."""

    name: str
    email: str

    @property
    def domain(self) -> str:
        """What stands behind the `@`."""
        return self.email.rpartition("@")[2]


Head = dict[str, list[str]]
"""The headers of a block by their names in small letters, each value as it stands there, unfolded."""


def parse(block: bytes) -> Head:
    """The headers of this block, at most 50 of a name. Raises SetAside when it is over `LONGEST` bytes."""
    if len(block) > LONGEST:
        raise SetAside("headers_too_large", "the headers of this mail are larger than 256 KB")
    if block.startswith((b"From ", b">From ")):  # the line that mbox files put before a mail
        block = block.partition(b"\n")[2]
    head: Head = {}
    # The raw items: reading a header in any other way lets the standard library repair it, or raise.
    for name, value in _PARSER.parsebytes(block, headersonly=True).raw_items():
        values = head.setdefault(name.lower(), [])
        if len(values) < _MOST_OF_A_NAME:
            values.append(_unfolded(str(value)[:_LONGEST_VALUE]))
    return head


def raw(head: Head, name: str) -> str:
    """The first header of this name as it stands there; "" when there is none."""
    values = head.get(name.lower())
    return values[0] if values else ""


def every(head: Head, name: str) -> list[str]:
    """Every header of this name."""
    return head.get(name.lower(), [])


def text(head: Head, name: str) -> str:
    """The header as a person reads it: encoded words decoded, no control characters."""
    return _UNSEEN.sub(" ", _decoded(raw(head, name))).strip()


def addresses(head: Head, *names: str) -> tuple[Address, ...]:
    """The addresses in these headers, at most 50, each once. What is no address is left out."""
    return tuple(dict.fromkeys(one for name in names for one in addresses_in(raw(head, name))))[:_MOST_ADDRESSES]


def addresses_in(value: str) -> tuple[Address, ...]:
    """The addresses in a header's value, or in several lines of headers."""
    found: dict[str, Address] = {}
    for line in value[:_LONGEST_VALUE].split("\n"):
        for piece in _pieces(line):
            match = _ADDRESS.search(piece, piece.rfind("<") + 1) or _ADDRESS.search(piece)
            if match is None:
                continue
            email = match[0].strip("'.").lower()
            shown = piece[: match.start()].rstrip("< \t").strip(" \t\"'")
            found.setdefault(email, Address(_UNSEEN.sub(" ", _decoded(shown)).strip(" \"'")[:200], email))
            if len(found) == _MOST_ADDRESSES:
                return tuple(found.values())
    return tuple(found.values())


def ids(head: Head, name: str) -> tuple[str, ...]:
    """The message ids in this header without their angle brackets, at most the last 50 of 250 characters each.

    Real headers have commas, comments and folded lines between ids. The domain of an id is lower case here,
    since mail servers change its case.
    """
    value = raw(head, name)
    found = _ID.findall(value)
    if not found and "@" in value and " " not in value.strip():
        found = [value.strip().strip("<>[]")]
    return tuple(dict.fromkeys(_id(one) for one in found[-_MOST_IDS:] if len(one) <= _LONGEST_ID))


def date(head: Head) -> float | None:
    """The Date header in Unix seconds, for display only: senders' clocks are wrong. None when unreadable."""
    try:
        parsed = parsedate_tz(raw(head, "Date"))
        return float(timegm((*parsed[:6], 0, 1, 0)) - (parsed[9] or 0)) if parsed else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def content_type(head: Head) -> str:
    """The type of a part, lower case; `text/plain` when nothing readable is said."""
    kind = raw(head, "Content-Type").partition(";")[0].strip(" \t\"'").lower()
    return kind if kind.count("/") == 1 else "text/plain"


def parameter(head: Head, header: str, name: str) -> str | None:
    """A parameter of a header, quoted or not, terminated or not; None when it is not there."""
    value = raw(head, header)
    lower = value.lower()
    at = 0
    while (at := lower.find(name, at)) != -1:
        before, after = lower[:at].rstrip(), value[at + len(name) :].lstrip()
        at += len(name)
        if not before.endswith(";") or not after.startswith("="):
            continue
        after = after[1:].lstrip()
        if after.startswith('"'):
            return after[1:].partition('"')[0]
        return after.partition(";")[0].strip()
    return None


def _unfolded(value: str) -> str:
    if not value.isascii():  # 8-bit bytes, which the parser carries as surrogates
        value = decode(value.encode("ascii", "surrogateescape"), None)
    return value.replace("\r", "").replace("\n", "")


def _decoded(value: str) -> str:
    """Encoded words (RFC 2047) as text."""
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(value)
        return "".join(piece if isinstance(piece, str) else decode(piece, name) for piece, name in pieces)
    except (HeaderParseError, ValueError, LookupError, AssertionError, TypeError):
        return value


def _pieces(value: str) -> list[str]:
    """Splits a header of addresses at its commas; those between quotes stay."""
    pieces, start, quoted = [], 0, False
    for at, char in enumerate(value):
        if char == '"':
            quoted = not quoted
        elif char in ",;" and not quoted:
            pieces.append(value[start:at])
            start = at + 1
    pieces.append(value[start:])
    return pieces


def _id(value: str) -> str:
    left, at, domain = value.rpartition("@")
    return f"{left}{at}{domain.lower()}"
