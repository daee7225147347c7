"""What VADER says of a text: the one place that knows vaderSentiment, which is published without types.

VADER (Hutto and Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text",
ICWSM 2014) sums the weights of a word list under rules for negation, emphasis and emoji.
"""

import functools
import heapq
import itertools
import re
import string
import threading
from collections.abc import Iterator
from typing import Any

from vaderSentiment import vaderSentiment

WINDOW = 30
MOST_WORDS = 5_000
_LOOKED_AT = 12
"""So many of a text's heaviest words are weighed where they stand; more would hardly explain it better."""
_SURROUNDINGS = 3
"""VADER looks at so many words before a word, and at two behind it."""

_NO_MOOD = ("care", "dear", "help", "helping", "helps", "please", "support", "supports", "urgent")
"""Good words in VADER's list, mere courtesy or the matter itself in a support desk: every polite question was happy."""
_EMOJI = {
    "\U0001f621": "furious",  # pouting face
    "\U0001f92c": "furious",  # face with symbols on mouth
    "\U0001f624": "annoyed",  # face with steam from nose
    "\U0001f612": "annoyed",  # unamused face
    "\U0001f644": "annoyed",  # face with rolling eyes
    "\U0001f926": "annoyed",  # face palm
    "\U0001f44e": "bad",  # thumbs down
    "\U0001f494": "heartbroken",  # broken heart
    "\U0001f44d": "good",  # thumbs up
    "\U0001f44f": "great",  # clapping hands
    "\U0001f64f": "thanks",  # folded hands
    "\U0001f525": "great",  # fire
}
"""Words of VADER's list for emoji whose Unicode names say nothing, or the wrong thing."""

_WORD = re.compile(r"\S+")
_STRAIGHT = str.maketrans("\u2019\u02bc", "''")
_SHIFTERS = frozenset(vaderSentiment.NEGATE) | frozenset(vaderSentiment.BOOSTER_DICT)
_loading = threading.Lock()


def compound(text: str) -> float:
    """How good (up to 1) or bad (down to -1) the text sounds; 0 when VADER knows no word of it.

    Up to 30 words it is VADER's own figure (`compound`), with its word list as changed above. A longer text is
    read in windows of 30 words, and its best and its worst window are added up: VADER's rules are quadratic in
    the number of words, and its sum over a long text tells little but the length. The first 5,000 words are
    read; an emoji counts as the words that name it.
    """
    words = _named_emoji(text.translate(_STRAIGHT)).split()[:MOST_WORDS]
    windows = [" ".join(words[start : start + WINDOW]) for start in range(0, len(words), WINDOW)]
    scores = [_analyzer().polarity_scores(window)["compound"] for window in windows]
    return float(max([0.0, *scores]) + min([0.0, *scores]))


def heaviest(text: str, sign: int) -> list[tuple[int, int]]:
    """Where the pieces stand that pull the score most to this sign (1 or -1), the heaviest first.

    A piece is a word of VADER's list with the negations and intensifiers just before it, or an emoji.
    """
    same = text.translate(_STRAIGHT)
    pieces = [*_words(same), *_emoji(same)]
    pieces.sort(key=lambda piece: -sign * piece[0])
    return [span for weight, span in pieces if sign * weight > 0]


def _words(text: str) -> Iterator[tuple[float, tuple[int, int]]]:
    """The weights, as they stand, of the words that are heaviest in the list."""
    lexicon = _analyzer().lexicon
    found = list(itertools.islice(_WORD.finditer(text), MOST_WORDS))
    known = [(abs(lexicon.get(_bare(word[0]).lower(), 0)), place) for place, word in enumerate(found)]
    for listed, place in heapq.nlargest(_LOOKED_AT, known, key=lambda item: item[0]):
        if listed:
            first = max(0, place - _SURROUNDINGS)
            near = vaderSentiment.SentiText(" ".join(word[0] for word in found[first : place + _SURROUNDINGS]))
            word = near.words_and_emoticons[place - first]
            weight = _analyzer().sentiment_valence(0, near, word, place - first, [])[0]
            yield weight, _with_shifters(text, found, place)


def _with_shifters(text: str, words: list[re.Match[str]], place: int) -> tuple[int, int]:
    bare = _bare(words[place][0])
    start = words[place].start() + words[place][0].index(bare)
    end = start + len(bare)
    for before in reversed(words[max(0, place - _SURROUNDINGS) : place]):
        if text[before.end() : start] != " " or before[0].lower() not in _SHIFTERS:
            break
        start = before.start()
    return start, end


def _emoji(text: str) -> Iterator[tuple[float, tuple[int, int]]]:
    if text.isascii():
        return
    lexicon, names = _analyzer().lexicon, _analyzer().emojis
    for sign in dict.fromkeys(text):
        if sign in names:
            place = text.index(sign)
            yield sum(lexicon.get(word, 0) for word in names[sign].split()), (place, place + 1)


def _bare(word: str) -> str:
    # As VADER does it: what would leave two characters or fewer was an emoticon.
    stripped = word.strip(string.punctuation)
    return stripped if len(stripped) > 2 else word


def _named_emoji(text: str) -> str:
    # VADER does this itself, but glues the name to the letter behind it, and a window of emoji would grow long.
    if text.isascii():
        return text
    names = _analyzer().emojis
    return "".join(f" {names[sign]} " if sign in names else sign for sign in text)


def _analyzer() -> Any:
    with _loading:
        return _load()


@functools.cache
def _load() -> Any:
    analyzer = vaderSentiment.SentimentIntensityAnalyzer()
    for word in _NO_MOOD:
        del analyzer.lexicon[word]
    analyzer.emojis.update(_EMOJI)
    return analyzer
