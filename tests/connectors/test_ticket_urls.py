"""The page of a ticket in its helpdesk, as alerts link it."""

import pytest

from bridge.connector import Access, Connector
from bridge.http import Http, Policy
from connectors import sandbox, zendesk


class NoState:
    def get(self, key: str) -> str | None:
        return None

    def set(self, key: str, value: str, expected: str | None) -> bool:
        return True


@pytest.mark.parametrize(
    ("kind", "options", "url"),
    [
        (zendesk.CONNECTOR, {"subdomain": "acme"}, "https://acme.zendesk.com/agent/tickets/35"),
        (sandbox.CONNECTOR, {"url": "http://127.0.0.1:8091/"}, "http://127.0.0.1:8091/tickets/35"),
    ],
)
def test_a_ticket_is_linked_where_agents_open_it(kind: Connector, options: dict[str, str], url: str) -> None:
    access = Access("c-1", "https://bridge.example/hooks/x", "sentiment", options, (), NoState(), Http(Policy()))
    assert kind.ticket_url is not None
    assert kind.ticket_url(access, "35") == url
