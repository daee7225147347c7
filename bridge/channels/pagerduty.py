"""PagerDuty by its Events API v2. An escalation opens an alert, the ticket's recovery resolves the same one.

Source: PagerDuty developer documentation, "Events API v2: Send an Alert Event" and "Overview", read November 2026.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from bridge.channels.fact import Fact
from bridge.channels.outcome import Request
from bridge.channels.words import words
from bridge.errors import Invalid
from bridge.store.events import EventType

ENQUEUE = "https://events.pagerduty.com/v2/enqueue"

VERY_NEGATIVE = -0.7
"""A score below it is critical."""


def parts(target: str) -> tuple[str, str]:
    """Address and integration key of `KEY`, or of `ADDRESS KEY` (the European region has its own). Raises Invalid."""
    address, _, key = target.strip().rpartition(" ")
    if not re.fullmatch(r"[A-Za-z0-9]{32}", key):
        raise Invalid("target", "give the integration key of an Events API v2 integration: 32 letters and digits")
    return address.strip() or ENQUEUE, key


def request(target: str, fact: Fact) -> Request:
    """The call to the Events API."""
    address, key = parts(target)
    body: dict[str, object] = {"routing_key": key, "event_action": "trigger", "dedup_key": _subject(fact)}
    if fact.type is EventType.RECOVERED:
        body["event_action"] = "resolve"
    else:
        told = words(fact)
        details = dict(told.values)
        if told.quotes:
            details["Words"] = " / ".join(told.quotes)
        if told.reminder:
            details["Note"] = told.reminder
        body["payload"] = {
            "summary": told.title,
            "source": f"moodbridge/{fact.workspace}",
            "severity": _severity(fact),
            "timestamp": datetime.fromtimestamp(fact.at, UTC).isoformat(timespec="milliseconds"),
            "group": fact.connection or fact.workspace,
            "class": str(fact.type),
            "custom_details": details,
        }
        body["links"] = [{"href": url, "text": text} for text, url in told.links]
        body["client"] = "Moodbridge"
    return Request(address, json.dumps(body).encode(), {"content-type": "application/json"})


def _subject(fact: Fact) -> str:
    """The same for everything about a ticket, which makes one alert of it. At most 255 characters are taken."""
    if fact.ticket_id is None:
        return fact.webhook_id
    name = json.dumps([fact.workspace, fact.connection, fact.ticket_id])
    return "moodbridge-" + hashlib.sha256(name.encode()).hexdigest()


def _severity(fact: Fact) -> str:
    after = fact.data.get("after")
    score = after.get("score") if isinstance(after, Mapping) else None
    if fact.type is EventType.ESCALATED:
        return "critical" if isinstance(score, int | float) and score < VERY_NEGATIVE else "error"
    return "info" if fact.type is EventType.TEST else "warning"
