"""Phrases of customer support that say more than the words in them, and how they are found in a text.

A word list of general English does not know that "I've been waiting" is a complaint, or that "I'm cancelling" is
worse than one. The lists are short on purpose: a phrase belongs here when nearly everyone who writes it means it.
"""

import re
from dataclasses import dataclass
from itertools import product

Span = tuple[int, int]
"""Where a phrase begins and ends in the text."""

_UNLESS_BEFORE = frozenset(
    ("if", "when", "whenever", "whether", "unless", "until", "not", "no", "never", "without", "don't", "didn't")
)
"""One of these up to two words before a phrase, in the same clause, takes its meaning away ("if this is urgent")."""
_REACH = 2

_APOSTROPHES = "'\u2019\u02bc`\u00b4"
_STRAIGHT = str.maketrans(dict.fromkeys(_APOSTROPHES, "'"))
# A word, or what ends a clause. A line break alone ends none: mails are wrapped. A blank line does.
_PART = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[.,;:!?()\u2013\u2014\u2026]|\n[^\S\n]*\n")


@dataclass(frozen=True, slots=True)
class Found:
    """The first phrase of each kind in a text."""

    urgent: Span | None
    waiting: Span | None


def find(text: str) -> Found:
    """The first urgent and the first waiting phrase; case and the kind of apostrophe do not matter.

    A phrase is found as whole words in a row within one clause. Linear in the text.
    """
    parts = list(_PART.finditer(text.translate(_STRAIGHT)))
    words = [part[0].lower() for part in parts]
    first: dict[str, Span] = {}
    for place, word in enumerate(words):
        for length in _LENGTHS.get(word, ()):
            kind = _KIND.get(" ".join(words[place : place + length]))
            if kind and kind not in first and not _taken_back(words, place):
                first[kind] = parts[place].start(), parts[place + length - 1].end()
    return Found(first.get("urgent"), first.get("waiting"))


def _taken_back(words: list[str], place: int) -> bool:
    for word in reversed(words[max(0, place - _REACH) : place]):
        if not word[0].isalnum():
            return False
        if word in _UNLESS_BEFORE:
            return True
    return False


def _each(*alternatives: str) -> list[str]:
    return [" ".join(words) for words in product(*(choice.split("|") for choice in alternatives))]


_SOMEONE_IS = "i'm|im|i am|we're|we are"
_SOMEONE_HAS = "i've|ive|i have|we've|we have"
_AT_ONCE = "now|right now|immediately|asap"

_URGENT = [
    *_each("i|we", "need", "this|that|it", "fixed|resolved|solved|sorted|working", _AT_ONCE),
    *_each("i|we", "need", "this|help|an answer|a solution|a refund", _AT_ONCE),
    *_each("fix|solve|resolve", "this|it", "right now|immediately|asap"),
    *_each("this is|that is|it is|that's|it's", "unacceptable|not acceptable|outrageous|disgraceful|a disgrace"),
    *_each("absolutely|completely|totally|utterly|simply|just", "unacceptable"),
    *_each(f"{_SOMEONE_IS}|i'll be|i will be|we'll be|we will be", "cancelling|canceling"),
    *_each(_SOMEONE_IS, "going to cancel"),
    *_each("cancel my", "account|subscription|contract|order", "now|right now|immediately"),
    *_each("this is|it is|it's", "very urgent|really urgent|extremely urgent|so urgent|an emergency"),
    *_each("this is|it is", "urgent"),
    *_each("i|we", "urgently need|need this urgently|need it urgently|need help urgently"),
    *_each("i|we", "demand", "a refund|my money|our money|an answer|an explanation"),
    *_each("i want|we want|give me|give us", "my money back|our money back"),
    *_each("take|taking", "legal action"),
    *_each("hear|hearing", "from", "my|our", "lawyer|lawyers|attorney|solicitor"),
    *_each(_SOMEONE_HAS, "had enough of", "this|you|your"),
    *_each(_SOMEONE_IS, "sick and tired of|fed up with", "this|you|your"),
    *_each("third|fourth|fifth|tenth", "time", "i|we", "ask|write|call|complain|report"),
    *_each("third|fourth|fifth|tenth", "time", _SOMEONE_IS, "asking|writing|calling|complaining|reporting"),
    *_each("third|fourth|fifth|tenth", "time", _SOMEONE_HAS, "asked|written|called|complained|reported"),
    *_each("production|everything", "is", "down"),
]
_WAITING = [
    *_each(_SOMEONE_HAS, "been waiting"),
    *_each("been waiting", "for|since"),
    "still waiting",
    *_each("still no", "answer|reply|response|news|solution|fix|refund"),
    *_each("no|without an", "answer|reply|response", "yet|so far"),
    *_each("haven't|have not|havent", "heard", "back|anything|from you"),
    *_each("haven't|have not|havent", "received", "a|an|any", "answer|reply|response"),
    "never heard back",
    *_each("nobody|no one", "replied|has replied|answered|has answered|responded|has responded"),
    *_each("still", "not working|not fixed|not resolved|not solved|broken|doesn't work|isn't working|isn't fixed"),
    *_each("second time", f"i|we|{_SOMEONE_IS}|{_SOMEONE_HAS}", "ask|asking|asked|write|writing|written"),
]

_KIND = dict.fromkeys(_WAITING, "waiting") | dict.fromkeys(_URGENT, "urgent")
_LENGTHS: dict[str, list[int]] = {}
"""How many words the phrases have that begin with a word, the fewest first."""
for _first, _length in sorted({(phrase.split()[0], len(phrase.split())) for phrase in _KIND}):
    _LENGTHS.setdefault(_first, []).append(_length)
