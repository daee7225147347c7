"""Says of each line of a mail what it is: text, a quotation, the head of an answered mail, a signature's mark."""

import re
from enum import StrEnum

from bridge.text.phrases import (
    ABOVE_THIS,
    DAYS,
    DEVICES,
    FORM_FIELDS,
    FROM,
    LEADS,
    MOBILE,
    OTHER_HEADERS,
    QUOTING,
    SEPARATORS,
    WROTE,
)

LONGEST_LINE = 600
"""Characters of a line that are looked at; a longer one is text."""


class Kind(StrEnum):
    EMPTY = " "
    TEXT = "t"
    QUOTE = "q"
    ATTRIBUTION = "a"
    """The line, often wrapped, before a quotation: "On ... wrote:"."""
    SEPARATOR = "s"
    """"-----Original Message-----" and what helpdesks write above what they sent."""
    HEADER = "h"
    """One of a block of headers of an answered or forwarded mail."""
    RULE = "r"
    """A line drawn."""
    DELIMITER = "d"
    """The mark before a signature."""
    MOBILE = "m"
    """What a phone puts below every mail."""


# Marks of writing direction and zero width, which stand in odd places of localised lines.
_UNSEEN = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F), 0xAD))
_BLANKS = dict.fromkeys((0xA0, 0x2007, 0x202F, 0x3000), " ")
_CLEAN = _UNSEEN | _BLANKS

_QUOTE = re.compile(r"[ \t]{0,4}(?:[A-Z]{1,3})?[>＞](?![:;=]?-?[()DPO/](?:\s|$))")  # noqa: RUF001
_BAR = re.compile(r"[ \t]{0,4}\|(?!.*\|[ \t]*$)")
_HEADER = re.compile(r"[*_#\s]{0,4}([^:：\t*]{1,25}?)[*_ ]{0,4}[:：\t][*_ \t]{0,9}(.*)")  # noqa: RUF001
_DRAWN = re.compile(r"([-_=~*#+–—─━═.·ᐧ])\1{2,}\s*")  # noqa: RUF001
_DECOR = " \t-–—_=*#~>•·|:：<\"'«»【】「」[]()─━═+."  # noqa: RUF001
_TIME = re.compile(r"(?<!\d)\d{1,2}[:.h時点시]\s?\d{2}(?!\d)")
_DATE = re.compile(r"(?<!\d)(?:(?:19|20|25)\d\d(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})")
_STARTS_WITH_DATE = re.compile(r"[(\[<]?\d{1,4}(?:[./\-年 ]|\. |th |st |nd |rd |º )")
_SENTENCE_END = (".", "!", "?", "。", "！", "？")  # noqa: RUF001

_MARKED = frozenset(SEPARATORS)
_LEAD_STARTS = tuple(LEADS)
_DAY_STARTS = tuple(f"{day}{end}" for day in DAYS for end in (" ", ",", ".", "/"))


def clean(line: str) -> str:
    """A line as it is looked at: without outer blanks and unseen marks."""
    return line.strip() if line.isascii() else line.translate(_CLEAN).strip()


def kinds_of(lines: list[str]) -> list[Kind]:
    """The kind of each line. Linear in their number; of each at most `LONGEST_LINE` characters are looked at."""
    seen = [clean(line[: LONGEST_LINE + 1]) for line in lines]
    folded = [line.casefold() for line in seen]
    kinds = [_alone(lines[at], seen[at], folded[at]) for at in range(len(lines))]
    _bars(lines, kinds)
    _attributions(seen, folded, kinds)
    _headers(seen, folded, kinds)
    _separators(folded, kinds)
    return kinds


def next_filled(kinds: list[Kind], at: int, most: int = 4) -> int | None:
    """The next line that is not empty, at most `most` lines on."""
    return next((one for one in range(at, min(len(kinds), at + most)) if kinds[one] is not Kind.EMPTY), None)


def _alone(line: str, seen: str, folded: str) -> Kind:
    """What a line is by itself."""
    if not seen:
        return Kind.EMPTY
    if _QUOTE.match(line):
        return Kind.QUOTE
    if len(seen) > LONGEST_LINE:
        return Kind.TEXT
    if seen in ("--", "—", "–", "- -", "––", "-- -"):  # noqa: RUF001
        return Kind.DELIMITER
    if _DRAWN.fullmatch(seen):
        return Kind.TEXT if seen in ("...", "···") else Kind.RULE
    if len(seen) <= 160:
        if _is_separator(seen, folded):
            return Kind.SEPARATOR
        if len(seen) <= 120 and is_mobile(folded):
            return Kind.MOBILE
    return Kind.TEXT


def is_mobile(folded: str) -> bool:
    """Whether it reads like the footer of a phone or of a mail program."""
    bare = folded.lstrip(" -–—_*([>").replace("’", "'")  # noqa: RUF001
    if not bare.startswith(MOBILE):
        return False
    return bare.startswith("sent from my ") or any(word in bare for word in DEVICES)


def _is_separator(seen: str, folded: str) -> bool:
    bare = folded.strip(_DECOR)
    if bare in _MARKED:
        return True
    drawn = seen.startswith(("--", "__", "==", "**", "##")) or seen.endswith(("--", "__", "==", "##"))
    if drawn and any(phrase in folded for phrase in ABOVE_THIS):
        return True
    if "above this line" in folded:
        return True
    # Lotus Notes: "----- Forwarded by Jane Doe/Acme on 03.06.2015 10:00 -----", with the name in the middle.
    return (
        drawn
        and len(bare) > 8
        and bare.startswith(("forwarded by", "weitergeleitet von", "transféré par", "inoltrato da"))
    )


def _bars(lines: list[str], kinds: list[Kind]) -> None:
    """Two lines or more that begin with `|` and are no table are a quotation too."""
    barred = [kinds[at] is Kind.TEXT and _BAR.match(lines[at][:LONGEST_LINE]) is not None for at in range(len(lines))]
    for at, bar in enumerate(barred):
        if bar and ((at and barred[at - 1]) or (at + 1 < len(barred) and barred[at + 1])):
            kinds[at] = Kind.QUOTE


def _attributions(seen: list[str], folded: list[str], kinds: list[Kind]) -> None:
    for at, kind in enumerate(kinds):
        if kind is not Kind.TEXT or not _may_end(seen[at], folded[at], kinds, at):
            continue
        span = _attribution(seen, folded, kinds, at)
        for one in range(at - span + 1, at + 1):
            kinds[one] = Kind.ATTRIBUTION


def _may_end(seen: str, folded: str, kinds: list[Kind], at: int) -> bool:
    if len(seen) > 400:
        return False
    bare = seen.rstrip(" *_>")
    if bare.endswith((":", "：", ":-")):  # noqa: RUF001
        return True
    if seen.startswith("--") and seen.endswith("--"):  # Zoho: "---- On ... wrote ----"
        return True
    return _quote_follows(kinds, at) and any(verb.rstrip(":") in folded for verb in WROTE)


def _attribution(seen: list[str], folded: list[str], kinds: list[Kind], at: int) -> int:
    """How many lines up to this one are the attribution: 0 when it is none."""
    quoted = _quote_follows(kinds, at)
    found = 0
    joined, small = "", ""
    for count in range(1, 5):
        one = at - count + 1
        if one < 0 or kinds[one] is not Kind.TEXT or len(joined) > 450:
            break
        if count > 1 and seen[one].endswith(_SENTENCE_END) and not _begins(folded[one]):
            break
        joined, small = f"{seen[one]} {joined}".strip(), f"{folded[one]} {small}".strip()
        begins = _begins(folded[one])
        weight = _weight(joined, small, quoted)
        if (weight == 2 or (weight and quoted)) and (begins or not found):
            found = count
            if begins:
                break
    return found


def _weight(joined: str, folded: str, quoted: bool) -> int:
    """2: surely an attribution; 1: one if a quotation follows; 0: none."""
    mail = "@" in joined or "<mailto" in folded
    when = _TIME.search(joined) is not None
    day = _DATE.search(joined) is not None
    if not (quoted or mail or when or day):
        return 0
    verb = any(one in folded for one in WROTE)
    if verb and (mail or (when and day) or ((when or day) and _begins(folded))):
        return 2
    if folded.startswith(QUOTING) and mail:
        return 2
    if mail and (when or day) and (_begins(folded) or joined.rstrip(" *_").endswith((">:", ">：", "):"))):  # noqa: RUF001
        return 2
    return 1 if verb or (mail and len(joined) < 120) or (when and day) else 0


def _begins(folded: str) -> bool:
    """Whether an attribution may begin so: with a date, a day, or the word before one."""
    bare = folded.lstrip("-*_ >")
    if _STARTS_WITH_DATE.match(bare) or bare.startswith(_DAY_STARTS):
        return True
    return bare.startswith(_LEAD_STARTS) and any(char.isdigit() for char in bare[:60])


def _quote_follows(kinds: list[Kind], at: int) -> bool:
    after = next_filled(kinds, at + 1)
    return after is not None and kinds[after] is Kind.QUOTE


def header_name(seen: str, folded: str) -> str | None:
    """The header a line seems to be; None when none."""
    match = _HEADER.match(folded) if len(seen) <= LONGEST_LINE else None
    if match is None:
        return None
    name = match[1].strip(" *_")
    return name if name in FROM or name in OTHER_HEADERS else None


def _headers(seen: list[str], folded: list[str], kinds: list[Kind]) -> None:
    """Marks blocks of headers: a sender and two more, close together."""
    names = [
        header_name(seen[at], folded[at]) if kind in (Kind.TEXT, Kind.ATTRIBUTION) else None
        for at, kind in enumerate(kinds)
    ]
    at = 0
    while at < len(kinds):
        if names[at] is None:
            at += 1
            continue
        block = _block(names, kinds, at)
        if _is_block(seen, folded, names, kinds, block):
            for one in range(block[0], block[-1] + 1):
                kinds[one] = Kind.HEADER
            at = block[-1] + 1
        else:
            at += 1


def _block(names: list[str | None], kinds: list[Kind], start: int) -> list[int]:
    """The lines with headers from here on; between two of them stand at most two others, wrapped ones."""
    block = [start]
    at = start + 1
    while at < len(names) and at - block[-1] <= 3 and len(block) < 15:
        if kinds[at] not in (Kind.TEXT, Kind.EMPTY, Kind.ATTRIBUTION):
            break
        if names[at] is not None and names[at] not in (names[one] for one in block):
            block.append(at)
        at += 1
    return block


def _is_block(seen: list[str], folded: list[str], names: list[str | None], kinds: list[Kind], block: list[int]) -> bool:
    count = len(block)
    if count < 2 or not any(names[one] in FROM for one in block):
        return False
    around = range(max(0, block[0] - 3), min(len(seen), block[-1] + 4))
    if any(folded[one].partition(":")[0].strip(" *") in FORM_FIELDS for one in around if ":" in folded[one]):
        return False  # a contact form
    before = next(
        (kinds[one] for one in range(block[0] - 1, max(-1, block[0] - 4), -1) if kinds[one] is not Kind.EMPTY), None
    )
    if before in (Kind.SEPARATOR, Kind.RULE):
        return True
    # Of a journey one writes From, To and Date as well.
    return count >= 4 or (count == 3 and any("@" in seen[one] for one in range(block[0], block[-1] + 1)))


def _separators(folded: list[str], kinds: list[Kind]) -> None:
    """A phrase without any dashes is a separator only where a head or a quotation follows, or nothing but it fits."""
    for at, kind in enumerate(kinds):
        if kind is not Kind.SEPARATOR or folded[at][:1] in "-–—_=*#>~【[<" or folded[at][-1:] in "-–—:：】]":  # noqa: RUF001
            continue
        after = next_filled(kinds, at + 1)
        if "above this line" not in folded[at] and (after is None or kinds[after] not in (Kind.HEADER, Kind.QUOTE)):
            kinds[at] = Kind.TEXT
