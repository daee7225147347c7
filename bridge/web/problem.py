"""How a program is told what went wrong: problem details (RFC 9457, "Problem Details for HTTP APIs", July 2023)."""

import json
from http import HTTPStatus

CONTENT_TYPE = "application/problem+json"


def problem(status: int, detail: str, field: str | None = None) -> bytes:
    """The JSON of an error answer. `detail` says what to do; `field` names what it is about."""
    told: dict[str, object] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    told["detail"] = detail
    if field is not None:
        told["field"] = field
    return json.dumps(told, ensure_ascii=False).encode()
