"""What a reader should know before trusting a label. Caveats are words on a verdict; they never change its score."""

import re
from collections.abc import Collection
from dataclasses import replace

from bridge.model import Verdict
from bridge.scoring.language import language_of
from bridge.text.words import has_words

SHORT = "short"
MOSTLY_CODE = "mostly_code"
SARCASM = "sarcasm"
OFFLINE_FALLBACK = "offline_fallback"
TRUNCATED = "truncated"

FEWEST_WORDS = 3
_CODE_FENCE = re.compile(r"\s{0,9}(```|~~~)")
_CODE_LINE = re.compile(
    r"""(?:
        at\s+[\w.$<>]+\(                                        # Java, JavaScript
        | File\s".*",\sline\s\d+ | Traceback\s\(most             # Python
        | (?:\w+\.)+\w*(?:Exception|Error)\b
        | (?:raise|throw)\s+(?:new\s+)?\w+\(
        | \[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d                         # a log's time
        | \[(?:TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL)\]
        | (?:\$|>>>)\s\S | <\/?\w+[^<>]*>\s*$ | (?:\/\/|\#!|\/\*|\*\/)
        | (?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER)\s.*\b(?:FROM|INTO|SET|TABLE|WHERE)\b
        | (?:import|from)\s[\w.]+(?:\simport\s.*)?\s*;?$
        | (?:def|class|function|if|for|while)\b.*\(.*[:{]\s*$
        | .*(?:[)\]}"']\s?;|[{}])\s*$
        | ["'][\w.-]+["']\s*: | [\w.-]+=\S | [\w.]+\s=\s.*[;)\]}"'\d]\s*$
    )""",
    re.VERBOSE,
)
_CODE_SIGNS = re.compile(r"[{}\[\]()<>=;|\\/_$#&*+~^]")
_SIGNS_OF_CODE = 0.2
"""A line with this share of signs among what is no blank is code, whatever it begins with."""

_LONGEST_CODE_LINE = 500
"""A longer line is judged by its beginning, so that no text makes the pattern slow."""


def caveats_of(text: str, languages: Collection[str] = (), truncated: bool = False) -> tuple[str, ...]:
    """The caveats that a customer text itself gives, in a fixed order.

    `languages`: the workspace's (ISO 639-1); empty: languages are not looked at.
    `truncated`: the text was cut before. The scorer adds `sarcasm`, the drain `offline_fallback`.
    """
    prose = prose_of(text)
    found = []
    if not has_words(text, FEWEST_WORDS):
        found.append(SHORT)
    if _size(prose) * 2 < _size(text):
        found.append(MOSTLY_CODE)
    if languages and has_words(prose, FEWEST_WORDS):
        language = language_of(prose)
        if language is not None and language not in languages:
            found.append(f"language:{language}")
    if truncated:
        found.append(TRUNCATED)
    return tuple(found)


def with_caveats(verdict: Verdict, *caveats: str) -> Verdict:
    """The verdict with these caveats too, each once, those it had first."""
    return replace(verdict, caveats=tuple(dict.fromkeys(verdict.caveats + caveats)))


def prose_of(text: str) -> str:
    """The lines of a text that are neither code nor log."""
    kept = []
    in_fence = False
    for line in text.splitlines():
        if _CODE_FENCE.match(line):
            in_fence = not in_fence
        elif not in_fence and not _is_code(line):
            kept.append(line)
    return "\n".join(kept)


def _is_code(line: str) -> bool:
    if _CODE_LINE.match(line.strip()[:_LONGEST_CODE_LINE]):
        return True
    size = _size(line)
    return size >= 8 and len(_CODE_SIGNS.findall(line)) >= _SIGNS_OF_CODE * size


def _size(text: str) -> int:
    return len("".join(text.split()))
