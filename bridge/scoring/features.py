"""What the embedded scorer looks at in a text: figures of five word lists under negation and emphasis, the look of the
text, and its words in rows of up to three as numbers.

Training (training/) and scoring read texts by this one code. numpy only.
"""

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bridge.scoring import vader
from bridge.scoring.words import key, normal, pieces

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.uint32]

LISTS = 5
"""VADER's list, and what was learned from the mean of all lists, and from each of three others."""
_OF_A_LIST = 14
GRAM_BITS = 18
POLARITY_BITS = 17
_SCOPE = 4
"""Words behind a negation that it turns."""
_MOST_KNOWN = 60_000
_LONGEST = 25_000
"""Words that a text can have: it is cut before to 20,000 characters."""
_LEAST_POLARITY = 0.1

_NEGATIONS_WORDS = """
    not no never none nobody nothing neither nor nowhere cannot cant won't wont dont doesnt didnt isnt arent wasnt
    werent hasnt havent hadnt couldnt wouldnt shouldnt aint without hardly barely scarcely rarely seldom lack
    lacks lacking despite"""
_NEGATIONS = frozenset(_NEGATIONS_WORDS.split())
_TURNS = frozenset(["but", "however", "although", "though", "yet", "except", "unfortunately"])
_ENDS_CLAUSE = frozenset(".,;:()!?-") | {"<...>"}
_ENDS_SENTENCE = frozenset((".", "<...>"))
_GROUPS = [
    frozenset(group.split())
    for group in (
        "would could should might may must ought wish hope hopefully if unless wonder wondering suppose",
        "how what why where when who which can could does do is are anyone",
        "i my me mine we our us i'm i've",
        "you your yours you're u ur",
        "he she they his her their him them",
        "than more less better worse most least best worst",
        "too only just even still again already",
        "please thanks thank thx cheers sorry appreciate",
        "was were had did used went got",
        "will going gonna i'll tomorrow soon",
        "finally glad easily",
        "but however although though yet except while",
        "all every everything always never nothing any anything",
    )
]
_LOOKS = 20
_COUNTED = 19 + len(_GROUPS)
_SMALL_LETTERS = 3
DENSE = LISTS * _OF_A_LIST + _LOOKS + len(_GROUPS) + 2

_NEGATION, _TURN, _CLAUSE, _SENTENCE, _HIT = 1, 2, 4, 8, 16


@dataclass(frozen=True, slots=True)
class Word:
    """What is known of a piece of a text by itself."""

    number: int
    kind: int
    """Whether it plays a part in the rules: _NEGATION and so on. 0 for most words."""
    values: tuple[float, ...]
    """Its weight in each list."""
    emphasis: float
    """More than 1 when written in capitals or stretched."""
    boost: float
    shouted: bool


class _Known:
    """The words seen so far, and beside each a row of what is merely counted."""

    def __init__(self) -> None:
        self.words: dict[str, Word] = {}
        self.keys = np.zeros(_MOST_KNOWN, np.uint32)
        self.counted = np.zeros((_MOST_KNOWN, _COUNTED), np.float32)


class Vocabulary:
    """Knows words by what was learned from word lists. Keeps those it has seen; safe in any number of threads."""

    def __init__(self, polarity: npt.NDArray[np.int8], step: Floats) -> None:
        """`polarity`: 2**17 rows of LISTS - 1 weights, in steps; word_parts() of a word says which ones are its own."""
        self._polarity = polarity
        self._step = step
        self._known = _Known()
        self._learning = threading.Lock()

    def words(self, cut: Sequence[str]) -> tuple[list[Word], npt.NDArray[np.uint32], Floats]:
        """The pieces of a text: what is known of each, the keys of all, and the sum of what is counted."""
        known = self._known
        get = known.words.get
        found = [get(piece) or self._learnt(known, piece) for piece in cut]
        numbers = [word.number for word in found]
        if len(known.words) >= _MOST_KNOWN - _LONGEST:
            self._known = _Known()
        return found, known.keys[numbers], known.counted[numbers].sum(0)

    def _learnt(self, known: _Known, piece: str) -> Word:
        with self._learning:
            found = known.words.get(piece)
            if found is None:
                small = normal(piece)
                number = len(known.words)
                found = self._word(number, piece, small)
                known.keys[number] = key(small)
                known.counted[number] = _counted(piece, small, found)
                known.words[piece] = found
            return found

    def _word(self, number: int, piece: str, small: str) -> Word:
        kind = 0
        if small in _NEGATIONS or small.endswith("n't"):
            kind |= _NEGATION
        if small in _TURNS:
            kind |= _TURN
        if small in _ENDS_CLAUSE or (small[0] == "<" and small not in ("<num>", "<user>")):
            kind |= _CLAUSE
        if small in _ENDS_SENTENCE or small[:2] in ("<!", "<?"):
            kind |= _SENTENCE
        listed = vader.valences().get(small, vader.valences().get(piece, 0.0)) / 2
        learned = [0.0] * (LISTS - 1)
        if small[0].isalpha() and small not in vader.NO_MOOD:
            learned = (self._polarity[word_parts(small)].sum(0) * self._step).tolist()
        values = (listed, *(one if abs(one) >= _LEAST_POLARITY else 0.0 for one in learned))
        shouted = small[0].isalpha() and len(piece) > 1 and piece.isupper()
        stretched = small[0].isalpha() and small != piece.lower() and small[0] != "<"
        return Word(
            number=number,
            kind=kind | (_HIT if any(values) else 0),
            values=values,
            emphasis=1.25 if shouted or stretched else 1.0,
            boost=vader.BOOSTERS.get(small, 0.0),
            shouted=shouted,
        )


def _counted(piece: str, small: str, word: Word) -> list[float]:
    letters = small[0].isalpha()
    face = small[0] in ":;=8" and len(small) > 1
    return [
        letters,
        word.shouted,
        letters and word.emphasis > 1 and not word.shouted,
        piece.islower(),
        word.kind & _NEGATION != 0,
        word.kind & _TURN != 0,
        word.kind & _SENTENCE != 0,
        piece.count("!"),
        piece.count("?"),
        small == "<...>",
        small == "<url>",
        small == "<user>",
        small == "<num>",
        face and small[-1] in ")]dp",
        small[0] in ":;=" and face and small[-1] in "([/|{",
        small == ",",
        len(small),
        small in ("(", ")"),
        small == '"',
        *(small in group for group in _GROUPS),
    ]


def word_parts(word: str) -> list[int]:
    """The rows of the table of polarities that a word sums up: itself, its stem and its runs of 3 to 5 letters."""
    whole = f"^{word}$"
    parts = [word, "~" + _stem(word)]
    parts += [whole[start : start + size] for size in (4, 5) for start in range(len(whole) - size + 1)]
    return [key(part) >> (32 - POLARITY_BITS) for part in parts]


def _stem(word: str) -> str:
    for end in ("ing", "ed", "es", "ly", "er", "est", "s"):
        if word.endswith(end) and len(word) - len(end) > 3:
            return word[: -len(end)]
    return word


@dataclass(frozen=True, slots=True)
class Features:
    """A text as the model takes it."""

    dense: Floats
    grams: Numbers
    """32 bits for each word, pair, pair with a gap, and three words in a row, in this order."""
    cut: Sequence[str]
    """The pieces of the text: so many single words lead `grams`."""
    places: Sequence[int]
    """Which pieces stand in a list."""
    effects: Floats
    """What each of them does, by list."""


_MIX = np.array([0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35, 0x27D4EB2F], np.uint32)
_EDGE = np.uint32(key("<edge>"))
_TURNED = np.uint32(0x5BD1E995)
_NOTHING = np.zeros((0, LISTS), np.float32)


def features(text: str, vocabulary: Vocabulary) -> Features:
    """What the scorer looks at in a text. Linear in its length."""
    cut = pieces(text)
    words, keys, counted = vocabulary.words(cut)
    hits = _Hits()
    turned = _walk(words, counted[_SMALL_LETTERS] > 0, hits)
    dense = np.empty(DENSE, np.float32)
    effects = _of_lists(dense, hits, math.sqrt(counted[0] + 1))
    _looks(dense[LISTS * _OF_A_LIST :], counted, "?" in cut[-1] if cut else False, hits)
    return Features(dense, _grams(keys, turned), cut, hits.places, effects)


class _Hits:
    """The words of a text that stand in a list, in order."""

    __slots__ = ("factors", "last_sentence", "last_turn", "no", "places", "values", "weights")

    def __init__(self) -> None:
        self.places: list[int] = []
        self.values: list[tuple[float, ...]] = []
        self.factors: list[float] = []
        self.no: list[bool] = []
        self.weights: list[float] = []
        """By VADER's rules."""
        self.last_turn = self.last_sentence = -1


def _walk(words: Sequence[Word], quiet_too: bool, hits: _Hits) -> list[int]:
    """Fills in the hits; the places of the words that a negation before them turns."""
    turned: list[int] = []
    until = -1
    last = len(words) - 1
    for place, word in enumerate(words):
        kind = word.kind
        if kind & _NEGATION:
            until = place + _SCOPE
        elif kind & (_CLAUSE | _TURN):
            until = -1
        elif place <= until:
            turned.append(place)
        if not kind:
            continue
        if kind & _TURN:
            hits.last_turn = place
        if kind & _SENTENCE and place < last:
            hits.last_sentence = place
        if kind & _HIT:
            one = words[place - 1].boost if place > 0 else 0.0
            no = bool(turned) and turned[-1] == place
            hits.places.append(place)
            hits.values.append(word.values)
            hits.factors.append(word.emphasis * (1.3 if one > 0 else 0.7 if one < 0 else 1.0))
            hits.no.append(no)
            valence = 2 * word.values[0]
            if valence:
                two = words[place - 2].boost if place > 1 else 0.0
                three = words[place - 3].boost if place > 2 else 0.0
                valence = vader.weighed(valence, (one, two, three), no, word.shouted and quiet_too)
            hits.weights.append(valence)
    return turned


def _grams(keys: npt.NDArray[np.uint32], turned: Sequence[int]) -> Numbers:
    size = len(keys)
    whole = np.empty(size + 2, np.uint32)
    whole[0] = whole[-1] = _EDGE
    whole[1:-1] = keys
    if turned:
        keys[turned] ^= _TURNED
    first, third = whole * _MIX[0], whole * _MIX[2]
    found = np.empty(4 * size + 1, np.uint32)
    found[:size] = keys * _MIX[3]
    pairs = found[size : 2 * size + 1]
    np.bitwise_xor(first[:-1], whole[1:] * _MIX[1], out=pairs)
    np.bitwise_xor(first[:-2], third[2:] + _MIX[1], out=found[2 * size + 1 : 3 * size + 1])
    np.bitwise_xor(pairs[:-1] * _MIX[3], third[2:], out=found[3 * size + 1 :])
    found *= _MIX[0]
    return found


def _looks(into: Floats, counted: Floats, asks: bool, hits: _Hits) -> None:
    (
        letters, shouted, stretched, _, negations, turns, sentences, exclamations, questions, dots, addresses, users,
        numbers, smiles, frowns, commas, length, brackets, quotes, *groups,
    ) = counted.tolist()  # fmt: skip
    figure = vader.compound(hits.weights, hits.last_turn, hits.places, int(exclamations), int(questions))
    per = 1 / (letters + 1)
    root = math.sqrt(per)
    into[:] = [
        min(exclamations, 3),
        questions > 0,
        asks,
        dots > 0,
        shouted * per,
        stretched > 0,
        math.log1p(letters),
        min(negations, 5),
        min(turns, 3),
        addresses > 0,
        users > 0,
        numbers * per,
        letters < 4,
        min(sentences, 10),
        smiles > 0,
        frowns > 0,
        commas * per,
        min(length * per, 12.0),
        brackets * per,
        quotes > 0,
        *(count * root for count in groups),
        figure,
        abs(figure),
    ]


def _of_lists(dense: Floats, hits: _Hits, size: float) -> Floats:
    """Puts each list's 14 figures in: sums of good and bad words, turned or not, before and behind "but", and so on.

    Gives what each hit does, on the mean of the lists.
    """
    if not hits.places:
        dense[: LISTS * _OF_A_LIST] = 0
        return _NOTHING
    weights = np.array(hits.values, np.float32)
    weights *= np.array(hits.factors, np.float32)[:, None]
    turn, sentence = hits.last_turn, hits.last_sentence
    picks = np.array(
        [
            hits.no,
            [not no for no in hits.no],
            [place > turn >= 0 for place in hits.places],
            [place < turn for place in hits.places],
            [place > sentence for place in hits.places],
            [1] * len(hits.no),
        ],
        np.float32,
    )
    effect: Floats = weights
    if any(hits.no):
        effect = weights * np.array([vader.NEGATES if no else 1.0 for no in hits.no], np.float32)[:, None]
    of = dense[: LISTS * _OF_A_LIST].reshape(_OF_A_LIST, LISTS)
    bad = np.minimum(weights, 0)
    of[0:2] = picks[:2] @ (weights - bad)
    of[2:4] = picks[:2] @ bad
    of[4:8] = picks[2:] @ effect
    total = of[7].copy()
    of[7] -= of[6]
    of[:8] *= 1 / size
    np.maximum.reduce(effect, 0, out=of[8], initial=0)
    np.minimum.reduce(effect, 0, out=of[9], initial=0)
    np.add.reduce(effect > 0.5, 0, out=of[10])
    np.add.reduce(effect < -0.5, 0, out=of[11])
    of[12] = total / np.sqrt(total * total + 4)
    of[13] = total / (size * size)
    return effect
