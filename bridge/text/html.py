"""Turns the HTML of a message into the text that a person reads in it."""

import re

from resiliparse.extract.html2text import extract_plain_text

LONGEST = 256 * 1024
"""Characters of HTML that are read; what follows is dropped. Newest text stands on top of quoted history."""

_MOST_TAGS = 20_000
_LONGEST_TAG = 2_000
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


def to_text(html: str) -> str:
    """The readable text, with line breaks where blocks, table rows and `<br>` end. Never raises on any string.

    Scripts, styles, the head, form fields and hidden elements are left out. Linear, and capped: it reads
    `LONGEST` characters once embedded images and other tags of over 2,000 characters are out, and
    20,000 tags.
    """
    if len(html) > _ORDINARY:
        html = _TAG.sub(_without_giants, html)[:LONGEST]
        html = "<".join(html.split("<", _MOST_TAGS)[:_MOST_TAGS])
    # The parser takes no half characters, which JSON can carry.
    whole = html.encode("utf-8", "replace").decode()
    return extract_plain_text(whole, list_bullets=False, skip_elements=_NOT_READ).strip()


def _without_giants(tag: re.Match[str]) -> str:
    return "" if tag.end() - tag.start() > _LONGEST_TAG else tag[0]
