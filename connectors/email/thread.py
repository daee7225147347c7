"""Which conversation a mail belongs to. A wrong merge mixes two customers, so in doubt it begins a new one."""

import base64
import binascii
import re
from dataclasses import dataclass

from connectors.email.mail import Mail

FALLBACK_SECONDS = 14 * 86400.0
"""How old the last mail of a conversation may be for its subject alone to count."""

# Answer prefixes of mail programs by language, `RE[2]` of some; forwards (FW, WG, TR) begin a new conversation.
_REPLY = re.compile(
    r"(?:(?:re|aw|antw|antwort|sv|vs|svar|vá|odp|odpowiedź|ynt|yanıt|rif|ris|res|rv|réf|bls|atb|ha|"  # noqa: RUF001
    r"отв|ответ|відп|答复|回复|回覆|返信|답장|回信|απ|σχετ|תגובה|رد)[ \t]{0,3}"
    r"(?:\[[0-9]{1,3}\]|\([0-9]{1,3}\)|\^[0-9]{1,3})?[ \t]{0,3}[:：][ \t]{0,9})",  # noqa: RUF001
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ThreadKeys:
    """What names the conversation of a mail, the strongest first."""

    gmail: str | None
    """Gmail's own thread id, a decimal number."""
    ids: tuple[str, ...]
    """Message ids it answers, the nearest first: of several known ones the first wins. Without its own id."""
    own: str
    outlook: str | None
    """The root of Outlook's Thread-Index, where there are no references."""
    subject: str | None
    """The subject without its answer prefixes, folded, for `may_join`; None when it carries none."""


def keys(mail: Mail, gmail: str | None = None) -> ThreadKeys:
    """The keys of a mail; `gmail` is X-GM-THRID where the server gives it."""
    nearest = tuple(one for one in reversed(mail.references) if one != mail.message_id)
    return ThreadKeys(gmail, nearest, mail.message_id, _outlook_root(mail.thread_index), answered_subject(mail.subject))


def answered_subject(subject: str) -> str | None:
    """What an answer's subject answers; None when it has no answer prefix: then it is no answer."""
    rest = subject.strip()[:500]
    answered = False
    for _ in range(10):
        found = _REPLY.match(rest)
        if found is None:
            break
        answered, rest = True, rest[found.end() :]
    return plain_subject(rest) or None if answered else None


def plain_subject(subject: str) -> str:
    """A subject as two of them are compared: small letters, single blanks."""
    return " ".join(subject.casefold().split())


def may_join(keys: ThreadKeys, subject: str, took_part: bool, last_at: float, now: float) -> bool:
    """Whether a mail without a known reference may join a conversation by its subject.

    `subject` is the conversation's, `took_part` whether this customer's address is in it, `last_at` the time of
    its last mail.
    """
    if keys.subject is None or not took_part or now - last_at > FALLBACK_SECONDS:
        return False
    return keys.subject == (answered_subject(subject) or plain_subject(subject))


def _outlook_root(value: str | None) -> str | None:
    """The first 22 bytes of a Thread-Index, the same in all mails of a conversation."""
    if not value:
        return None
    try:
        data = base64.b64decode(value[:200].strip() + "==")
    except (binascii.Error, ValueError):
        return None
    return data[:22].hex() if len(data) >= 22 else None
