"""What a request asks for: parameters of its address, and a JSON object as its body. Nothing unknown is accepted."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from flask import request

from bridge.errors import Invalid
from bridge.web.answers import UnsupportedType


def arguments(*known: str) -> dict[str, str]:
    """The address's parameters by name. Raises Invalid for one that is unknown or stands twice."""
    given: dict[str, list[str]] = request.args.to_dict(flat=False)
    for name, values in given.items():
        if name not in known:
            raise Invalid(name[:50], _no_such("parameter", known))
        if len(values) > 1:
            raise Invalid(name, "give it once")
        if not values[0].isprintable():
            raise Invalid(name, "give printable characters")
    return {name: values[0] for name, values in given.items()}


def _no_such(what: str, known: Sequence[str]) -> str:
    return f"there is no such {what}; there are " + ", ".join(known) if known else f"this address takes no {what}"


def whole(name: str, text: str) -> int:
    """A whole number. Raises Invalid."""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise Invalid(name, "give a whole number")
    return int(text)


def switch(name: str, text: str) -> bool:
    """true or false. Raises Invalid."""
    if text not in ("true", "false"):
        raise Invalid(name, "say true or false")
    return text == "true"


def moment(name: str, text: str) -> float:
    """A time (RFC 3339; without an offset UTC) as Unix seconds. Raises Invalid."""
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise Invalid(name, "give a time such as 2026-11-22T10:00:00Z") from None


def body_object() -> dict[str, Any]:
    """The JSON object that the request carries. Raises UnsupportedType and Invalid."""
    if request.mimetype not in ("application/json", "application/merge-patch+json"):
        raise UnsupportedType
    try:
        value = json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise Invalid("body", "this is not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise Invalid("body", "send a JSON object")
    return value
