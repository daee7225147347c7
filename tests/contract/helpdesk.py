"""What a connector hands to the contract suite: a helpdesk that tests can act in, as its people do.

It is a stand-in of `tests/hosts/`, or real software, that refuses what the real one refuses. Only what the connector's
capabilities declare is asked of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bridge.connector import Connector


@dataclass(frozen=True)
class Wrote:
    """What somebody wrote, as the helpdesk numbers it, and the bodies of the webhooks that it sends of it."""

    ticket_id: str
    message_id: str
    events: tuple[bytes, ...] = ()


class Helpdesk(Protocol):
    """One account of a helpdesk, empty at first."""

    connector: Connector
    public_url: str
    """What the bridge must call itself so that this helpdesk takes its hooks' addresses."""

    def options(self) -> Mapping[str, str]:
        """What `connect` is told."""

    # People

    def customer_writes(self, text: str, ticket_id: str | None = None) -> Wrote:
        """A customer writes, in a new ticket or in this one. Returns when the helpdesk has stored it."""

    def customer_writes_html(self, html: str) -> Wrote:
        """The same with HTML alone, in a new ticket."""

    def staff_writes(self, ticket_id: str, text: str) -> Wrote:
        """A public reply."""

    def staff_notes(self, ticket_id: str, text: str) -> Wrote | None:
        """A note that customers do not see; None where there are none."""

    def person_labels(self, ticket_id: str, label: str) -> tuple[bytes, ...]:
        """A person changes our label; the webhooks that tell of it."""

    def closes(self, ticket_id: str) -> None:
        """For good."""

    def deletes(self, ticket_id: str) -> None:
        """The ticket is gone."""

    # What its tickets show, seen without the connector

    def label(self, ticket_id: str) -> str | None:
        """Our label on the ticket, without prefix."""

    def adds_tag(self, ticket_id: str, tag: str) -> None:
        """An agent adds a tag of their own."""

    def tags(self, ticket_id: str) -> set[str]:
        """All tags of a ticket."""

    # Its webhooks

    def other_event(self) -> bytes:
        """The body of an event that is none of our business."""

    def headers(self, body: bytes, secret: str, at: float) -> Mapping[str, str]:
        """The headers of a webhook with this body, proven with this secret and sent at this time."""

    def catches_up(self) -> None:
        """Its listings show what was written until now: with many helpdesks they lag."""

    # Trouble, and what was called

    def limits(self, seconds: int) -> None:
        """The next call is refused, with the request to wait so long."""

    def goes_down(self) -> None:
        """No call is answered, until it comes back."""

    def comes_back(self) -> None:
        """Calls are answered again."""

    def refuses(self, ticket_id: str) -> None:
        """This ticket takes no write, while others in the same call do."""

    def calls(self) -> int:
        """How many calls were answered so far, sign-in left out."""

    def set_up(self) -> object:
        """All that `connect` can change in the account, as a value to compare: fields, views, rules, webhooks."""

    def hooks(self) -> int:
        """How many webhooks or rules lead to the bridge."""
