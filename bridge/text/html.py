"""Turns the HTML of a message into the text that a person reads in it."""

import re

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

LONGEST = 256 * 1024
"""Characters of HTML that are read; what follows is dropped. Newest text stands on top of quoted history."""

_MOST_TAGS = 20_000
_LONGEST_TAG = 2_000
_MOST_MARKS = 2_000
_ORDINARY = 20_000
"""Shorter HTML holds neither an embedded image nor enough attributes to slow the parser down."""

# A tag as the HTML standard splits it: quotes count only behind an equals sign. Possessive, so that it is linear.
_TAG = re.compile(r"""<[a-zA-Z](?:[^>=]++|=\s*+"[^"]*+(?:"|\Z)|=\s*+'[^']*+(?:'|\Z)|=)*+(?:>|\Z)""")

# Hidden words are not what the customer wrote: preview lines of newsletters, instructions to a language model.
# Pictures speak only where they stand for an emoji: mail programs send emoji as pictures with the emoji as its text.
_NOT_READ = (
    "[hidden]",
    "[style*='display:none' i]",
    "[style*='display: none' i]",
    "[style*='visibility:hidden' i]",
    "[style*='visibility: hidden' i]",
    "[style*='mso-hide:all' i]",
    "[style*='mso-hide: all' i]",
    "img:not([data-emoji]):not([class*='emoji' i])",
)


# Where mail programs put what they quote, the signature, and the head of the mail that is answered. A quotation
# without one of these marks may be an indented paragraph of the writer's own.
_QUOTED = (
    "blockquote[type='cite' i], blockquote[class*='quote' i], blockquote[style*='border-left' i], "
    "blockquote[cite], .yahoo_quoted, .protonmail_quote > blockquote, .tutanota_quote, #isReplyContent"
)
_SIGNATURE = (
    ".gmail_signature, .moz-signature, .AppleMailSignature, #AppleMailSignature, #Signature, #signature, "
    "#ms-outlook-mobile-signature, .ms-outlook-mobile-signature, .protonmail_signature_block, .tutanota-signature"
)
_ANSWERED = "#divRplyFwdMsg, #OLK_SRC_BODY_SECTION, .OutlookMessageHeader, .ms-outlook-mobile-reference-message"
_OPEN, _CLOSE, _BREAK, _SIGN = "\ue0f0", "\ue0f1", "\ue0f2", "\ue0f3"
_MARKS = re.compile(f"[{_OPEN}-{_SIGN}]")


def to_marked_text(html: str) -> str:
    """As `to_text`, with what only the HTML tells written as plain mail writes it.

    Quotations begin their lines with `> `, a signature follows a line `-- `, the head of an answered mail a line
    `-----Original Message-----`.
    """
    tree = HTMLTree.parse(_MARKS.sub("", _capped(html)))
    body = tree.body
    if body is None:
        return ""
    for selectors, first, last in (
        (_QUOTED, _OPEN, _CLOSE), (_SIGNATURE, _SIGN, ""), (_ANSWERED, _BREAK, ""),
    ):  # fmt: skip
        # As a list: going through the collection itself takes time by the square of its length.
        for node in body.query_selector_all(selectors).values()[:_MOST_MARKS]:
            before, after = tree.create_text_node(first), tree.create_text_node(last)
            if before is not None and after is not None:
                node.prepend(before)
                node.append(after)
    return _written_out(extract_plain_text(tree, list_bullets=False, skip_elements=_NOT_READ))


def to_text(html: str) -> str:
    """The readable text, with line breaks where blocks, table rows and `<br>` end. Never raises on any string.

    Scripts, styles, the head, form fields and hidden elements are left out. Linear, and capped: it reads
    `LONGEST` characters once embedded images and other tags of over 2,000 characters are out, and
    20,000 tags.
    """
    return extract_plain_text(_capped(html), list_bullets=False, skip_elements=_NOT_READ).strip()


def _capped(html: str) -> str:
    if len(html) > _ORDINARY:
        html = _TAG.sub(_without_giants, html)[:LONGEST]
        html = "<".join(html.split("<", _MOST_TAGS)[:_MOST_TAGS])
    # The parser takes no half characters, which JSON can carry.
    return html.encode("utf-8", "replace").decode()


def _written_out(text: str) -> str:
    lines: list[str] = []
    depth = 0
    for line in text.strip().split("\n"):
        opened = depth + line.count(_OPEN)
        bare = _MARKS.sub("", line)
        if _BREAK in line:
            lines.append("-----Original Message-----")
        if _SIGN in line and not depth:
            lines.append("-- ")
        if bare.strip() or len(bare) == len(line):
            lines.append(f"> {bare}".rstrip() if opened else bare)
        depth = max(0, opened - line.count(_CLOSE))
    return "\n".join(lines).strip()


def _without_giants(tag: re.Match[str]) -> str:
    return "" if tag.end() - tag.start() > _LONGEST_TAG else tag[0]
