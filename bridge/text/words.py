"""Counts the words of a text in any script."""

import re

# Scripts written without blanks: Thai to Khmer, Chinese and Japanese. Each of their letters counts as a word.
_WORD = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\W_]+(?:['\u2019-][^\W_]+)*")


def count_words(text: str) -> int:
    """How many words the text has; marks and signs are none."""
    return len(_WORD.findall(text))
