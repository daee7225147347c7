"""Calls of Freshdesk's REST API v2: Basic sign-in, JSON, and what each refusal stands for ("Freshdesk API", 2026)."""

import base64
from collections.abc import Mapping
from typing import Any

from bridge.connector import Access, ConnectorError, Gone, HelpdeskDown, RateLimited, Refused
from bridge.http import AddressRefused, HttpError, Reply

Json = Mapping[str, Any]
_WAIT = 30.0
"""Seconds to wait when a 429 does not say how long."""


class Rejected(ConnectorError):
    """A value was refused (400): `fields` and `codes` as Freshdesk names them."""

    permanent = True

    def __init__(self, errors: list[Json]) -> None:
        self.fields = tuple(str(one.get("field")) for one in errors)
        self.codes = frozenset(str(one.get("code")) for one in errors)
        super().__init__(f"Freshdesk refuses {', '.join(self.fields) or 'the call'} ({', '.join(sorted(self.codes))})")


def site(access: Access) -> str:
    """The account's address, without a slash at its end."""
    return (access.options.get("base-url") or f"https://{access.options['domain']}.freshdesk.com").rstrip("/")


def call(access: Access, method: str, path: str, body: object = None) -> Any:
    """The JSON of the answer; None when it has no body. Raises ConnectorErrors."""
    key = base64.b64encode(f"{access.options['api-key']}:X".encode()).decode()
    try:
        reply = access.http.request(
            method, f"{site(access)}/api/v2{path}", headers={"authorization": f"Basic {key}"}, json=body
        )
    except AddressRefused as error:
        raise Refused(str(error)) from None
    except HttpError as error:
        raise HelpdeskDown(f"Freshdesk gives no answer: {error}") from None
    _check(reply)
    return _json(reply) if reply.body else None


def _check(reply: Reply) -> None:
    if 200 <= reply.status < 300:
        return
    if reply.status == 429:
        raise RateLimited(_seconds(reply.headers.get("retry-after", "")))
    if reply.status >= 500:
        raise HelpdeskDown(f"Freshdesk answers {reply.status}")
    if reply.status in (404, 405):
        raise Gone("Freshdesk does not have it any more")
    said = _json(reply) if reply.body else {}
    said = said if isinstance(said, dict) else {}
    if reply.status == 401:
        raise Refused("Freshdesk refuses the API key: connect again with the key of an administrator")
    if reply.status == 403 and said.get("code") == "require_feature":
        raise Refused("this Freshdesk plan has no API: Moodbridge needs Growth or higher")
    if reply.status == 403:
        raise Refused("the API key may not do this: connect again with the key of an administrator")
    errors = said.get("errors")
    raise Rejected([one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else [])


def _seconds(text: str) -> float:
    try:
        return max(0.0, min(float(text), 3600.0))
    except ValueError:
        return _WAIT


def _json(reply: Reply) -> Any:
    try:
        return reply.json()
    except HttpError as error:
        raise HelpdeskDown(f"Freshdesk's answer cannot be read: {error}") from None
