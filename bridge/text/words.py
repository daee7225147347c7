"""The words of a text in any script."""

import re
from itertools import islice

# Scripts written without blanks: Thai to Khmer, Chinese and Japanese. Each of their letters counts as a word.
_WORD = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\W_]+(?:['\u2019-][^\W_]+)*")


def has_words(text: str, count: int) -> bool:
    """Whether the text has so many words; marks and signs are none. Looks no further than it must."""
    return sum(1 for _ in islice(_WORD.finditer(text), count)) == count
