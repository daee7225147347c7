"""Shows values as the API's JSON has them, by the types of the answer's dataclass.

The value may be that dataclass or another with attributes of the same names: what people and programs can do answers
values of its own, and a shape says which of their parts are public, and how.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, get_args, get_origin

from bridge.model import Score
from bridge.scale import shown
from bridge.web.api.json_schema import hints, is_union, words_of


def moment(at: float) -> str:
    """A time as RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def show(kind: Any, value: Any, words: Mapping[str, Any] = {}) -> Any:
    """The value as JSON says it."""
    if value is None:
        return None
    if dataclasses.is_dataclass(kind):
        shape: Any = kind
        return {name: show(of, getattr(value, name)) for name, of in hints(shape).items()}
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return show(arguments[0], value, words_of(kind))
    if is_union(kind):
        return show(next(one for one in arguments if one is not type(None)), value)
    if words.get("format") == "date-time":
        return moment(value)
    if kind is Score:
        return shown(value)
    if origin in (list, tuple, Sequence):
        return [show(arguments[0], one) for one in value]
    if origin in (dict, Mapping):
        return {str(key): show(arguments[1], one) for key, one in value.items()}
    return value.isoformat() if kind is date else value
