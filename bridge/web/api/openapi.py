"""The OpenAPI document (3.1.0, February 2021), made from the endpoints and their types."""

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from bridge import once
from bridge.web.api.endpoint import CSV, JSON, Endpoint
from bridge.web.api.json_schema import Schema, hints, schema
from bridge.web.api.types import Id, Name
from bridge.web.problem import CONTENT_TYPE

BASE = "/api/v1/workspaces/<slug>"

_PARTS: dict[str, Any] = {"slug": Name}
"""Parts of the path; all others are ids."""

_PROBLEMS = {
    401: "No token, or one that does not work",
    403: "The token's role may not do that",
    404: "There is no such thing in this workspace, or the token is another workspace's",
    409: "The first request with this idempotency key is still at work",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "A value cannot be accepted; `field` names it",
    429: "Too many calls",
    502: "Who was called for this does not answer as it should",
    503: "The database does not answer now",
}
_ABOUT_BODIES = (413, 415)

_RATE = {
    "RateLimit-Policy": {"schema": {"type": "string"}, "description": "How many calls in how many seconds"},
    "RateLimit": {"schema": {"type": "string"}, "description": "How many are left, and seconds until all are back"},
}
_RETRY = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds to wait"}}

_INTRODUCTION = """Everything of one workspace. A token belongs to one workspace and has a role: an agent reads and \
corrects, an admin also changes settings, keys and connections, an owner also manages people and deletes. \
Lists answer `items` and `next_cursor`, which asks for the next page. A POST with an `Idempotency-Key` is done once."""


def document(endpoints: Sequence[Endpoint], version: str) -> dict[str, Any]:
    """The whole description."""
    named: dict[str, Schema] = {"Problem": _problem()}
    paths: dict[str, dict[str, Any]] = {}
    for one in endpoints:
        path = re.sub("<([a-z_]+)>", r"{\1}", BASE + one.path)
        paths.setdefault(path, {"parameters": _path_parameters(BASE + one.path)})
        paths[path][one.method.lower()] = _operation(one, named)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Moodbridge", "version": version, "description": _INTRODUCTION},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": named,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "`mb_...`"}},
        },
    }


def _operation(one: Endpoint, named: dict[str, Schema]) -> dict[str, Any]:
    summary, more = one.words
    operation: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.tag],
        "summary": summary,
        "description": f"{more}\n\nNeeds the role {one.role}.".strip(),
        "parameters": [*_query_parameters(one, named), *_key_parameter(one)],
        "responses": _responses(one, named),
    }
    if one.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": schema(one.body, named, closed=True)}},
        }
    return operation


def _responses(one: Endpoint, named: dict[str, Schema]) -> dict[str, Any]:
    done: dict[str, Any] = {"description": "Done", "headers": _RATE}
    if one.answers is not None:
        shape = {"type": "string"} if one.media == CSV else schema(one.answers, named)
        done["content"] = {one.media: {"schema": shape}}
    responses = {str(one.status): done}
    for status, words in _PROBLEMS.items():
        if (status in _ABOUT_BODIES and one.body is None) or (status == 409 and one.method != "POST"):
            continue
        responses[str(status)] = {
            "description": words,
            "headers": _RETRY if status in (409, 429, 503) else {},
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return responses


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": schema(_PARTS.get(name, Id), {})}
        for name in re.findall("<([a-z_]+)>", path)
    ]


def _query_parameters(one: Endpoint, named: dict[str, Schema]) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    of_fields = hints(one.query)
    return [
        {
            "name": field.name,
            "in": "query",
            "required": field.default is dataclasses.MISSING,
            "schema": _without_null(schema(of_fields[field.name], named)),
        }
        for field in dataclasses.fields(one.query)
    ]


def _without_null(found: Schema) -> Schema:
    """A parameter is left out, never null."""
    kinds = [one for one in found.get("anyOf", ()) if one != {"type": "null"}]
    return kinds[0] if len(kinds) == 1 else found


def _key_parameter(one: Endpoint) -> list[dict[str, Any]]:
    if one.method != "POST":
        return []
    words = {"type": "string", "pattern": "^[!-~]([ -~]{0,253}[!-~])?$"}
    about = "The same request with the same key within 24 hours is done once and gets the first answer again"
    return [{"name": once.HEADER, "in": "header", "required": False, "schema": words, "description": about}]


def _problem() -> Schema:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "What went wrong (RFC 9457); `field` names the member or parameter that it is about.",
        "properties": {"type": text, "title": text, "status": {"type": "integer"}, "detail": text, "field": text},
        "required": ["type", "title", "status", "detail"],
    }
