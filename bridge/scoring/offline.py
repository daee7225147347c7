"""The embedded scorer: needs no provider, no key and no network. English only."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bridge.model import Score, ScorerName, Verdict
from bridge.scoring import phrases
from bridge.scoring.caveats import FEWEST_WORDS, SHORT, TRUNCATED, prose_of
from bridge.scoring.features import LISTS, Features, Floats, features
from bridge.scoring.gate import nothing_to_score
from bridge.scoring.phrases import Found
from bridge.scoring.weights import Chances, Model, model
from bridge.text.clip import clip
from bridge.text.words import has_words

NAME = ScorerName("offline", "embedded", "2")
"""The last part counts up whenever the same text may get another score: weights, phrases or reading changed."""

URGENT = Score(-80)
WAITING = Score(-40)
URGENT_LOGIT = 1.0
"""Over this the words of a text make it urgent."""
SURE_URGENT = 0.75
"""Confidence behind words that are urgent together."""
SURE_PHRASE = 0.9
"""Confidence behind a phrase: of our own cases with one, nine of ten had its label."""
_NEGATIVE, _POSITIVE = -0.2, 0.5
_NEXT = 0.01
_FARTHEST = 0.49
"""How far into its bucket a negative score goes; urgent is another matter than very negative."""

_MOOD = 0.5
"""A word with this weight in VADER's list is one of mood; what was learned also guesses at foreign words."""
_MOST_INDICATORS = 3
_LONGEST_INDICATOR = 80
_LEAST_PULL = 0.3
_LOOKED_AT = 24
"""So many of a text's heaviest words may be named; more would hardly explain it better."""


def score(text: str) -> Verdict:
    """The verdict on a customer text: a score with the pieces that explain it, or None when there is nothing to score.

    Lines of code and log are not read. Fewer than three words of prose have a score only if they hold a word of
    mood, an urgent or waiting phrase or an emoji of mood; the caveat is `short` else. The confidence is the share of
    labels that were right where the model was as sure. Safe in any number of threads.
    """
    read, cut = clip(text)
    caveats = (TRUNCATED,) if cut else ()
    if nothing_to_score(read):
        return Verdict(None, None, (), caveats, NAME)
    prose = prose_of(read)
    knows = model()
    seen = features(prose, knows.vocabulary)
    found = phrases.find(prose)
    if not (_has_mood(seen) or found.urgent or found.waiting or has_words(prose, FEWEST_WORDS)):
        return Verdict(None, None, (), (*caveats, SHORT), NAME)
    pulls = knows.pulls(seen)
    chances = knows.chances(seen, pulls)
    urging = knows.urging(seen)
    # What is urgent is seldom said kindly, so how negative the text is has a say too.
    urgency = float(urging.sum()) + knows.urgent_base + chances.negative - 0.5 * (1 + (chances.positive > 0.5))
    value, sure = _judged(knows, seen, chances, found, urgency)
    weights = _urgent_weights(seen, urging) if urgency > URGENT_LOGIT else _weights(seen, pulls, value)
    indicators = tuple(one for one in _indicators(prose, seen.cut, weights, found) if one in read)
    return Verdict(value, round(sure, 2), indicators, caveats, NAME)


def _has_mood(seen: Features) -> bool:
    return bool(seen.places) and float(np.abs(seen.effects[:, 0]).max()) >= _MOOD


def _judged(knows: Model, seen: Features, chances: Chances, found: Found, urgency: float) -> tuple[Score, float]:
    value = value_of(chances, knows)
    sure = knows.confidence(max(chances.negative, chances.neutral, chances.positive))
    if found.urgent:
        return min(value, URGENT), SURE_PHRASE
    if urgency > URGENT_LOGIT:
        return min(value, URGENT), SURE_URGENT
    if found.waiting:
        return min(value, WAITING), SURE_PHRASE
    return value, sure


def value_of(chances: Chances, knows: Model) -> Score:
    """The score that these chances come to: in the bucket of the likeliest label, the deeper the more it leads.

    A neutral text stands nearer to the label that is next.
    """
    negative, neutral, positive = (math.log(max(chance, 1e-9)) for chance in _each(chances))
    if negative > neutral and negative >= positive:
        lead = negative - max(neutral, positive)
        value = _NEGATIVE - _NEXT - (_FARTHEST - _NEXT) * _deep(lead, knows.negative_half)
    elif positive > neutral:
        lead = positive - max(neutral, negative)
        value = _POSITIVE + (1 - _POSITIVE) * _deep(lead, knows.positive_half)
    else:
        bad, good = neutral - negative, neutral - positive
        share = (bad + 1e-9) / (bad + good + 2e-9)
        value = _NEGATIVE * (1 - 2 * share) if share < 0.5 else (_POSITIVE - _NEXT) * (2 * share - 1)
    return Score(round(100 * value))


def _each(chances: Chances) -> tuple[float, float, float]:
    return chances.negative, chances.neutral, chances.positive


def _deep(lead: float, half: float) -> float:
    return float(1 - 0.5 ** (lead / half))


def _indicators(text: str, cut: Sequence[str], weights: Floats, found: Found) -> list[str]:
    """The phrases and the heaviest words, as they stand in the text, none of them part of another."""
    pieces = [text[slice(*span)] for span in (found.urgent, found.waiting) if span]
    whole = " ".join(pieces).lower()
    for place in (-weights).argsort(kind="stable")[:_LOOKED_AT].tolist():
        if weights[place] <= _LEAST_PULL or len(pieces) >= _MOST_INDICATORS:
            break
        word = cut[place]
        small = word.lower()
        if small in _SAYS_LITTLE or small in whole or (len(word) < 3 and word.isascii()):
            continue
        piece = _with_shifters(text, cut, place)
        if piece is not None and len(piece) <= _LONGEST_INDICATOR:
            pieces.append(piece)
            whole = f"{whole} {piece.lower()}"
    return [piece for piece in pieces[:_MOST_INDICATORS] if len(piece) <= _LONGEST_INDICATOR]


def _weights(seen: Features, pulls: Floats, value: Score) -> Floats:
    """How much each word pulls to the score's side: by the lists, by itself, and half of the pairs it is in."""
    if not value:
        return np.zeros(len(seen.cut), np.float32)
    rows = pulls[:, 1] - pulls[:, 0]
    size = len(seen.cut)
    pairs = rows[size : 2 * size + 1]
    weights = (rows[:size] + (pairs[:-1] + pairs[1:]) / 2) / 2
    if seen.places:
        weights[list(seen.places)] += seen.effects.sum(1) * (2 / LISTS)
    return _as_floats(weights if value > 0 else -weights)


def _as_floats(weights: npt.NDArray[np.floating]) -> Floats:
    return weights.astype(np.float32)


def _urgent_weights(seen: Features, urging: Floats) -> Floats:
    pairs = urging[len(seen.cut) :]
    return _as_floats(urging[: len(seen.cut)] + (pairs[:-1] + pairs[1:]) / 2)


_SAYS_LITTLE_WORDS = """
    a about am an and are as at be been before but by can could did do does for from had has have he her him his how i
    if in into is it its just me my of on one or our out she so than that the their them then there they this to too up
    us was we were what when where which who will with would you your yours because also only even after over some"""
_SAYS_LITTLE = frozenset(_SAYS_LITTLE_WORDS.split())
_SHIFTERS_WORDS = "not no never without hardly barely very really so too extremely absolutely completely"
_SHIFTERS = frozenset(_SHIFTERS_WORDS.split())


def _with_shifters(text: str, cut: Sequence[str], place: int) -> str | None:
    """The word with the negations and intensifiers before it, as far as that stands in the text; None: nothing does."""
    found = None
    piece = cut[place]
    for before in range(place, max(-1, place - 4), -1):
        if before < place:
            word = cut[before].lower()
            if not (word in _SHIFTERS or word.endswith("n't")):
                break
            piece = f"{cut[before]} {piece}"
        # Pieces have straight apostrophes; the text may have others.
        if piece in text:
            found = piece
        elif (curly := piece.replace("'", "\u2019")) in text:
            found = curly
    return found
