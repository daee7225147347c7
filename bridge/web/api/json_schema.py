"""JSON Schema of the API's types (draft 2020-12): what is published of requests and answers."""

import dataclasses
import types
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from bridge.model import Score

Schema = dict[str, Any]

_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Score: {"type": "number"},
    date: {"type": "string", "format": "date"},
    types.NoneType: {"type": "null"},
}


@cache
def hints(shape: Any) -> Mapping[str, Any]:
    """The types of a dataclass's fields by name."""
    return get_type_hints(shape, include_extras=True)


def is_union(kind: Any) -> bool:
    """Whether it says one of several types."""
    return get_origin(kind) in (Union, types.UnionType)


def words_of(kind: Any) -> Schema:
    """What an `Annotated` says in JSON Schema's words; a later word counts more."""
    return {name: value for words in kind.__metadata__ for name, value in words}


def says_write_only(kind: Any) -> bool:
    """Whether a member is taken and never shown."""
    if get_origin(kind) is Annotated:
        return bool(words_of(kind).get("writeOnly"))
    return is_union(kind) and any(says_write_only(one) for one in get_args(kind))


def schema(kind: Any, named: dict[str, Schema], closed: bool = False) -> Schema:
    """The schema of a type. Those of dataclasses are put into `named` and referred to. `closed`: nothing unknown
    is taken."""
    if dataclasses.is_dataclass(kind):
        name = kind.__name__  # type: ignore[union-attr]  # a class
        if name not in named:
            named[name] = {}
            named[name].update(_object(kind, named, closed))
        return {"$ref": f"#/components/schemas/{name}"}
    arguments = get_args(kind)
    origin = get_origin(kind)
    if origin is Annotated:
        return schema(arguments[0], named, closed) | words_of(kind)
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if is_union(kind):
        return {"anyOf": [schema(one, named, closed) for one in arguments]}
    if origin in (list, tuple, Sequence):
        return {"type": "array", "items": schema(arguments[0], named, closed)}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": schema(arguments[1], named, closed)}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"type": "string", "enum": [str(one) for one in kind]}
    return dict(_PLAIN.get(kind, {}))


def _object(shape: Any, named: dict[str, Schema], closed: bool) -> Schema:
    fields = dataclasses.fields(shape)
    of_fields = hints(shape)
    made: Schema = {
        "type": "object",
        "description": (shape.__doc__ or "").strip(),
        "properties": {one.name: schema(of_fields[one.name], named, closed) for one in fields},
    }
    required = [one.name for one in fields if not closed or one.default is dataclasses.MISSING]
    if required:
        made["required"] = required
    if closed:
        made["additionalProperties"] = False
    return made
