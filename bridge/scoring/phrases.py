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
    straight = text.translate(_STRAIGHT)
    words = [part.lower() for part in _PART.findall(straight)]
    first: dict[str, tuple[int, int]] = {}
    for place, word in enumerate(words):
        lengths = _LENGTHS.get(word)
        if lengths is None or (place + 1 < len(words) and words[place + 1] not in _SECOND and lengths[0] > 1):
            continue
        for length in lengths:
            kind = _KIND.get(" ".join(words[place : place + length]))
            if kind and kind not in first and not _taken_back(words, place):
                first[kind] = place, place + length - 1
    if not first:
        return _NOTHING
    parts = [part.span() for part in _PART.finditer(straight)]
    spans = {kind: (parts[begin][0], parts[end][1]) for kind, (begin, end) in first.items()}
    return Found(spans.get("urgent"), spans.get("waiting"))


_NOTHING = Found(None, None)


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

_I_WILL = "i'll|i will|we'll|we will|i'm going to|i am going to|we're going to|we are going to|i'm about to|i want to"
_DAY = "today|tonight|tomorrow|immediately|right now|now|asap|at once|right away|this minute"

_URGENT = [
    # Now.
    *_each(
        "i|we", "need", "this|that|it", "fixed|resolved|solved|sorted|working|done|back", _AT_ONCE + "|today|tonight"
    ),
    *_each("i|we", "need", "this|help|an answer|a solution|a refund|access|someone|somebody", _AT_ONCE + "|today"),
    *_each("i|we", "need", "a fix|it back|this back", _AT_ONCE + "|today"),
    *_each("fix|solve|resolve|sort", "this|it|that", _DAY),
    *_each("fix it", "now|or"),
    *_each("sort", "this|it", "out", _DAY),
    *_each("get", "this|it", "fixed|resolved|solved|sorted|done", _DAY),
    *_each("this|it|that", "must|has to|needs to", "be", "fixed|resolved|solved|sorted", _DAY),
    *_each("call|phone|ring", "me|us", "back now|back immediately|back asap|immediately|now|asap"),
    *_each("help|please help|answer|respond|reply|please respond|please reply", _AT_ONCE),
    *_each("help me|help us", _AT_ONCE),
    *_each("refund me|refund us", _AT_ONCE + "|today"),
    *_each("stop", "ignoring|charging|billing", "me|us|my card"),
    *_each("this is|that is|it is|that's|it's|is", "unacceptable|not acceptable|outrageous|disgraceful|a disgrace"),
    *_each("absolutely|completely|totally|utterly|simply|just|highly", "unacceptable"),
    *_each(
        "this is|it is|it's", "very urgent|really urgent|extremely urgent|so urgent|an emergency|a matter of urgency"
    ),
    *_each("this is|it is", "urgent"),
    *_each("i|we", "urgently need|need this urgently|need it urgently|need help urgently"),
    *_each("i|we", "demand", "a refund|my money|our money|an answer|an explanation|to speak|that"),
    *_each("i|we", "insist", "that|on"),
    *_each("i|we", "expect", "a reply|a call|an answer|action|a refund", "today|within|immediately|now"),
    *_each("i want|we want|give me|give us", "my money back|our money back"),
    *_each("speak|talk", "to", "a|your", "manager|supervisor", _AT_ONCE),
    *_each("can't|cannot", "wait any longer"),
    *_each("not going to|won't", "ask|wait|tell you", "again|any longer"),
    # Leaving.
    *_each(f"{_SOMEONE_IS}|i'll be|i will be|we'll be|we will be", "cancelling|canceling"),
    *_each(_I_WILL, "cancel", "my|our|the|this|everything|all|if|unless|today|immediately|at once"),
    *_each(_SOMEONE_IS, "going to cancel"),
    *_each(_SOMEONE_IS, "leaving for good|taking my business|taking our business|ready to leave|ready to cancel"),
    *_each(
        f"{_SOMEONE_IS}|{_I_WILL}",
        "switching|switch|moving|move",
        "to",
        "a competitor|your competitor|another provider",
    ),
    *_each("taking|take", "my|our", "business elsewhere"),
    *_each("cancel", "my|our|the", "account|subscription|contract|order|membership|plan|service", _DAY),
    *_each("cancel", "my|our", "account|subscription|contract|membership|plan", "and|i|we"),
    *_each("cancel everything|cancel it all", "now|immediately|today|i'm|i am|we're|we are"),
    *_each("close|delete|terminate", "my|our", "account", _DAY + "|and"),
    *_each("lost|losing|lose", "me|us", "as", "a customer|customers"),
    *_each("lost", "a|another", "customer|client"),
    *_each("last chance|last straw|final warning"),
    *_each("we're|we are|i'm|i am", "done with", "you|this|your"),
    *_each("will", "not|never", "do business with", "you"),
    *_each("won't|will not", "be renewing|renew", "my|our|this|with"),
    # Law.
    *_each("take|taking|considering|start|starting", "legal action|legal proceedings|legal steps"),
    *_each("hear|hearing", "from", "my|our", "lawyer|lawyers|attorney|solicitor|legal team"),
    *_each("my|our", "lawyer|lawyers|attorney|solicitor", "will"),
    *_each(
        _I_WILL, "sue|be suing|press charges|file a complaint|report you|file a lawsuit|go to court|see you in court"
    ),
    *_each("see you in court|sue you|suing you|take you to court|taking you to court|small claims court"),
    *_each("reporting|report|reported", "you", "to"),
    *_each("going|go|went", "to the police"),
    *_each("file|filing|filed", "a", "chargeback|lawsuit|police report"),
    # At the end of patience.
    *_each(_SOMEONE_HAS, "had enough of", "this|you|your"),
    *_each(_SOMEONE_HAS, "had it with"),
    "enough is enough",
    *_each(_SOMEONE_IS, "sick and tired of|fed up with", "this|you|your"),
    *_each("third|fourth|fifth|sixth|tenth", "time", "i|we", "ask|write|call|complain|report"),
    *_each("third|fourth|fifth|sixth|tenth", "time", _SOMEONE_IS, "asking|writing|calling|complaining|reporting"),
    *_each("third|fourth|fifth|sixth|tenth", "time", _SOMEONE_HAS, "asked|written|called|complained|reported"),
    # Danger.
    *_each("caught fire|went up in flames|gas leak|electric shock|burst into flames|carbon monoxide"),
    *_each("account", "was|has been|got", "hacked"),
    *_each("we've been|we have been|i've been|i have been|we got|i got|we were|i was", "hacked|breached"),
    *_each("hacked my|hacked our", "account|accounts"),
    # Nothing works.
    *_each("production|everything|our site|our website|the whole site|the whole system", "is", "down|offline|dead"),
    *_each("site|system|systems|server|servers|website|production", "are|is|has been", "completely|all", "down"),
    *_each("complete|total|major|full", "outage"),
    *_each("nobody|no one|none of us|none of our users", "can", "log in|login|work|access anything"),
    *_each("losing", "money|sales|customers|thousands", "every|by the"),
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
_SECOND = frozenset(words[1] for phrase in _KIND if len(words := phrase.split()) > 1)
"""Second words of phrases: few words are followed by one, so that most places are passed over at once."""
