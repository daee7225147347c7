"""The sandbox's connector passes the contract, on the real desk in a process of its own."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bridge import signing
from connectors.sandbox import CONNECTOR
from tests.contract.helpdesk import Wrote
from tests.contract.suite import ConnectorContract
from tests.hosts.sandbox import Desk, Receiver, running_desk, wait_for


class SandboxDesk:
    """The desk, and the place that its webhooks reach."""

    connector = CONNECTOR

    def __init__(self, desk: Desk, receiver: Receiver) -> None:
        self._desk = desk
        self._receiver = receiver
        self._taken = 0
        self._faults = 0
        self.public_url = receiver.url.removesuffix("/hooks/h")

    def options(self) -> Mapping[str, str]:
        return {"url": self._desk.url, "token": self._desk.token}

    def customer_writes(self, text: str, ticket_id: str | None = None) -> Wrote:
        if ticket_id is not None:
            return Wrote(ticket_id, self._desk.post(ticket_id, text), self._told(1))
        ticket = self._desk.ask("POST", "/tickets", {"subject": "A question", "requester": "Ana", "text": text})
        return Wrote(ticket["ticket_id"], ticket["post_id"], self._told(1))

    def staff_writes(self, ticket_id: str, text: str) -> Wrote:
        return Wrote(ticket_id, self._desk.post(ticket_id, text, author="staff"), self._told(1))

    def staff_notes(self, ticket_id: str, text: str) -> Wrote:
        post = self._desk.post(ticket_id, text, author="staff", visibility="internal")
        return Wrote(ticket_id, post, self._told(1))

    def person_labels(self, ticket_id: str, label: str) -> tuple[bytes, ...]:
        self._desk.label_as_person(ticket_id, label)
        return self._told(1)

    def closes(self, ticket_id: str) -> None:
        self._desk.ask("PUT", f"/tickets/{ticket_id}/status", {"status": "closed"})

    def deletes(self, ticket_id: str) -> None:
        self._desk.ask("DELETE", f"/tickets/{ticket_id}")

    def label(self, ticket_id: str) -> str | None:
        shown = self._desk.sentiment(ticket_id)
        return None if shown is None else shown["label"]

    def other_event(self) -> bytes:
        return json.dumps({"type": "ticket.merged", "timestamp": "2026-11-22T10:00:00Z", "data": {}}).encode()

    def headers(self, body: bytes, secret: str, at: float) -> Mapping[str, str]:
        identity = f"evt_{time.monotonic_ns()}"
        return {"Content-Type": "application/json", **signing.headers(secret, identity, int(at), body)}

    def catches_up(self) -> None:
        """The desk's listing never lags."""

    def limits(self, seconds: int) -> None:
        self._desk.ask("POST", "/faults", {"times": 1, "status": 429, "retry_after": seconds})

    def goes_down(self) -> None:
        self._desk.ask("POST", "/faults", {"times": 1000, "status": 503})

    def comes_back(self) -> None:
        self._desk.ask("DELETE", "/faults")

    def refuses(self, ticket_id: str) -> None:
        self._desk.ask("PUT", f"/tickets/{ticket_id}/status", {"status": "closed"})

    def calls(self) -> int:
        stats = self._desk.ask("GET", "/stats")
        return int(stats["single_calls"] + stats["bulk_calls"])

    def set_up(self) -> object:
        return self._hooks()

    def hooks(self) -> int:
        return len(self._hooks())

    def _hooks(self) -> list[dict[str, object]]:
        """Those of this test: the desk outlives it."""
        items = self._desk.ask("GET", "/webhooks")["items"]
        return [item for item in items if str(item["url"]).startswith(self.public_url)]

    def _told(self, count: int) -> tuple[bytes, ...]:
        """The bodies of the next webhooks."""
        if not self.hooks():
            return ()
        wait_for(lambda: len(self._receiver.arrived) >= self._taken + count, "the desk's webhook")
        told = self._receiver.arrived[self._taken : self._taken + count]
        self._taken += count
        return tuple(one.body for one in told)


@pytest.fixture(scope="module")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with running_desk(tmp_path_factory.mktemp("desk")) as desk:
        yield desk


class TestSandbox(ConnectorContract):
    connector = CONNECTOR

    @pytest.fixture
    def helpdesk(self, shared_desk: Desk, tmp_path: Path) -> Iterator[SandboxDesk]:
        shared_desk.ask("POST", "/reset")
        receiver = Receiver()
        receiver.start()
        yield SandboxDesk(shared_desk, receiver)
        receiver.stop()
