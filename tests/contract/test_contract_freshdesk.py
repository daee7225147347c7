"""The Freshdesk connector passes the contract, on the strict stand-in."""

from collections.abc import Iterator, Mapping

import pytest

from connectors.freshdesk import CONNECTOR
from connectors.freshdesk.webhook import HEADER
from tests.contract.helpdesk import Wrote
from tests.contract.suite import ConnectorContract
from tests.hosts.freshdesk.account import Account, Delivery, Json
from tests.hosts.freshdesk.server import serve


class FreshdeskAccount:
    """An account whose webhooks are caught before they leave."""

    connector = CONNECTOR
    public_url = "https://bridge.example"

    def __init__(self, account: Account, url: str, sent: list[Delivery]) -> None:
        self._account, self._url, self._sent = account, url, sent

    def options(self) -> Mapping[str, str]:
        key, url = self._account.key, self._url
        return {"domain": "acme", "api-key": key, "tags": "yes", "creation-rule": "yes", "base-url": url}

    def customer_writes(self, text: str, ticket_id: str | None = None) -> Wrote:
        if ticket_id is None:
            return self._opened(self._account.open_ticket(f"<div>{text}</div>", text))
        said = self._account.say(int(ticket_id), text, incoming=True)
        return Wrote(ticket_id, str(said["id"]), self._events())

    def customer_writes_html(self, html: str) -> Wrote:
        return self._opened(self._account.open_ticket(html, ""))

    def staff_writes(self, ticket_id: str, text: str) -> Wrote:
        said = self._account.say(int(ticket_id), text, incoming=False)
        return Wrote(ticket_id, str(said["id"]), self._events())

    def staff_notes(self, ticket_id: str, text: str) -> Wrote:
        said = self._account.say(int(ticket_id), text, incoming=False, private=True)
        return Wrote(ticket_id, str(said["id"]), self._events())

    def person_labels(self, ticket_id: str, label: str) -> tuple[bytes, ...]:
        self._ticket(ticket_id)["custom_fields"][self._field()] = label
        return ()

    def closes(self, ticket_id: str) -> None:
        self._ticket(ticket_id)["status"] = 5

    def deletes(self, ticket_id: str) -> None:
        del self._account.tickets[int(ticket_id)]

    def label(self, ticket_id: str) -> str | None:
        label = self._ticket(ticket_id)["custom_fields"].get(self._field())
        return None if label is None else str(label)

    def adds_tag(self, ticket_id: str, tag: str) -> None:
        self._ticket(ticket_id)["tags"].append(tag)

    def tags(self, ticket_id: str) -> set[str]:
        return set(self._ticket(ticket_id)["tags"])

    def other_event(self) -> bytes:
        return b'{"freshdesk_webhook": {"ticket_contact_name": "Ana"}}'

    def headers(self, body: bytes, secret: str, at: float) -> Mapping[str, str]:
        return {"Content-Type": "application/json", HEADER: secret}

    def catches_up(self) -> None:
        """The list never lags; the filter, which does, is not used."""

    def limits(self, seconds: int) -> None:
        self._account.busy = seconds

    def goes_down(self) -> None:
        self._account.down = True

    def comes_back(self) -> None:
        self._account.down = False

    def refuses(self, ticket_id: str) -> None:
        self._account.missing[int(ticket_id)] = "cf_region"

    def calls(self) -> int:
        return self._account.calls

    def set_up(self) -> object:
        return [self._account.fields, self._account.rules]

    def hooks(self) -> int:
        return sum(len(rules) for rules in self._account.rules.values())

    def _opened(self, ticket: Json) -> Wrote:
        return Wrote(str(ticket["id"]), f"ticket-{ticket['id']}", self._events())

    def _ticket(self, ticket_id: str) -> Json:
        return self._account.tickets[int(ticket_id)]

    def _field(self) -> str:
        return next(str(one["name"]) for one in self._account.fields.values() if one["label"] == "Sentiment")

    def _events(self) -> tuple[bytes, ...]:
        told = tuple(one.body for one in self._sent)
        self._sent.clear()
        return told


class TestFreshdesk(ConnectorContract):
    connector = CONNECTOR

    @pytest.fixture
    def helpdesk(self) -> Iterator[FreshdeskAccount]:
        sent: list[Delivery] = []
        account = Account(sent.append)
        with serve(account) as url:
            yield FreshdeskAccount(account, url, sent)
