"""Reads what a request says into typed values, strictly: nothing unknown is taken, and an error names its member."""

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, get_args, get_origin

from flask import request

from bridge.errors import Invalid
from bridge.web.answers import UnsupportedType
from bridge.web.api.json_schema import hints, is_union, words_of

JSON_TYPES = ("application/json", "application/merge-patch+json")

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def query(shape: Any) -> Any:
    """The address's parameters as the dataclass `shape`. Raises Invalid for one that is unknown or stands twice."""
    given: dict[str, list[str]] = request.args.to_dict(flat=False)
    for name, values in given.items():
        if len(values) > 1:
            raise Invalid(_known(name, shape, "parameter"), "give it once")
    return _object(shape, {name: values[0] for name, values in given.items()}, "parameter", from_text=True)


def body(shape: Any) -> tuple[frozenset[str], Any]:
    """The request's JSON object as the dataclass `shape`, and which members it has. Raises UnsupportedType, Invalid."""
    if request.mimetype not in JSON_TYPES:
        raise UnsupportedType
    try:
        value = json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise Invalid("body", "this is not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise Invalid("body", "send a JSON object")
    return frozenset(value), _object(shape, value, "member", from_text=False)


def _known(name: str, shape: Any, what: str, where: str = "") -> str:
    known = hints(shape)
    if name not in known:
        there_are = "there are " + ", ".join(known) if known else f"this address takes no {what}"
        raise Invalid(where + name.encode(errors="replace").decode()[:50], f"there is no such {what}; {there_are}")
    return name


def _object(shape: Any, given: Mapping[str, Any], what: str, from_text: bool, where: str = "") -> Any:
    of_fields = hints(shape)
    values = {}
    for name, value in given.items():
        kind = of_fields[_known(name, shape, what, where)]
        values[name] = _value(kind, _from_text(kind, value) if from_text else value, where + name)
    for field in dataclasses.fields(shape):
        if field.default is dataclasses.MISSING and field.name not in values:
            raise Invalid(where + field.name, "it must be given")
    return shape(**values)


def _from_text(kind: Any, text: str) -> object:
    """What a parameter's text says as JSON would say it; the text itself where it says none such."""
    if is_union(kind) or get_origin(kind) is Annotated:
        return _from_text(get_args(kind)[0], text)
    if kind is int and re.fullmatch(r"-?[0-9]{1,16}", text):
        return int(text)
    if kind is bool:
        return {"true": True, "false": False}.get(text, text)
    return text


def _value(kind: Any, value: Any, name: str, words: Mapping[str, Any] = {}) -> Any:
    """The value as `kind`. Raises Invalid."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _value(arguments[0], value, name, words_of(kind))
    if is_union(kind):
        return _one_of(arguments, value, name)
    if words.get("format") == "date-time":
        return _moment(value, name)
    if dataclasses.is_dataclass(kind):
        return _object(kind, _mapping(value, name), "member", from_text=False, where=f"{name}.")
    if origin is Literal or (isinstance(kind, type) and issubclass(kind, StrEnum)):
        allowed = arguments or tuple(str(one) for one in kind)
        if not isinstance(value, str) or value not in allowed:
            raise Invalid(name, "use one of " + ", ".join(allowed))
        return value if arguments else kind(value)
    if origin in (list, tuple, Sequence):
        return _list(arguments[0], value, name, words)
    if origin in (dict, Mapping):
        given = _mapping(value, name)
        return {_text(str, key, name, {}): _value(arguments[1], one, name) for key, one in given.items()}
    if kind in (int, float):
        return _number(kind, value, name, words)
    if kind in (str, bool):
        return _text(kind, value, name, words)
    return value


def _one_of(kinds: Sequence[Any], value: Any, name: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    errors: list[Invalid] = []
    for kind in kinds:
        if kind is not type(None):
            try:
                return _value(kind, value, name)
            except Invalid as error:
                errors.append(error)
    raise errors[0]


def _list(kind: Any, value: Any, name: str, words: Mapping[str, Any]) -> list[Any]:
    if not isinstance(value, list):
        raise Invalid(name, "give a list")
    if not words.get("minItems", 0) <= len(value) <= words.get("maxItems", 1000):
        raise Invalid(name, f"give {words.get('minItems', 0)} to {words.get('maxItems', 1000)} items")
    objects = dataclasses.is_dataclass(kind)
    return [_value(kind, one, f"{name}[{place}]" if objects else name) for place, one in enumerate(value)]


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Invalid(name, "give an object")
    return value


def _number(kind: type, value: Any, name: str, words: Mapping[str, Any]) -> Any:
    right = isinstance(value, int | float) and not isinstance(value, bool)
    if right and kind is int and isinstance(value, float):
        right = value.is_integer()  # JSON knows one kind of numbers: 3.0 is whole
    low, high = words.get("minimum", -(2**53)), words.get("maximum", 2**53)
    if not right or not low <= value <= high:
        range_ = f" from {low} to {high}" if words else ""
        raise Invalid(name, f"give {_NAMES[kind]}{range_}")
    return kind(value)


def _text(kind: type, value: Any, name: str, words: Mapping[str, Any]) -> Any:
    if not isinstance(value, kind):
        raise Invalid(name, f"give {_NAMES[kind]}")
    if isinstance(value, str):
        longest = words.get("maxLength", 10_000)
        if len(value) > longest or "\0" in value or not _is_unicode(value):
            raise Invalid(name, f"give text of at most {longest} characters")
        pattern = words.get("pattern")
        if pattern is not None and not re.fullmatch(pattern.removeprefix("^").removesuffix("$"), value):
            raise Invalid(name, f"give text that fits {pattern}")
    return value


def _is_unicode(text: str) -> bool:
    """Half a surrogate pair, which JSON can say, cannot be stored."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _moment(value: Any, name: str) -> float:
    try:
        if isinstance(value, str) and _RFC_3339.fullmatch(value):
            return datetime.fromisoformat(value.upper()).timestamp()
    except (ValueError, OverflowError):
        pass
    raise Invalid(name, "give a time such as 2026-11-22T10:00:00Z")
