"""What one Freshdesk account holds, and what its people and its rules do.

Rules match first only: of the active ones the first whose event and performer fit fires, and no other.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

AGENT, REQUESTER, ANYONE = 1, 2, 3
CREATION, UPDATE = 1, 4
Json = dict[str, Any]


@dataclass(frozen=True)
class Delivery:
    """One webhook that a rule sends."""

    url: str
    headers: dict[str, str]
    body: bytes


def stamp(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Account:
    """Empty at first; `deliver` sends what rules fire."""

    deliver: Callable[[Delivery], object]
    key: str = "fd-key-of-an-admin"
    tickets: dict[int, Json] = field(default_factory=dict)
    conversations: dict[int, list[Json]] = field(default_factory=dict)
    fields: dict[int, Json] = field(default_factory=dict)
    rules: dict[int, dict[int, Json]] = field(default_factory=lambda: {1: {}, 3: {}, 4: {}})
    missing: dict[int, str] = field(default_factory=dict)
    """A mandatory field that is empty, by ticket: no update of it is taken."""
    down: bool = False
    busy: int | None = None
    """Seconds to wait that the next call is told."""
    minute: int = 10_000
    calls: int = 0
    last_id: int = 100

    def number(self) -> int:
        self.last_id += 1
        return self.last_id

    def open_ticket(self, html: str, text: str, source: int = 1) -> Json:
        number, now = self.number(), stamp(time.time())
        ticket = {
            "id": number,
            "subject": "A question",
            "description": html,
            "description_text": text,
            "status": 2,
            "priority": 1,
            "source": source,
            "requester_id": 7001,
            "group_id": None,
            "spam": False,
            "tags": [],
            "custom_fields": {one["name"]: None for one in self.fields.values()},
            "created_at": now,
            "updated_at": now,
        }
        self.tickets[number], self.conversations[number] = ticket, []
        self.fire(CREATION, None, REQUESTER, ticket, "{ticket_action:created}")
        return ticket

    def say(self, ticket_id: int, text: str, *, incoming: bool, private: bool = False) -> Json:
        ticket = self.tickets[ticket_id]
        earlier = [ticket["created_at"], *(one["created_at"] for one in self.conversations[ticket_id])]
        after = datetime.fromisoformat(max(earlier)).timestamp() + 1
        said = {
            "id": self.number(),
            "ticket_id": ticket_id,
            "body": f"<div>{text}</div>",
            "body_text": text,
            "incoming": incoming,
            "private": private,
            "source": 2 if private else 0,
            "user_id": 7001 if incoming else 8001,
            "created_at": stamp(max(time.time(), after)),
        }
        self.conversations[ticket_id].append(said)
        ticket["updated_at"] = stamp(time.time())
        if not private:
            self.fire(UPDATE, "reply_sent", REQUESTER if incoming else AGENT, ticket, "{reply_sent:sent}")
        return said

    def fire(self, kind: int, event: str | None, performer: int, ticket: Json, told: str) -> None:
        for rule in self.rules[kind].values():
            events = {one["field_name"] for one in rule.get("events", ())}
            by = rule.get("performer", {}).get("type", ANYONE)
            if not rule["active"] or (event and event not in events) or by not in (performer, ANYONE):
                continue
            for action in rule["actions"]:
                if action["field_name"] == "trigger_webhook":
                    text = json.dumps(action["content"]).replace("{{ticket.id}}", str(ticket["id"]))
                    body = text.replace("{{triggered_event}}", told).encode()
                    self.deliver(Delivery(action["url"], dict(action["custom_headers"]), body))
            return  # first match only
