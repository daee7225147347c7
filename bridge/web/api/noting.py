"""What an API call leaves in the audit log: who did what, to what, with which values; never one that is write-only."""

from collections.abc import Mapping
from typing import Any

from bridge import audit
from bridge.web.api.endpoint import Call, Endpoint
from bridge.web.api.json_schema import hints, says_write_only

LONGEST = 200


def note(endpoint: Endpoint, call: Call, path: Mapping[str, str], body: Any) -> None:
    """Notes a call that changed something."""
    if endpoint.method != "GET":
        detail = {name: value[:LONGEST] for name, value in path.items()} | _told(endpoint, call, body)
        audit.note(call.runtime, call.slug, call.by, endpoint.name.replace("_", " "), detail)


def _told(endpoint: Endpoint, call: Call, body: Any) -> dict[str, str]:
    if body is None:
        return {}
    kinds = hints(endpoint.body)
    return {
        name: "(not shown)" if says_write_only(kinds[name]) else str(getattr(body, name))[:LONGEST]
        for name in sorted(call.given)
    }
