"""What tests of the Zendesk connector stand on: a clock they turn, a connection, and a hand at the account."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bridge.connector import Access, TicketWrite
from bridge.http import Http, Policy
from bridge.model import Score, Sentiment, Trend
from connectors.zendesk import CONNECTOR
from tests.hosts.zendesk.account import Account, Ticket
from tests.hosts.zendesk.server import Running

CALM = Sentiment("neutral", Score(10), Trend.STABLE)
ANGRY = Sentiment("negative", Score(-45), Trend.DECLINING)
URGENT = Sentiment("urgent", Score(-82), Trend.DECLINING)


@dataclass
class Clock:
    now: float = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class MemoryState:
    """Compare-and-set in memory, as the database does it."""

    values: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: str) -> str | None:
        return self.values.get(key)

    def set(self, key: str, value: str, expected: str | None) -> bool:
        with self.lock:
            if self.values.get(key) != expected:
                return False
            self.values[key] = value
            return True


def access_for(url: str, hook_url: str = "https://bridge.example.com/hooks/h", **options: str) -> Access:
    given = {
        "subdomain": "acme",
        "client-id": "moodbridge",
        "client-secret": "s3cret-of-the-client",
        "base-url": url,
        **options,
    }
    http = Http(Policy(allow_private=True))
    return Access("zendesk-t1", hook_url, "sentiment", given, ("first",), MemoryState(), http)


@dataclass
class World:
    """One account, one connection to it, connected."""

    running: Running
    access: Access
    clock: Clock

    @property
    def account(self) -> Account:
        return self.running.account

    def connect(self) -> None:
        """Installs, and keeps the webhook's secret as `connect` does."""
        installed = CONNECTOR.install(self.access, False)
        if installed.secret is not None and installed.secret not in self.access.secrets:
            self.access = replace(self.access, secrets=(installed.secret, *self.access.secrets[:1]))

    def field(self, title: str) -> int:
        return next(one.id for one in self.account.fields.values() if one.title == title)

    def shown(self, ticket: Ticket) -> tuple[str | None, str | None, str | None]:
        """Label option, score and trend option as the ticket's panel shows them."""
        titles = ("Sentiment", "Sentiment score", "Sentiment trend")
        label, score, trend = (ticket.fields.get(self.field(title)) for title in titles)
        return label, score, trend

    def calls_of(self, action: Callable[[], object]) -> list[tuple[str, str]]:
        """The API calls that an action makes, sign-in left out."""
        before = len(self.account.calls)
        action()
        return [call for call in self.account.calls[before:] if call[1] != "/oauth/tokens"]


def wanting(ticket: Ticket, after: Sentiment, before: Sentiment | None = None) -> TicketWrite:
    return TicketWrite(str(ticket.id), before, after)
