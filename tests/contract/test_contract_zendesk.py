"""The Zendesk connector passes the contract, on the strict stand-in."""

import random
import time
from collections.abc import Iterator, Mapping

import pytest

from connectors.zendesk import CONNECTOR
from connectors.zendesk.breaker import Breaker
from tests.contract.helpdesk import Wrote
from tests.contract.suite import ConnectorContract
from tests.hosts.zendesk.account import Account, Event, Ticket, stamp
from tests.hosts.zendesk.hooks import envelope, signature
from tests.hosts.zendesk.server import Running, serve

LAG = 120.0
"""Seconds: incremental exports leave out the last minute (developer.zendesk.com "Incremental Exports", 2026)."""


class ZendeskAccount:
    """An account whose webhooks are caught before they leave."""

    connector = CONNECTOR
    public_url = "https://bridge.example"

    def __init__(self, running: Running) -> None:
        self._running = running
        self._account = running.account
        self._customer = self._account.person("Ana Silva")
        self._dice = random.Random(3)
        self._ahead = 0.0
        self._account.clock = lambda: time.time() + self._ahead
        self._told: list[Event] = []
        self._account.listeners.append(self._told.append)

    @property
    def account(self) -> Account:
        return self._account

    def options(self) -> Mapping[str, str]:
        url = self._running.url
        secret = "s3cret-of-the-client"
        return {"subdomain": "acme", "client-id": "moodbridge", "client-secret": secret, "base-url": url}

    def customer_writes(self, text: str, ticket_id: str | None = None) -> Wrote:
        if ticket_id is None:
            ticket = self._account.open_ticket(self._customer, text)
            return Wrote(str(ticket.id), str(ticket.comments[0].id), self._events())
        comment = self._account.reply(self._ticket(ticket_id), self._customer, text)
        return Wrote(ticket_id, str(comment.id), self._events())

    def staff_writes(self, ticket_id: str, text: str) -> Wrote:
        comment = self._account.reply(self._ticket(ticket_id), self._account.smith, text)
        return Wrote(ticket_id, str(comment.id), self._events())

    def staff_notes(self, ticket_id: str, text: str) -> Wrote:
        comment = self._account.reply(self._ticket(ticket_id), self._account.smith, text, public=False)
        return Wrote(ticket_id, str(comment.id), self._events())

    def person_labels(self, ticket_id: str, label: str) -> tuple[bytes, ...]:
        self._account.choose(self._ticket(ticket_id), self._account.smith, self._field(), f"sentiment_{label}")
        return self._events()

    def closes(self, ticket_id: str) -> None:
        self._account.close(self._ticket(ticket_id))

    def deletes(self, ticket_id: str) -> None:
        self._account.delete_for_good(self._ticket(ticket_id), self._account.smith)

    def label(self, ticket_id: str) -> str | None:
        option = self._ticket(ticket_id).fields.get(self._field())
        return option.removeprefix("sentiment_") if option else None

    def adds_tag(self, ticket_id: str, tag: str) -> None:
        self._account.tag(self._ticket(ticket_id), self._account.smith, [tag])

    def tags(self, ticket_id: str) -> set[str]:
        return set(self._ticket(ticket_id).tags)

    def other_event(self) -> bytes:
        event = Event("zen:event-type:ticket.status_changed", 5001, time.time(), 1, {"id": "5001"}, {"current": "OPEN"})
        return envelope(event, self._dice)

    def headers(self, body: bytes, secret: str, at: float) -> Mapping[str, str]:
        return {
            "Content-Type": "application/json; charset=utf-8",
            "X-Zendesk-Webhook-Signature": signature(secret, stamp(at), body),
            "X-Zendesk-Webhook-Signature-Timestamp": stamp(at),
        }

    def catches_up(self) -> None:
        self._ahead += LAG

    def limits(self, seconds: int) -> None:
        # The single update's limit is not the bulk one's: whoever meets the first may try the second.
        self._account.faults.next_up.extend(["429-decimal", "429-decimal"])

    def goes_down(self) -> None:
        self._account.faults.kinds = ("503",)
        self._account.faults.rate = 1.0

    def comes_back(self) -> None:
        self._account.faults.rate = 0.0

    def refuses(self, ticket_id: str) -> None:
        self._account.close(self._ticket(ticket_id))

    def calls(self) -> int:
        return len([path for _, path in self._account.calls if path != "/oauth/tokens"])

    def set_up(self) -> object:
        account = self._account
        fields = [(one.id, one.title, [option.value for option in one.options]) for one in account.fields.values()]
        return [fields, account.forms, account.views, account.webhooks]

    def hooks(self) -> int:
        return len(self._account.webhooks)

    def _ticket(self, ticket_id: str) -> Ticket:
        return self._account.tickets[int(ticket_id)]

    def _field(self) -> int:
        return next(one.id for one in self._account.fields.values() if one.title == "Sentiment")

    def _events(self) -> tuple[bytes, ...]:
        """The bodies of what the account's webhooks ask for, of what happened since."""
        asked = {kind for hook in self._account.webhooks.values() for kind in hook["subscriptions"]}
        told = tuple(envelope(event, self._dice) for event in self._told if event.type in asked)
        self._told.clear()
        return told


class TestZendesk(ConnectorContract):
    connector = CONNECTOR

    @pytest.fixture
    def helpdesk(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZendeskAccount]:
        monkeypatch.setattr("connectors.zendesk.bulk.POLLS", (0.02, 0.1, 0.3, 1.0))
        monkeypatch.setattr("connectors.zendesk.client._breaker", Breaker())
        with serve(Account(job_seconds=0.02)) as running:
            yield ZendeskAccount(running)
