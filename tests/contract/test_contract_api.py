"""The `api` connector passes the contract: any program is the helpdesk."""

import itertools
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge import signing
from connectors.api import CONNECTOR
from tests.contract.helpdesk import Wrote
from tests.contract.suite import ConnectorContract


class Program:
    """A program that posts what its customers write."""

    connector = CONNECTOR
    public_url = "https://bridge.example"

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._hooked = True

    def options(self) -> Mapping[str, str]:
        return {}

    def customer_writes(self, text: str, ticket_id: str | None = None) -> Wrote:
        return self._wrote(ticket_id, author="customer", text=text)

    def customer_writes_html(self, html: str) -> Wrote:
        return self._wrote(None, author="customer", html=html)

    def staff_writes(self, ticket_id: str, text: str) -> Wrote:
        return self._wrote(ticket_id, author="staff", text=text)

    def staff_notes(self, ticket_id: str, text: str) -> None:
        return None

    def other_event(self) -> bytes:
        return json.dumps({"type": "ticket.merged", "data": {}}).encode()

    def headers(self, body: bytes, secret: str, at: float) -> Mapping[str, str]:
        identity = f"msg_{next(self._numbers)}"
        return {"Content-Type": "application/json", **signing.headers(secret, identity, int(at), body)}

    def set_up(self) -> object:
        return None

    def hooks(self) -> int:
        return 0

    def _wrote(self, ticket_id: str | None, **said: Any) -> Wrote:
        ticket, message = ticket_id or f"T-{next(self._numbers)}", f"m-{next(self._numbers)}"
        now = datetime.fromtimestamp(time.time(), UTC).isoformat()
        data = {"ticket_id": ticket, "message_id": message, "author_id": "p-1", "created_at": now, **said}
        return Wrote(ticket, message, (json.dumps({"type": "message.created", "data": data}).encode(),))


class TestApi(ConnectorContract):
    connector = CONNECTOR

    @pytest.fixture
    def helpdesk(self) -> Program:
        return Program()
