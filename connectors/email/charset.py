"""Bytes of a mail as text, whatever the mail says about them."""

import codecs

_GUESSED = 64 * 1024
"""Bytes that are looked at to guess a character set."""

# Their text is ASCII bytes only: as UTF-8 it would be read without an error and wrongly.
_SEVEN_BIT = ("iso2022", "hz", "utf_7", "utf-7", "utf_16", "utf-16", "utf_32", "utf-32")

_KNOWN_AS = {
    "unicode-1-1-utf-7": "utf-7",
    "ansi_x3.110-1983": "latin-1",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "x-mac-roman": "mac-roman",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "big5": "big5hkscs",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
}
"""Labels that Python does not know, or knows as less than mail programs mean by them (WHATWG, Encoding Standard)."""


def decode(data: bytes, declared: str | None) -> str:
    """The text of these bytes: UTF-8 if they are, else the declared character set, else a guess. Never raises."""
    codec = _codec(declared)
    if codec is not None and codec.startswith(_SEVEN_BIT):
        try:
            return data.decode(codec)
        except (UnicodeError, ValueError):
            pass
    for name in ("utf-8", codec):
        if name is None:
            continue
        try:
            return data.decode(name)
        except (UnicodeError, ValueError):
            continue
    if codec is not None and codec not in ("utf-8", "cp1252", "ascii"):
        return data.decode(codec, "replace")
    return _guess(data)


def _codec(declared: str | None) -> str | None:
    """Python's name of a declared character set; None when there is no such one for text."""
    if not declared:
        return None
    label = declared.strip(" \t\r\n\"'<>;").lower()[:40]
    label = _KNOWN_AS.get(label, label)
    for name in (label, label.replace("cp-", "cp"), label.removeprefix("x-")):
        try:
            info = codecs.lookup(name)
        except (LookupError, ValueError):
            continue
        # Codecs from bytes to bytes (hex, zip) are none of a mail's; only text encodings have this mark.
        if getattr(info, "_is_text_encoding", True):
            return info.name
    return None


def _guess(data: bytes) -> str:
    # Loaded here: it takes 20 MB, and nearly no mail needs it.
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_GUESSED]).best() if len(data) > 30 else None
    if best is not None:
        try:
            return data.decode(best.encoding)
        except (UnicodeError, ValueError):
            pass
    return data.decode("cp1252", "replace")
