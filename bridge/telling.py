"""Telling one receiver of one event: what it may know, in the form that its kind takes, sent once."""

import dataclasses
import json
import time
from collections.abc import Sequence
from urllib.parse import quote

from bridge.address import Policy
from bridge.channels import webhook
from bridge.channels.fact import Fact
from bridge.channels.kinds import KINDS
from bridge.channels.outcome import Outcome, post
from bridge.connections import access_to, connector_of
from bridge.errors import BridgeError
from bridge.runtime import Runtime
from bridge.store import connections
from bridge.store.deliveries import PendingDelivery, last_scores
from bridge.store.events import WEBHOOK
from bridge.workspace_settings import WorkspaceSettings, from_json

LONGEST_LINE = 12
"""Scores in the line of an alert."""


def tell(runtime: Runtime, one: PendingDelivery) -> Outcome:
    """What became of one try. Raises WrongKey when the receiver cannot be decrypted."""
    if one.target is None:
        return Outcome(False, "it was removed", dropped=True)
    if one.disabled:
        return Outcome(False, "it is disabled: enable it, then resend", dropped=True)
    settings = from_json(one.settings)
    now = time.time()
    target = runtime.vault.decrypt(one.target)
    if one.kind == WEBHOOK:
        fact = _fact(runtime, one, settings.indicators)
        return post(runtime.http, webhook.request(target, good_secrets(runtime, one.secrets, now), fact, now))
    if now - one.created_at > settings.alert_max_age:
        return Outcome(False, "it is too old to alert (alert_max_age)", dropped=True)
    return KINDS[one.kind].send(runtime.http, policy(runtime), target, _alert(runtime, one, settings))


def policy(runtime: Runtime) -> Policy:
    """Where calls may go that are not made by `runtime.http`."""
    return Policy(allow_private=runtime.settings.allow_private_hosts, allow_hosts=runtime.settings.allow_hosts)


def good_secrets(runtime: Runtime, sealed: str | None, now: float) -> Sequence[str]:
    """What an endpoint's calls are signed with now, the newest first."""
    stored = json.loads(runtime.vault.decrypt(sealed)) if sealed else []
    return [value for value, until in stored if until is None or until > now]


def page_url(runtime: Runtime, slug: str, connection_id: str, ticket_id: str) -> str:
    """The page of a ticket's history here."""
    parts = (quote(part, safe="") for part in (slug, "tickets", connection_id, ticket_id))
    return f"{runtime.settings.public_url}/w/" + "/".join(parts)


def _fact(runtime: Runtime, one: PendingDelivery, indicators: bool) -> Fact:
    words = json.loads(runtime.vault.decrypt(one.indicators)) if one.indicators and indicators else ()
    return Fact(
        webhook_id=one.webhook_id,
        type=one.type,
        at=one.created_at,
        workspace=one.slug,
        origin=one.origin,
        data=json.loads(one.data),
        connection=one.connection_id,
        ticket_id=one.ticket_id,
        message_id=one.message_id,
        indicators=tuple(words),
    )


def _alert(runtime: Runtime, one: PendingDelivery, settings: WorkspaceSettings) -> Fact:
    """The fact as people see it: with links and the line of scores, and a customer's words only where that is on."""
    fact = _fact(runtime, one, settings.indicators and settings.indicators_in_alerts)
    if one.connection_id is None or one.ticket_id is None:
        return fact
    with runtime.database.read() as connection:
        row = connections.by_id(connection, one.connection_id)
        scores = last_scores(connection, one.connection_id, one.ticket_id, LONGEST_LINE)
    return dataclasses.replace(
        fact,
        scores=scores,
        ticket_url=_ticket_url(runtime, row, one.ticket_id),
        page_url=page_url(runtime, one.slug, one.connection_id, one.ticket_id),
    )


def _ticket_url(runtime: Runtime, row: connections.ConnectionRow, ticket_id: str) -> str | None:
    """None where the helpdesk has no such page, or its connector is gone: an alert without it is better than none."""
    try:
        connector = connector_of(runtime, row.kind)
        return connector.ticket_url(access_to(runtime, row), ticket_id) if connector.ticket_url else None
    except BridgeError:
        return None
