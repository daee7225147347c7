"""E-mail: the message, and the address that says by which server, from whom and to whom it goes.

The address is one URL: `smtps://user:password@host:465?from=a@acme.example&to=b@acme.example,c@acme.example`, or
`smtp://` for a server that is asked to encrypt (STARTTLS).
"""

import email.utils
import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from bridge.channels.fact import Fact
from bridge.channels.words import words
from bridge.errors import Invalid

PORTS = {"smtps": 465, "smtp": 587}
MOST_RECIPIENTS = 20
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")


@dataclass(frozen=True, slots=True)
class MailTarget:
    """What the URL says. Without a user nobody signs in."""

    encrypted: bool
    """From the first byte; else STARTTLS."""
    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    sender: str
    recipients: tuple[str, ...]


def parsed(url: str) -> MailTarget:
    """Raises Invalid for anything but such a URL; the text repeats nothing of it."""
    wrong = Invalid("target", "give smtps://user:password@host:465?from=a@b.example&to=c@d.example (special as %40)")
    try:
        parts = urlsplit(url)
        port = parts.port
        query = parse_qs(parts.query, strict_parsing=True)
    except ValueError:
        raise wrong from None
    if parts.scheme not in PORTS or not parts.hostname or set(query) != {"from", "to"}:
        raise wrong
    sender, recipients = query["from"][-1], tuple(one.strip() for one in ",".join(query["to"]).split(","))
    if not all(ADDRESS.fullmatch(one) for one in (sender, *recipients)) or len(recipients) > MOST_RECIPIENTS:
        raise wrong
    user, password = parts.username, parts.password
    return MailTarget(
        encrypted=parts.scheme == "smtps",
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        user=None if user is None else unquote(user),
        password=None if password is None else unquote(password),
        sender=sender,
        recipients=recipients,
    )


def message(target: MailTarget, fact: Fact) -> EmailMessage:
    """The mail. It is marked as made by a machine, so that nobody's absence note answers it (RFC 3834, 2004)."""
    told = words(fact)
    lines = [told.title, ""]
    lines += [f"{name}: {value}" for name, value in told.values]
    lines += ["", *(f"  “{quote}”" for quote in told.quotes)] if told.quotes else []
    lines += ["", *(f"{text}: {url}" for text, url in told.links)] if told.links else []
    lines += ["", told.reminder] if told.reminder else []
    mail = EmailMessage()
    mail["Subject"] = told.title
    mail["From"] = target.sender
    mail["To"] = ", ".join(target.recipients)
    mail["Date"] = email.utils.format_datetime(email.utils.localtime())
    # The same at every try, so that mailboxes know a mail that they have.
    mail["Message-ID"] = f"<{fact.webhook_id}@{target.sender.partition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content("\n".join(lines) + "\n")
    return mail
