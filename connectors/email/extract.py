"""What `moodbridge extract` shows of a mail."""

from datetime import UTC, datetime

from bridge.text.extracted import Extracted
from connectors.email.headers import Address
from connectors.email.mail import read_mail


def extract(raw: bytes) -> Extracted:
    """The customer text of a mail, with its sender, recipients and place in a conversation. Raises SetAside."""
    mail = read_mail(raw)
    sent = datetime.fromtimestamp(mail.date, UTC).isoformat() if mail.date is not None else ""
    about = (
        ("from", _shown(mail.sender)),
        ("reply_to", ", ".join(map(_shown, mail.reply_to))),
        ("to", ", ".join(map(_shown, mail.to))),
        ("date", sent),
        ("subject", mail.subject),
        ("message_id", mail.message_id),
        ("answers", ", ".join(mail.references)),
        ("forwarded_from", _shown(mail.forwarded.sender) if mail.forwarded else ""),
    )
    return Extracted(about, mail.whole, mail.text, mail.cut, mail.skipped, mail.fallback)


def _shown(address: Address | None) -> str:
    if address is None:
        return ""
    return f"{address.name} <{address.email}>" if address.name else address.email
