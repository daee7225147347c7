"""Who speaks in a mail: a customer, or somebody of the team."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.model import Author
from connectors.email.headers import Address
from connectors.email.mail import Mail

STORM_MAILS = 10
STORM_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Team:
    """What a connection knows of its own side. Addresses and domains are lower case."""

    addresses: frozenset[str] = frozenset()
    """The mailbox and its aliases."""
    domains: frozenset[str] = frozenset()
    """The company's; their sub-domains count too."""
    form_senders: frozenset[str] = frozenset()
    """Addresses a contact form sends from: there the customer is in Reply-To."""
    receiver: str = ""
    """The name our mail server signs `Authentication-Results` with; "": such headers are not looked at."""
    skip_lists: bool = False
    """Whether mail that a mailing list sent on is skipped."""


@dataclass(frozen=True, slots=True)
class Speaker:
    author: Author
    address: str | None
    """Of the person who wrote it; None when no address can be read."""
    text: str
    """This person's words."""
    skipped: str | None = None
    """The rule by which the mail is not scored."""


def speaker(mail: Mail, team: Team, in_sent: bool = False) -> Speaker:
    """Who wrote this mail. `in_sent`: it lies in the folder of sent mail (attribute `\\Sent`).

    A forward by the team of a customer's mail speaks for the customer. From can be forged: mail of our domain that
    our own mail server says failed every check is a customer's, and is scored.
    """
    sender = mail.sender
    skipped = mail.skipped or ("list" if team.skip_lists and mail.from_list else None)
    if sender is not None and sender.email in team.form_senders:
        customer = next((one for one in mail.reply_to if not _ours(one, team)), None)
        return Speaker(Author.CUSTOMER, customer.email if customer else sender.email, mail.text, skipped)
    ours = in_sent or (sender is not None and _ours(sender, team) and not _forged(mail, team))
    handed_on = mail.forwarded
    if ours and not in_sent and handed_on is not None and handed_on.text:
        customer = handed_on.sender
        if customer is not None and not _ours(customer, team):
            return Speaker(Author.CUSTOMER, customer.email, handed_on.text, skipped)
    author = Author.STAFF if ours else Author.CUSTOMER
    return Speaker(author, sender.email if sender is not None else None, mail.text, skipped)


def is_storm(times: Sequence[float], now: float) -> bool:
    """Whether one sender wrote more than 10 mails of one conversation within 10 minutes: two robots talk."""
    return sum(1 for time in times if now - STORM_SECONDS < time <= now) > STORM_MAILS


def _ours(address: Address, team: Team) -> bool:
    if address.email in team.addresses:
        return True
    return any(address.domain == domain or address.domain.endswith(f".{domain}") for domain in team.domains)


_PASSED = re.compile(r"\b(?:dkim|spf|dmarc)[ \t]{0,9}=[ \t]{0,9}pass\b", re.IGNORECASE)


def _forged(mail: Mail, team: Team) -> bool:
    """Whether our receiving server judged it and no check passed. Without its word (mail inside) it is believed."""
    if not team.receiver:
        return False
    ours = [
        value
        for value in mail.authentication
        if value.partition(";")[0].strip().lower().partition(" ")[0] == team.receiver.lower()
    ]
    return bool(ours) and not any(_PASSED.search(value) for value in ours)
