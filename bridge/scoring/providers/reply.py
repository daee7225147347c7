"""Reads what a model wrote: strict and typed. Anything but a readable score is a bad reply."""

import json
import re
from dataclasses import dataclass

from bridge.errors import BridgeError
from bridge.model import Score

_MOST_INDICATORS = 3
_LONGEST_INDICATOR = 80
_LOOKED_FOR = 200
"""Characters of an indicator that are looked for in the message."""
_INVENTED = 0.8
"""What each invented indicator leaves of the confidence."""


class BadReply(BridgeError):
    """The model's reply holds no score in the form that was asked for. Tells which field, never what it held."""


@dataclass(frozen=True, slots=True)
class Judgement:
    score: Score
    confidence: float | None
    """0 to 1; None when the model gave none."""
    sarcasm: bool
    indicators: tuple[str, ...]
    """Pieces of the message, letter by letter."""


def judgement(reply: str, text: str) -> Judgement:
    """What the model says of `text`. Unknown keys are ignored; only the score must be there. Raises BadReply."""
    answer = _object(reply)
    score = _whole(answer, "score", -10, 10)
    if score is None:
        raise BadReply("the model's reply has no score")
    confidence = _whole(answer, "confidence", 0, 20)
    sarcasm = answer.get("sarcasm", False)
    if type(sarcasm) is not bool:
        raise BadReply("sarcasm in the model's reply is neither true nor false")
    indicators, invented = _verbatim(answer.get("indicators", []), text)
    return Judgement(
        score=Score(score * 10),
        confidence=None if confidence is None else confidence / 20 * _INVENTED**invented,
        sarcasm=sarcasm,
        indicators=indicators,
    )


def _object(reply: str) -> dict[str, object]:
    """The reply's one JSON object. A code fence around it is taken off; an object amid prose is not looked for, as the
    model may be quoting one that the customer wrote."""
    written = reply.strip()
    if written.startswith("```") and written.endswith("```"):
        written = written[3:-3].removeprefix("json")
    try:
        answer = json.loads(written)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise BadReply("the model's reply is no JSON object")
    return answer


def _whole(answer: dict[str, object], key: str, lowest: int, highest: int) -> int | None:
    if key not in answer:
        return None
    value = answer[key]
    if type(value) is not int:  # `True` is an int too
        raise BadReply(f"{key} in the model's reply is no whole number")
    if not lowest <= value <= highest:
        raise BadReply(f"{key} in the model's reply is outside {lowest} to {highest}")
    return value


def _verbatim(indicators: object, text: str) -> tuple[tuple[str, ...], int]:
    """Those of the first three indicators that stand in the message, as they stand there, and how many do not."""
    if not isinstance(indicators, list) or not all(isinstance(each, str) for each in indicators):
        raise BadReply("indicators in the model's reply is no list of texts")
    named = [each.strip() for each in indicators if each.strip()][:_MOST_INDICATORS]
    found = [_in_message(each, text) for each in named]
    kept = dict.fromkeys(piece[:_LONGEST_INDICATOR].strip() for piece in found if piece is not None)
    return tuple(kept), found.count(None)


def _in_message(indicator: str, text: str) -> str | None:
    """The piece of the message that an indicator names; case and the kind of blanks do not matter."""
    if indicator in text:
        return indicator
    blanks_alike = r"\s+".join(re.escape(word) for word in indicator[:_LOOKED_FOR].split())
    match = re.search(blanks_alike, text, re.IGNORECASE)
    return match[0] if match else None
