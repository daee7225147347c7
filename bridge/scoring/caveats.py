"""What a reader should know before trusting a label. Caveats are words on a verdict; they never change its score."""

import functools
import re
import threading
from collections.abc import Callable, Collection
from dataclasses import replace

from bridge.model import Verdict

SHORT = "short"
MOSTLY_CODE = "mostly_code"
SARCASM = "sarcasm"
OFFLINE_FALLBACK = "offline_fallback"
TRUNCATED = "truncated"

_FEWEST_WORDS = 3
# Scripts written without blanks: Thai to Khmer, Chinese and Japanese. Each of their letters counts as a word.
_WORD = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\W_]+(?:['\u2019-][^\W_]+)*")

_CODE_FENCE = re.compile(r"\s{0,9}(```|~~~)")
_CODE_LINE = re.compile(
    r"""(?:
        at\s+[\w.$<>]+\(                                        # Java, JavaScript
        | File\s".*",\sline\s\d+ | Traceback\s\(most             # Python
        | (?:\w+\.)+\w*(?:Exception|Error)\b
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

_SURE = 0.7
"""Below this probability a language is not named. On 7,728 English development texts it named a wrong one never (once
rightly French); "Ich warte seit drei Tagen" has 0.99."""
_LONGEST_TO_DETECT = 2000
_LONGEST_CODE_LINE = 500
"""A longer line is judged by its beginning, so that no text makes the pattern slow."""
_loading = threading.Lock()


def caveats_of(text: str, languages: Collection[str] = (), truncated: bool = False) -> tuple[str, ...]:
    """The caveats that a customer text itself gives, in a fixed order.

    `languages`: the workspace's (ISO 639-1); empty: languages are not looked at, and the detector is never loaded.
    `truncated`: the text was cut before. The scorer adds `sarcasm`, the drain `offline_fallback`.
    """
    prose = _prose(text)
    found = []
    if len(_WORD.findall(text)) < _FEWEST_WORDS:
        found.append(SHORT)
    if _size(prose) * 2 < _size(text):
        found.append(MOSTLY_CODE)
    if languages:
        language = language_of(prose)
        if language is not None and language not in languages:
            found.append(f"language:{language}")
    if truncated:
        found.append(TRUNCATED)
    return tuple(found)


def with_caveats(verdict: Verdict, *caveats: str) -> Verdict:
    """The verdict with these caveats too, each once, those it had first."""
    return replace(verdict, caveats=tuple(dict.fromkeys(verdict.caveats + caveats)))


def language_of(text: str) -> str | None:
    """The language of a text (ISO 639-1, else 639-3), among all that py3langid knows; None when it is not sure.

    The first call loads about 97 MB and takes a second.
    """
    if len(_WORD.findall(text)) < _FEWEST_WORDS:
        return None
    language, probability = _detector()(text[:_LONGEST_TO_DETECT])
    return language if probability >= _SURE and language not in ("zxx", "und") else None


def _detector() -> Callable[[str], tuple[str, float]]:
    with _loading:
        return _load_detector()


@functools.cache
def _load_detector() -> Callable[[str], tuple[str, float]]:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # loaded by who needs it: 97 MB

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    classify: Callable[[str], tuple[str, float]] = identifier.classify
    return classify


def _prose(text: str) -> str:
    """The lines that are neither code nor log."""
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
    return sum(len(word) for word in text.split())
