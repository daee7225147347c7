"""What a codec finds in a provider's answer: typed, whatever the provider sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call, as the provider counted them. `cached` is the part of `input` read from its cache."""

    input: int
    cached: int
    output: int


class Ending(StrEnum):
    COMPLETE = "complete"
    CUT = "cut"
    """The reply ran into the output limit."""
    REFUSED = "refused"
    TOO_LONG = "too_long"
    NONE = "none"
    """There is no text in the answer."""


@dataclass(frozen=True, slots=True)
class Completion:
    text: str
    ending: Ending
    usage: Usage | None


def part(value: object, key: str | int) -> Any:
    """`value[key]` of a mapping or a list; None when there is no such thing."""
    if isinstance(key, str):
        return value.get(key) if isinstance(value, Mapping) else None
    return value[key] if isinstance(value, list) and key < len(value) else None


def count(value: object, *keys: str) -> int:
    """The first of these keys that holds a whole number of tokens; 0 when none does."""
    for key in keys:
        found = part(value, key)
        if type(found) is int and 0 <= found < 10**9:
            return found
    return 0
