"""Sets the desk up for one connection: one webhook to the bridge. The desk needs nothing else."""

import hashlib
from collections.abc import Mapping
from http import HTTPMethod

from bridge.connector import Access, HelpdeskDown, Installed, Refused, Unreadable
from bridge.http import HttpError, Reply
from connectors.sandbox.client import call, checked


def install(access: Access, dry_run: bool) -> Installed:
    """Creates the webhook, or gives it a new secret when it signs with another than our newest. ConnectorErrors.

    The desk makes the secrets; whoever wants one renewed puts another first in `access.secrets`.
    """
    webhook = _find(access)
    if webhook is not None and access.secrets and webhook.get("secret_sha256") == _fingerprint(access.secrets[0]):
        return Installed(("The webhook to the bridge is there already.",))
    if dry_run:
        step = "create a webhook to the bridge" if webhook is None else "give the webhook to the bridge a new secret"
        return Installed((f"Would {step}.",))
    if webhook is None:
        made = _object(call(access, HTTPMethod.POST, "/webhooks", {"url": access.hook_url}))
        return Installed(("Created a webhook to the bridge.",), _secret(made))
    made = _object(call(access, HTTPMethod.POST, f"/webhooks/{webhook['webhook_id']}/rotate"))
    return Installed(("Gave the webhook to the bridge a new secret.",), _secret(made))


def uninstall(access: Access) -> tuple[str, ...]:
    """Deletes the webhook; labels stay on their tickets. Raises ConnectorErrors."""
    webhook = _find(access)
    if webhook is None:
        return ("There was no webhook to the bridge.",)
    reply = call(access, HTTPMethod.DELETE, f"/webhooks/{webhook['webhook_id']}")
    if reply.status != 404:  # somebody else was faster
        checked(reply)
    return ("Deleted the webhook to the bridge.",)


def _find(access: Access) -> Mapping[str, object] | None:
    items = _object(call(access, HTTPMethod.GET, "/webhooks")).get("items")
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict) and item.get("url") == access.hook_url and "webhook_id" in item:
            return item
    return None


def _fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _secret(made: Mapping[str, object]) -> str:
    secret = made.get("secret")
    if not isinstance(secret, str):
        raise Unreadable("secret", "is missing in the desk's answer: is the address the desk's?")
    return secret


def _object(reply: Reply) -> Mapping[str, object]:
    if reply.status == 404:
        raise Refused("there is no desk under this address: connect again with the one that the desk prints")
    try:
        body = checked(reply).json()
    except HttpError as error:
        raise HelpdeskDown(f"the desk's answer cannot be read: {error}") from None
    if not isinstance(body, dict):
        raise Unreadable("answer", "is not what the desk should send: is the address the desk's?")
    return body
