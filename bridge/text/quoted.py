"""The customer's own words in a mail: without quoted history, signatures, disclaimers and forward headers.

Each line is classified once (`lines`), then decisions look at the sequence of kinds. No pattern runs over more than
one line, so that the time is linear in the text; what is not sure to be another's words stays.
"""

import re
from dataclasses import dataclass

from bridge.text.footers import cut_footers
from bridge.text.lines import Kind, kinds_of
from bridge.text.phrases import LIST_FOOTERS

LONGEST = 200_000
"""Characters that are looked at: of a longer text its first three quarters and its end."""

MOST_LINES = 3_000

_SAID = re.compile("[^\\W_]|[\u2100-\ud7ff\ue100-\U0010ffff]")
_OTHERS = (Kind.QUOTE, Kind.ATTRIBUTION, Kind.SEPARATOR, Kind.HEADER)
_NAMES = {
    Kind.QUOTE: "quote",
    Kind.ATTRIBUTION: "attribution",
    Kind.SEPARATOR: "separator",
    Kind.HEADER: "headers",
}


@dataclass(frozen=True, slots=True)
class Cut:
    """Lines `first` to `last` (from 1, both within) that were taken away, and why.

    `kind`: quote, attribution, separator, headers, history (all that follows one of these), signature, mobile,
    disclaimer, list footer, banner or length.
    """

    kind: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class HandedOn:
    """The mail below the own words, as its head and its text stand there."""

    head: str
    text: str


@dataclass(frozen=True, slots=True)
class OwnWords:
    """`text`: what the customer wrote, no character changed within lines. `cut`: what was taken away, in order.

    `fallback`: nothing would have been left, so that `text` is that of the mail handed on, or all there is.
    `quoted`: it was sure that nothing of it is the writer's: all lines are marked as quoted.
    """

    text: str
    cut: tuple[Cut, ...]
    fallback: bool = False
    quoted: bool = False
    handed_on: HandedOn | None = None


def own_words(text: str) -> OwnWords:
    """The customer's own words, "" only for a text without any letter, digit or sign. Never raises on any string."""
    lines, left_out = _lines(text)
    kinds = kinds_of(lines)
    gone: list[str | None] = [None] * len(lines)
    if left_out is not None:
        gone[left_out[0]] = "length"
    start = _cut_history(lines, kinds, gone)
    cut_footers(lines, kinds, gone)
    handed_on = _handed_on(lines, kinds)
    kept = _kept(lines, gone)
    cuts = _cuts(kinds, gone, left_out)
    if _says_something(kept):
        return OwnWords(kept, cuts, handed_on=handed_on)
    if handed_on is not None and start == 0 and _says_something(handed_on.text):
        head = [at for at, kind in enumerate(kinds) if kind in (Kind.HEADER, Kind.SEPARATOR)]
        return OwnWords(
            handed_on.text, (Cut("headers", head[0] + 1, head[-1] + 1),), fallback=True, handed_on=handed_on
        )
    marked = all(kind in (Kind.QUOTE, Kind.ATTRIBUTION, Kind.MOBILE, Kind.EMPTY) for kind in kinds)
    return OwnWords(text.strip(), (), fallback=_says_something(text), quoted=marked, handed_on=handed_on)


def _lines(text: str) -> tuple[list[str], tuple[int, int] | None]:
    """The lines that are looked at; and where how many lines were left out, one empty line in their place."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if "\r" in text else text.split("\n")
    size = len(text)
    if size <= LONGEST and len(lines) <= MOST_LINES:
        return lines, None
    head, tail = (
        _within(lines, LONGEST * 3 // 4, MOST_LINES * 3 // 4),
        _within(lines[::-1], LONGEST // 4, MOST_LINES // 4),
    )
    if len(head) + len(tail) >= len(lines):
        return [line[:LONGEST] for line in lines[:MOST_LINES]], None
    left_out = len(lines) - len(head) - len(tail)
    return [*head, "", *tail[::-1]], (len(head), left_out - 1)


def _within(lines: list[str], most_characters: int, most_lines: int) -> list[str]:
    found: list[str] = []
    for line in lines[:most_lines]:
        if len(line) >= most_characters:
            found.append(line[:most_characters])
            break
        found.append(line)
        most_characters -= len(line) + 1
    return found


def _cut_history(lines: list[str], kinds: list[Kind], gone: list[str | None]) -> int | None:
    """Marks what is quoted of others. Returns where history without quotation marks begins; None when none does."""
    _mend_wrapped_quotes(lines, kinds)
    start = next((at for at in range(len(kinds)) if _opens(kinds, at)), None)
    text = next((at for at, kind in enumerate(kinds) if kind in (Kind.TEXT, Kind.MOBILE)), len(kinds))
    while start is not None:
        quoted, end = _quotation(kinds, start)
        above = start > text
        if not quoted:
            # Without marks, what follows is another's to the end.
            if above:
                _mark(kinds, gone, start, len(kinds), "history")
                return start
            break
        if above and _is_leftover(lines, kinds, end):
            _mark(kinds, gone, end, len(kinds), "history")
            break
        start = next((at for at in range(end, len(kinds)) if _opens(kinds, at)), None)
    for at, kind in enumerate(kinds):
        if kind in _OTHERS and gone[at] is None:
            gone[at] = _NAMES[kind]
    return start


def _opens(kinds: list[Kind], at: int) -> bool:
    return kinds[at] in (Kind.ATTRIBUTION, Kind.SEPARATOR, Kind.HEADER)


def _quotation(kinds: list[Kind], start: int) -> tuple[bool, int]:
    """Whether quoted lines follow the head that begins here, and where the quotation ends."""
    at, quoted = start, False
    while at < len(kinds) and (kinds[at] in _OTHERS or kinds[at] in (Kind.EMPTY, Kind.RULE)):
        if kinds[at] is Kind.QUOTE:
            quoted = True
        elif quoted and _opens(kinds, at):
            break
        at += 1
    return quoted, at


def _is_leftover(lines: list[str], kinds: list[Kind], end: int) -> bool:
    """Whether the few lines behind a last quotation are its own rest, broken off by a mail program."""
    rest: list[int] = []
    for at in range(end, len(kinds)):
        if kinds[at] in _OTHERS or len(rest) > 6:
            return False
        if kinds[at] is not Kind.EMPTY:
            rest.append(at)
    if not rest or len(rest) > 6:
        return False
    if rest[0] == end and end and kinds[end - 1] is Kind.QUOTE and lines[end - 1].strip(" >"):
        return True
    text = " ".join(lines[at][:300] for at in rest).casefold()
    return any(phrase in text for phrase in LIST_FOOTERS)


def _mend_wrapped_quotes(lines: list[str], kinds: list[Kind]) -> None:
    """A line between two quoted ones, with no empty line around, is the end of a quoted line that was wrapped."""
    for at in range(1, len(kinds) - 1):
        if kinds[at] is Kind.TEXT and kinds[at - 1] is Kind.QUOTE and kinds[at + 1] is Kind.QUOTE:
            before = lines[at - 1]
            if (
                len(before) >= 60
                and len(lines[at]) < len(before)
                and not before.rstrip().endswith((".", "?", "!", ":"))
            ):
                kinds[at] = Kind.QUOTE


def _mark(kinds: list[Kind], gone: list[str | None], start: int, end: int, kind: str) -> None:
    while start and kinds[start - 1] in (Kind.RULE, Kind.EMPTY):  # the line drawn above the head
        start -= 1
    for at in range(start, end):
        gone[at] = _NAMES.get(kinds[at], kind)


def _handed_on(lines: list[str], kinds: list[Kind]) -> HandedOn | None:
    """The mail that is answered or forwarded below its head."""
    first = next((at for at, kind in enumerate(kinds) if kind in (Kind.HEADER, Kind.SEPARATOR)), None)
    if first is None:
        return None
    end = first
    while end < len(kinds) and kinds[end] in (Kind.HEADER, Kind.SEPARATOR, Kind.EMPTY, Kind.RULE):
        end += 1
    following = next((at for at in range(end, len(kinds)) if _opens(kinds, at)), len(kinds))
    head = "\n".join(lines[at] for at in range(first, end) if kinds[at] is Kind.HEADER)
    return HandedOn(head, "\n".join(lines[end:following]).strip())


def _kept(lines: list[str], gone: list[str | None]) -> str:
    """What is left; where something was cut between two pieces, one empty line."""
    found: list[str] = []
    for line, cut in zip(lines, gone, strict=True):
        if cut is None:
            found.append(line)
        elif found and found[-1].strip():
            found.append("")
    return "\n".join(found).strip()


def _cuts(kinds: list[Kind], gone: list[str | None], left_out: tuple[int, int] | None) -> tuple[Cut, ...]:
    """Runs of lines that went for the same reason; empty ones between them belong to them."""
    found: list[Cut] = []
    apart = True
    place, shift = left_out or (len(gone), 0)
    for at, kind in enumerate(gone):
        number = at + 1 + (shift if at > place else 0)
        if kind is None:
            apart = apart or kinds[at] is not Kind.EMPTY
        elif found and found[-1].kind == kind and not apart:
            found[-1] = Cut(kind, found[-1].first, number)
        elif kinds[at] is not Kind.EMPTY or kind == "length":
            found.append(Cut(kind, number, number + (shift if at == place else 0)))
            apart = False
    return tuple(found)


def _says_something(text: str) -> bool:
    """Whether there is a letter, a digit or an emoji."""
    return _SAID.search(text) is not None
