"""What Zendesk's events say of a ticket itself: tags, priority and group ("Ticket events", `detail`, 2026)."""

from collections.abc import Mapping
from typing import Any

from bridge.connector import Access, TicketFacts
from connectors.zendesk.times import moment, stamp


def facts_of(detail: Mapping[str, Any], ticket_id: str, access: Access) -> tuple[TicketFacts, ...]:
    """Nothing where the event does not tell. Our own tags are left out; a group is told by its id."""
    tags, updated_at = detail.get("tags"), moment(str(detail.get("updated_at", "")))
    if not isinstance(tags, list) or updated_at is None:
        return ()
    priority, group = detail.get("priority"), str(detail.get("group_id") or "0")
    others = tuple(tag for tag in tags if isinstance(tag, str) and not tag.startswith(f"{access.prefix}_"))
    named = priority.lower() if isinstance(priority, str) and priority else None  # upper case in events alone
    return (TicketFacts(ticket_id, others, named, None if group == "0" else group, stamp(updated_at)),)
