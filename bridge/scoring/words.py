"""Cuts a text into words and marks, as the embedded scorer reads them; linear in the text, whatever it holds."""

import re
from zlib import crc32

_APOSTROPHES = str.maketrans("\u2019\u2018`\u00b4\u02bc", "'''''")

# Addresses, mentions, faces such as :-), hearts, words with their apostrophes, numbers, rows of ! and ?, dots, signs.
# No part may be taken in two ways, so that no text makes it slow; a word is never longer than 60 letters.
_PIECE = re.compile(
    r"""https?://\S{1,500} | www\.\S{1,500} | @\w{1,60}
    | [<>]?[:;=8][-o*']?[)\](\[dDpP/\\|}{@3]{1,9} | <3+
    | [a-zA-Z]{1,60}(?:'[a-zA-Z]{1,60}){0,3} | \d{1,60}(?:[.,]\d{1,60}){0,9}%?
    | [!?]{1,60} | \.{2,60} | [.,;:()\-"/$] | [^\s\w] | \w{1,60}""",
    re.VERBOSE,
)
_STRETCHED = re.compile(r"(.)\1{2,}")


def pieces(text: str) -> list[str]:
    """The words and marks of a text in order, apostrophes made straight; nothing else is changed."""
    return _PIECE.findall(text.translate(_APOSTROPHES))


def normal(piece: str) -> str:
    """What a piece counts as: small letters, no letter more than twice in a row, one word for each kind of mark."""
    first = piece[0]
    if first.isalpha():
        if piece.startswith(("http:", "https:", "www.")):
            return "<url>"
        small = piece.lower()
        return _STRETCHED.sub(r"\1\1", small) if len(small) > 3 else small
    if first == "@" and len(piece) > 1:
        return "<user>"
    if first.isdigit():
        return "<num>"
    if first in "!?":
        return f"<{''.join(sorted(set(piece)))}{min(len(piece), 3)}>"
    return "<...>" if piece.startswith("..") else piece


def key(word: str) -> int:
    """32 bits of a word, the same in every process and on every machine."""
    return crc32(word.encode("utf-8", "surrogatepass"))
