"""Takes a mail apart: its headers, and the parts that hold text. Attachments are never opened."""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.email import headers
from connectors.email.charset import decode
from connectors.email.errors import SetAside

LARGEST = 50 * 1024 * 1024
"""Bytes of a whole mail; a larger one is set aside."""

LONGEST_TEXT = 256 * 1024
"""Bytes of a text part that are read."""

DEEPEST = 30
MOST_PARTS = 200
_LONGEST_MARK_END = 80
"""Bytes behind a boundary on its line: blanks, mostly none."""

_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n|\A\r?\n")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One part with text. `mime`: its own header block; `content`: as it was sent, still encoded.

    `group` is the same word for all parts that say the same thing in several types (`multipart/alternative`), and
    "" for a part that stands alone. Parts are in the order of the mail.
    """

    mime: bytes = field(repr=False)
    content: bytes = field(repr=False)
    group: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A mail taken apart. `kinds` are the types of all its parts; `embedded` the mails inside it, whole."""

    head: bytes = field(repr=False)
    leaves: tuple[Leaf, ...]
    embedded: tuple[bytes, ...] = field(repr=False)
    kinds: tuple[str, ...]


def open_mail(raw: bytes) -> Opened:
    """Splits a mail. Raises SetAside when it, its headers, its nesting or the number of its parts is too large."""
    if len(raw) > LARGEST:
        raise SetAside("too_large", "this mail is larger than 50 MB")
    head, body = split_head(raw)
    found: list[tuple[Leaf | None, str, bytes]] = []
    for leaf in _walk(head, body, "1", "", 0):
        found.append(leaf)
        if len(found) > MOST_PARTS:
            raise SetAside("too_many_parts", "this mail has more than 200 parts")
    return Opened(
        head,
        tuple(leaf for leaf, _, _ in found if leaf is not None),
        tuple(body for _, kind, body in found if kind == "message/rfc822" and body),
        tuple(kind for _, kind, _ in found),
    )


def split_head(raw: bytes) -> tuple[bytes, bytes]:
    """The block of headers and what follows. A mail without a blank line is all headers, or (no colon) all text."""
    end = _END_OF_HEADERS.search(raw[: headers.LONGEST + 4])
    if end is None:
        if len(raw) > headers.LONGEST and b":" in raw[:1000]:
            raise SetAside("headers_too_large", "the headers of this mail are larger than 256 KB")
        return (raw, b"") if b":" in raw.partition(b"\n")[0] else (b"", raw)
    return raw[: end.start()], raw[end.end() :]


def text_of(leaf: Leaf) -> tuple[str, bool]:
    """The text of a part, and whether it is HTML. Never raises on content; SetAside on its headers' size."""
    head = headers.parse(leaf.mime)
    kind = headers.content_type(head)
    data = _transferred(leaf.content, headers.raw(head, "Content-Transfer-Encoding").strip().lower())
    text = decode(data[:LONGEST_TEXT], headers.parameter(head, "Content-Type", "charset"))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if kind == "text/html":
        return text, True
    if (headers.parameter(head, "Content-Type", "format") or "").lower() == "flowed":
        text = _unflowed(text, (headers.parameter(head, "Content-Type", "delsp") or "").lower() == "yes")
    return text, False


def is_attachment(head: headers.Head) -> bool:
    """Whether a part is one to save, not to read."""
    disposition = headers.raw(head, "Content-Disposition").strip().lower()
    return disposition.startswith("attachment") or (
        headers.parameter(head, "Content-Disposition", "filename") is not None
        or headers.parameter(head, "Content-Type", "name") is not None
    )


def _walk(mime: bytes, body: bytes, place: str, group: str, depth: int) -> Iterator[tuple[Leaf | None, str, bytes]]:
    """Every part below: the leaf if it is one with text, its type, and (of an embedded mail) its bytes."""
    if depth > DEEPEST:
        raise SetAside("too_deep", "the parts of this mail are nested more than 30 deep")
    head = headers.parse(mime)
    kind = headers.content_type(head)
    if kind.startswith("multipart/"):
        pieces = _pieces(body, headers.parameter(head, "Content-Type", "boundary"))
        if pieces is not None:
            yield None, kind, b""
            inside = group or (place if kind == "multipart/alternative" else "")
            for number, piece in enumerate(pieces, 1):
                yield from _walk(*split_head(piece), f"{place}.{number}", inside, depth + 1)
            return
        kind = "text/plain"  # its boundary never comes: what there is may be read
        mime = b""
    if kind == "message/rfc822":
        yield None, kind, b"" if is_attachment(head) and depth == 0 else body
    elif kind in ("text/plain", "text/html") and not is_attachment(head):
        yield Leaf(mime, body, group), kind, b""
    else:
        yield None, kind, b""


def _pieces(body: bytes, boundary: str | None) -> list[bytes] | None:
    """What stands between the lines of the boundary; None when it never comes."""
    if not boundary:
        return None
    mark = b"--" + boundary.encode("utf-8", "replace")
    pieces: list[bytes] = []
    start = -1
    for at in _lines_with(body, mark):
        behind = at + len(mark)
        end = body.find(b"\n", behind, behind + _LONGEST_MARK_END)
        rest = body[behind : behind + _LONGEST_MARK_END if end == -1 else end].rstrip()
        if rest not in (b"", b"--"):
            continue
        if start != -1:
            pieces.append(body[start : max(start, at - 1)])
            if len(pieces) > MOST_PARTS:
                raise SetAside("too_many_parts", "this mail has more than 200 parts")
        start = len(body) if end == -1 else end + 1
        if rest:
            return pieces
    return None if start == -1 else [*pieces, body[start:]]  # without its last line: cut off on the way


def _lines_with(body: bytes, mark: bytes) -> Iterator[int]:
    """Where lines begin that begin with this mark."""
    if body.startswith(mark):
        yield 0
    at = body.find(b"\n" + mark)
    while at != -1:
        yield at + 1
        at = body.find(b"\n" + mark, at + 1)


def _transferred(content: bytes, encoding: str) -> bytes:
    """The bytes of a part behind base64 or quoted-printable; broken ones as far as they go."""
    content = content[: 2 * LONGEST_TEXT]
    if encoding.startswith("base64"):
        letters = _NOT_BASE64.sub(b"", content)
        try:
            return base64.b64decode(letters[: len(letters) // 4 * 4] + _padded(letters[len(letters) // 4 * 4 :]))
        except (binascii.Error, ValueError):
            return content
    return quopri.decodestring(content) if encoding.startswith("quoted") else content


def _padded(rest: bytes) -> bytes:
    return rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""


def _unflowed(text: str, delete_space: bool) -> str:
    """Joins the soft line breaks of format=flowed (RFC 3676): a line that ends in a blank goes on in the next."""
    lines: list[str] = []
    soft, depth = False, 0
    for line in text.split("\n"):
        bare = line.lstrip(">")
        deep = len(line) - len(bare)
        if bare.startswith(" "):
            bare = bare[1:]
        if soft and deep == depth and bare != "-- ":
            lines[-1] += bare
        else:
            lines.append(">" * deep + (" " if deep else "") + bare)
        depth = deep
        soft = bare.endswith(" ") and bare != "-- "
        if soft and delete_space:
            lines[-1] = lines[-1][:-1]
    return "\n".join(lines)
