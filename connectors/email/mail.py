"""What one mail says: who to whom, when, in answer to what, and the customer's own words."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bridge.text.html import to_marked_text
from bridge.text.quoted import Cut, OwnWords, own_words
from connectors.email import headers, skip
from connectors.email.headers import Address
from connectors.email.parts import Leaf, Opened, open_mail, text_of

SHORTEST_PLAIN = 20
"""Characters that a plain part needs to be preferred to the HTML beside it."""

_STUBS = ("view this email in your browser", "view in browser", "does not support html", "html-capable", "html capable")
_FORWARD = re.compile(
    r"(?:fwd?|wg|tr|rv|i|enc|vs|vl|vb|doorst|pd|fyi|továbbítás|转发|轉寄|전달|転送|πρθ|ilt|пересл?)[ \t]{0,3}[:：]",  # noqa: RUF001
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A mail that another one hands on: who wrote it, and what."""

    sender: Address | None = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it was read; texts are the customer's, so that it is never logged."""

    message_id: str
    """Without angle brackets; made of the mail's bytes (`...@none.invalid`) when it has none."""
    references: tuple[str, ...]
    """The message ids it answers, oldest first, In-Reply-To last; its own may be among them."""
    thread_index: str | None
    sender: Address | None = field(repr=False)
    reply_to: tuple[Address, ...] = field(repr=False)
    to: tuple[Address, ...] = field(repr=False)
    """To and Cc."""
    date: float | None
    """As the sender's clock said, Unix seconds: for display only."""
    subject: str = field(repr=False)
    whole: str = field(repr=False)
    """All of its text, HTML made readable; lines that `cut` counts."""
    text: str = field(repr=False)
    """The customer's own words."""
    cut: tuple[Cut, ...]
    fallback: bool
    """Nothing would have been left: `text` is all there is."""
    skipped: str | None
    """The name of the rule by which it is not scored."""
    from_list: bool
    forwarded: Forwarded | None
    """The mail it hands on, by its subject or as an attachment; None when it hands on none."""
    authentication: tuple[str, ...] = field(repr=False)
    """Its Authentication-Results headers; only those of the receiving server can be trusted."""


def read_mail(raw: bytes) -> Mail:
    """Reads a whole mail. Raises SetAside when it is too large in any way to be read; nothing else."""
    return assemble(open_mail(raw))


def assemble(opened: Opened) -> Mail:
    """The mail out of its headers and text parts, however these were fetched. Raises SetAside on its headers."""
    head = headers.parse(opened.head)
    subject = headers.text(head, "Subject")[:500]
    whole = _text(opened.leaves)
    own = own_words(whole)
    forwarded = _forwarded(opened, own, subject)
    words = own.text
    if not words and forwarded is not None:
        words = forwarded.text
    found = headers.ids(head, "Message-ID")
    answered = headers.ids(head, "In-Reply-To")[:1]
    return Mail(
        message_id=found[0] if found else f"{_digest(opened)}@none.invalid",
        references=tuple(one for one in headers.ids(head, "References") if one not in answered) + answered,
        thread_index=headers.raw(head, "Thread-Index").strip() or None,
        sender=next(iter(headers.addresses(head, "From", "Sender")), None),
        reply_to=headers.addresses(head, "Reply-To"),
        to=headers.addresses(head, "To", "Cc"),
        date=headers.date(head),
        subject=subject,
        whole=whole,
        text=words,
        cut=own.cut,
        fallback=own.fallback,
        skipped=skip.reason(head, opened.kinds) or _nothing(own, words, opened.kinds),
        from_list=skip.from_list(head),
        forwarded=forwarded,
        authentication=tuple(headers.every(head, "Authentication-Results")),
    )


def _nothing(own: OwnWords, words: str, kinds: Sequence[str]) -> str | None:
    """Why there is nothing to score: no text, or nothing but lines that are quoted of others."""
    if own.quoted and own.fallback:
        return "only_quoted"
    if words.strip():
        return None
    return "calendar" if "text/calendar" in kinds else "no_text"


def _forwarded(opened: Opened, own: OwnWords, subject: str) -> Forwarded | None:
    if opened.embedded:
        inner = open_mail(opened.embedded[0])
        sender = next(iter(headers.addresses(headers.parse(inner.head), "From")), None)
        return Forwarded(sender, own_words(_text(inner.leaves)).text)
    if own.handed_on is None or not _FORWARD.match(subject):
        return None
    senders = headers.addresses_in(own.handed_on.head)
    return Forwarded(senders[0] if senders else None, own_words(own.handed_on.text).text)


def _text(leaves: Sequence[Leaf]) -> str:
    """The text of all parts, of each set of alternatives the better one: plain text unless it is a stub."""
    texts: list[str] = []
    groups: dict[str, list[tuple[str, bool]]] = {}
    for number, leaf in enumerate(leaves):
        groups.setdefault(leaf.group or f"alone {number}", []).append(text_of(leaf))
    for group in groups.values():
        plain = "\n".join(text for text, is_html in group if not is_html).strip("\n")
        html = [text for text, is_html in group if is_html]
        if html and (len(plain.strip()) < SHORTEST_PLAIN or any(stub in plain[:300].lower() for stub in _STUBS)):
            read = "\n".join(filter(None, map(to_marked_text, html)))
            plain = read or plain
        texts.append(plain)
    return "\n".join(filter(None, texts))


def _digest(opened: Opened) -> str:
    digest = hashlib.sha256(opened.head)
    for leaf in opened.leaves:
        digest.update(leaf.content)
    return digest.hexdigest()[:40]
