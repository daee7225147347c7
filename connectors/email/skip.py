"""Which mail nobody wrote by hand: automatic answers, bounces, list noise, our own mail. Each rule has a name."""

from collections.abc import Collection

from connectors.email import headers

LOOP = "X-Moodbridge"
"""The header that every mail we send carries; one that comes back with it is ours."""

_ROBOTS = ("mailer-daemon", "postmaster", "mail-daemon")
_AUTO_HEADERS = ("X-Autoreply", "X-Autorespond", "X-AutoReply-From", "X-Autoresponse", "X-Autoresponder")
_BULK = ("bulk", "junk", "auto_reply", "auto-reply")
_REPORTS = ("message/delivery-status", "message/disposition-notification", "message/feedback-report")
_ENCRYPTED = ("multipart/encrypted", "application/pgp-encrypted")


def reason(head: headers.Head, kinds: Collection[str]) -> str | None:
    """The name of the rule by which this mail is not scored, None when a person may have written it.

    `kinds`: the types of its parts. `Auto-Submitted: no` means a person (RFC 3834). What is no evidence:
    `X-Auto-Response-Suppress`, which Exchange puts on ordinary mail, and the headers of mailing lists, which a
    support address that is a group puts on each customer's mail (see `from_list`).
    """
    if headers.raw(head, LOOP):
        return "own_mail"
    submitted = headers.raw(head, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return "auto_submitted"
    if any(headers.raw(head, name).strip().lower() not in ("", "no") for name in _AUTO_HEADERS):
        return "auto_reply"
    if headers.raw(head, "Precedence").strip().lower() in _BULK:
        return "precedence"
    if _is_bounce(head, kinds):
        return "bounce"
    if any(kind in _ENCRYPTED for kind in (headers.content_type(head), *kinds)) or _is_enveloped(head):
        return "encrypted"
    return None


def from_list(head: headers.Head) -> bool:
    """Whether a mailing list sent it on: a reason to skip only where the connection says so."""
    return bool(headers.raw(head, "List-Id")) or headers.raw(head, "Precedence").strip().lower() == "list"


def calendar_answer(kinds: Collection[str], content_type: str) -> bool:
    """Whether it holds a calendar entry (somebody accepts a meeting); with no text it is nothing to score."""
    return content_type == "text/calendar" or "text/calendar" in kinds


def _is_bounce(head: headers.Head, kinds: Collection[str]) -> bool:
    if headers.content_type(head) == "multipart/report" or any(kind in _REPORTS for kind in kinds):
        return True
    if headers.raw(head, "X-Failed-Recipients"):
        return True
    if any(value.strip() == "<>" for value in headers.every(head, "Return-Path")[:1]):
        return True
    senders = headers.addresses(head, "From")
    return bool(senders) and senders[0].email.partition("@")[0] in _ROBOTS


def _is_enveloped(head: headers.Head) -> bool:
    """S/MIME that is encrypted; signed mail reads as any other."""
    kind = headers.content_type(head)
    if kind not in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        return False
    return (headers.parameter(head, "Content-Type", "smime-type") or "enveloped-data").lower() != "signed-data"
