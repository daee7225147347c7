"""What stands below the own words, or (banners) above them, and is not the writer's: signature, small print."""

import re

from bridge.text.lines import Kind, clean
from bridge.text.phrases import BANNERS, CLOSINGS, DISCLAIMERS, LEGAL, LIST_FOOTERS

LONGEST_SIGNATURE = 20
"""Lines; what follows a mark and is longer is no signature."""

_CONTACT = re.compile(
    r"(?:tel|phone|fax|mobile?|cell|direct|office|tél|telefone?|teléfono|тел|電話|电话|전화)[ .:)]{1,3}[+(]?\d"
    r"|(?<![\d.,])\+?\(?\d[\d ()./-]{7,18}\d(?!\d)|https?://|\bwww\.|[\w.+-]{1,64}@[\w-]{1,64}\.\w",
    re.IGNORECASE,
)
_MARK = frozenset(CLOSINGS)


def cut_footers(lines: list[str], kinds: list[Kind], gone: list[str | None]) -> None:
    """Marks in `gone` what of the lines still there is a footer, each with its kind. Never all that is left."""
    for mark in (_mobile, _signature, _small_print, _rule, _signature, _contact, _mobile):
        left = [at for at, cut in enumerate(gone) if cut is None and kinds[at] is not Kind.EMPTY]
        if left:
            mark(lines, kinds, gone, left)
    _banner(lines, kinds, gone)


def _cut(gone: list[str | None], places: list[int], kind: str) -> None:
    for at in places:
        gone[at] = kind


def _mobile(lines: list[str], kinds: list[Kind], gone: list[str | None], left: list[int]) -> None:
    """A phone's footer: with nothing of the text right below it."""
    for number, at in enumerate(left):
        if kinds[at] is not Kind.MOBILE:
            continue
        last = number + 1 == len(left) or kinds[left[number + 1]] in (Kind.MOBILE, Kind.DELIMITER, Kind.RULE)
        apart = last or left[number + 1] != at + 1 or gone[at + 1] is not None
        above = number == 0 or left[number - 1] != at - 1
        if last or (apart and above):
            gone[at] = "mobile"


def _signature(lines: list[str], kinds: list[Kind], gone: list[str | None], left: list[int]) -> None:
    """What follows a mark of a signature, up to the end or to what was quoted; of several marks the first that fits."""
    ends = _ends(gone, left)
    for number, at in enumerate(left):
        if number == 0 or kinds[at] is not Kind.DELIMITER:
            continue
        exact = lines[at].rstrip("\r\n") == "-- "
        if ends[number] - number <= LONGEST_SIGNATURE * (2 if exact else 1):
            _cut(gone, left[number : ends[number]], "signature")
            return


def _ends(gone: list[str | None], left: list[int]) -> list[int]:
    """For each line that is left, where the piece ends in which it stands: pieces are parted by quotations."""
    ends = [len(left)] * len(left)
    for number in range(len(left) - 2, -1, -1):
        between = range(left[number] + 1, left[number + 1])
        parted = any(gone[at] in ("quote", "attribution") for at in between)
        ends[number] = number + 1 if parted else ends[number + 1]
    return ends


def _small_print(lines: list[str], kinds: list[Kind], gone: list[str | None], left: list[int]) -> None:
    """Disclaimers and the footers of mailing lists: from the first such paragraph on, if only short lines follow."""
    paragraphs = _paragraphs(left)
    last_words = None  # the last line that no small print ends with; found when the first small print is
    for number, paragraph in enumerate(paragraphs):
        text = " ".join(clean(lines[at])[:1000] for at in paragraph[:15]).casefold()
        start = _small_print_at(lines, paragraph, text)
        if start is None or (number == 0 and start == 0):
            continue
        if last_words is None:
            last_words = next((at for at in reversed(left) if not _is_small(lines[at])), -1)
        kind = "list footer" if _is_list_footer(text) else "disclaimer"
        if last_words <= paragraph[-1]:
            _cut(gone, [at for at in left if at >= paragraph[start]], kind)
            return
        _cut(gone, paragraph[start:], kind)


def _paragraphs(left: list[int]) -> list[list[int]]:
    found: list[list[int]] = []
    for at in left:
        if found and found[-1][-1] == at - 1:
            found[-1].append(at)
        else:
            found.append([at])
    return found


def _small_print_at(lines: list[str], paragraph: list[int], text: str) -> int | None:
    """At which of its lines the small print of a paragraph begins; None when it has none."""
    listed = _is_list_footer(text)
    if not listed and not any(phrase in text for phrase in DISCLAIMERS):
        return None
    for number, at in enumerate(paragraph):
        line = clean(lines[at]).casefold().lstrip("*_-# \"'([<•")
        if listed and any(phrase in line for phrase in LIST_FOOTERS):
            return number
        if line.startswith(DISCLAIMERS) and any(word in text for word in LEGAL):
            return number
        if line.rstrip(":* ") in (
            "disclaimer",
            "confidential",
            "confidentiality",
            "haftungsausschluss",
            "avertissement",
        ):
            return number
    # Long phrases need not begin a line: "Notice: This email and any attachments ..."
    held = any(len(phrase) > 24 and phrase in text for phrase in DISCLAIMERS)
    return 0 if held and sum(word in text for word in LEGAL) > 1 else None


def _is_list_footer(text: str) -> bool:
    return any(phrase in text for phrase in LIST_FOOTERS) and ("http" in text or "@" in text or "subscri" in text)


def _is_small(line: str) -> bool:
    """Whether a line below small print may belong to it."""
    text = clean(line).casefold()
    return len(text) < 60 or any(word in text for word in LEGAL) or _CONTACT.search(text[:300]) is not None


def _rule(lines: list[str], kinds: list[Kind], gone: list[str | None], left: list[int]) -> None:
    """A line drawn near the end, with contact data or a few short lines below."""
    rules = [number for number, at in enumerate(left) if kinds[at] is Kind.RULE]
    if not rules or rules[0] == 0:
        return
    number = rules[-1]
    if number > 1 and len(rules) > 1 and len(left) - rules[-2] <= 8:
        number = rules[-2]
    tail = [clean(lines[at]) for at in left[number + 1 :] if kinds[at] is not Kind.RULE]
    short = all(len(line) <= 60 and not line.endswith(("?", "!", "？")) for line in tail)  # noqa: RUF001
    contact = any(_CONTACT.search(line[:300]) for line in tail)
    if not tail or (number and len(tail) <= 10 and contact) or (number and len(tail) <= 5 and short):
        _cut(gone, left[number:], "signature")


def _contact(lines: list[str], kinds: list[Kind], gone: list[str | None], left: list[int]) -> None:
    """Contact data below a closing and a name: the closing and the name stay, they are the writer's words."""
    near = left[-15:]
    closing = next((one for one in range(len(near) - 1, -1, -1) if _is_closing(lines[near[one]])), None)
    if closing is None or len(near) == len(left) == closing + 1:
        return
    tail = near[closing + 2 :]
    contacts = [at for at in tail if _CONTACT.search(clean(lines[at])[:300])]
    if contacts and all(len(clean(lines[at])) <= 90 and not clean(lines[at]).endswith("?") for at in tail):
        _cut(gone, tail, "signature")


def _is_closing(line: str) -> bool:
    return clean(line).casefold().rstrip(" ,.!，。、！") in _MARK  # noqa: RUF001


def _banner(lines: list[str], kinds: list[Kind], gone: list[str | None]) -> None:
    """A mail server's warning in the first paragraph, if something follows."""
    left = [at for at, cut in enumerate(gone) if cut is None and kinds[at] is not Kind.EMPTY]
    paragraphs = _paragraphs(left)
    if len(paragraphs) > 1 and len(paragraphs[0]) <= 6:
        text = " ".join(clean(lines[at])[:600] for at in paragraphs[0]).casefold()
        if any(phrase in text for phrase in BANNERS):
            _cut(gone, paragraphs[0], "banner")
