"""Webhooks of automation rules: unsigned, so a secret header proves them; they name the ticket and nothing else.

All values are strings. What "Simple" content wraps in `freshdesk_webhook`, "Advanced" content gives flat.
"""

import hmac
import json

from bridge.connector import Access, BadSignature, HookRequest, Received, Target, TargetKind, Unreadable

HEADER = "X-Bridge-Secret"


def verify(request: HookRequest, access: Access) -> None:
    """Raises BadSignature unless the header holds one of the hook's secrets."""
    sent = request.headers.get(HEADER.lower(), "").encode("utf-8", "replace")
    if not any(hmac.compare_digest(secret.encode(), sent) for secret in access.secrets):
        raise BadSignature("the secret header is not ours: connect again, so that the rule is put right")


def parse(request: HookRequest, access: Access) -> Received:
    """The ticket to read. A body that names none is ignored: a refusal would mail the account's admins."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Unreadable("body", "is not JSON", status=415) from None
    wrapped = body.get("freshdesk_webhook", body) if isinstance(body, dict) else None
    ticket_id = str(wrapped.get("ticket_id", "")) if isinstance(wrapped, dict) else ""
    if not (ticket_id.isascii() and ticket_id.isdigit() and len(ticket_id) <= 20):
        return Received(ignored=1)
    return Received(targets=(Target(TargetKind.TICKET, ticket_id),))
