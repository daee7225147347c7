"""One Zendesk account: its people, tickets, fields and rules, and what agents and customers do in it."""

import datetime
import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.hosts.zendesk.faults import Faults
from tests.hosts.zendesk.limits import Limits

Json = dict[str, Any]


class Problem(Exception):
    """What the API answers instead of success."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(f"{status} {body.get('error')}")
        self.status = status
        self.body = body


def stamp(at: float) -> str:
    """REST timestamps have whole seconds."""
    return datetime.datetime.fromtimestamp(int(at), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class User:
    id: int
    name: str
    role: str


@dataclass
class Comment:
    id: int
    author_id: int
    body: str
    public: bool
    created_at: float
    channel: str


@dataclass
class ChatItem:
    id: str
    author_type: str
    author_id: int
    text: str
    created_at: float


@dataclass
class Ticket:
    id: int
    requester_id: int
    submitter_id: int
    subject: str
    channel: str
    created_at: float
    updated_at: float
    status: str = "open"
    tags: list[str] = field(default_factory=list)
    fields: dict[int, str | None] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    chat: list[ChatItem] = field(default_factory=list)


@dataclass
class Option:
    id: int
    name: str
    value: str


@dataclass
class Field:
    id: int
    type: str
    title: str
    options: list[Option] = field(default_factory=list)
    visible_in_portal: bool = False
    editable_in_portal: bool = False
    agent_description: str = ""
    active: bool = True


@dataclass
class Event:
    """What webhooks are told: `detail` is the ticket as it was then, `body` the type's own part."""

    type: str
    ticket_id: int
    at: float
    actor_id: int
    detail: Json
    body: Json


@dataclass
class Account:
    """The switches at the top decide what Zendesk's pages leave open; tests run both ways."""

    clock: Callable[[], float] = time.time
    subdomain: str = "acme"
    first_comment_event: bool = False
    """Whether ticket.created is joined by a comment_added for the same first comment."""
    coupled: bool = True
    """Whether a drop-down's value and its tag follow each other."""
    drops_unknown_options: bool = True
    """Whether a drop-down value that is no option is dropped in silence; else refused."""
    items_count_as_updates: bool = False
    """Whether items of update_many draw on the 100 a minute."""
    forms_available: bool = True
    sorts_by_custom_field: bool = True
    header_style: str = "plain"
    """`plain`: ratelimit-limit; `hyphen`: rate-limit; `x`: X-Rate-Limit alone."""
    job_seconds: float = 1.0
    limits: Limits = field(init=False)
    faults: Faults = field(default_factory=Faults)
    users: dict[int, User] = field(default_factory=dict)
    tickets: dict[int, Ticket] = field(default_factory=dict)
    fields: dict[int, Field] = field(default_factory=dict)
    forms: dict[int, Json] = field(default_factory=dict)
    views: dict[int, Json] = field(default_factory=dict)
    triggers: list[Json] = field(default_factory=list)
    automations: list[Json] = field(default_factory=list)
    webhooks: dict[str, Json] = field(default_factory=dict)
    ticket_events: list[Json] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    listeners: list[Callable[[Event], None]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.numbers = itertools.count(360_000_000_000)
        self.limits = Limits(self.clock)
        self.admin = self.person("Bridge Admin", "admin")
        self.smith = self.person("Smith", "agent")
        form = next(self.numbers)
        self.forms[form] = {"id": form, "name": "Default Ticket Form", "active": True, "ticket_field_ids": [11, 12]}

    # People

    def person(self, name: str, role: str = "end-user") -> User:
        user = User(next(self.numbers), name, role)
        self.users[user.id] = user
        return user

    def open_ticket(
        self, requester: User, text: str, submitter: User | None = None, channel: str = "web", tags: Sequence[str] = ()
    ) -> Ticket:
        """A ticket with its first comment, written by the submitter."""
        with self.lock:
            author, now = submitter or requester, self.clock()
            ticket = Ticket(len(self.tickets) + 5001, requester.id, author.id, "Help", channel, now, now)
            ticket.tags = list(tags)
            self.tickets[ticket.id] = ticket
            comment = self._comment(ticket, author, text, True)
            self._record(ticket, author.id, [self._child(comment)])
            self._tell("ticket.created", ticket, author.id, {})
            if self.first_comment_event:
                self._tell("ticket.comment_added", ticket, author.id, {"comment": self._told(comment)})
            return ticket

    def reply(self, ticket: Ticket, author: User, text: str, public: bool = True) -> Comment:
        with self.lock:
            self.touch(ticket)
            comment = self._comment(ticket, author, text, public)
            self._record(ticket, author.id, [self._child(comment)])
            self._tell("ticket.comment_added", ticket, author.id, {"comment": self._told(comment)})
            return comment

    def chat(self, ticket: Ticket, author: User, text: str, actor_type: str = "end_user") -> ChatItem:
        """A line of a running conversation: told as a message, not as a comment."""
        with self.lock:
            self.touch(ticket)
            item = ChatItem(f"{next(self.numbers):024x}", actor_type, author.id, text, ticket.updated_at)
            ticket.chat.append(item)
            actor = {"id": str(author.id), "name": author.name, "type": actor_type}
            body = {"actor": actor, "conversation_id": "c0ffee", "message": {"id": item.id, "body": text}}
            self._tell("messaging_ticket.message_added", ticket, author.id, body)
            return item

    def tag(self, ticket: Ticket, agent: User, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """An agent edits tags in the ticket panel."""
        with self.lock:
            before = dict(ticket.fields)
            self.put_tags(ticket, [tag for tag in ticket.tags if tag not in remove] + list(add))
            self.changed(ticket, agent.id, before)

    def choose(self, ticket: Ticket, agent: User, field_id: int, value: str | None) -> None:
        """An agent picks an option of a drop-down."""
        with self.lock:
            before = dict(ticket.fields)
            self.put_field(ticket, field_id, value)
            self.changed(ticket, agent.id, before)

    def close(self, ticket: Ticket) -> None:
        with self.lock:
            ticket.status = "closed"
            self.touch(ticket)

    def redact(self, ticket: Ticket, comment: Comment, agent: User) -> None:
        with self.lock:
            comment.body = "▇▇▇▇"
            self.touch(ticket)
            self._redact_told(comment)
            self._record(ticket, agent.id, [{"event_type": "CommentRedactionEvent", "comment_id": comment.id}])
            self._tell("ticket.comment_redacted", ticket, agent.id, {"comment": {"id": str(comment.id)}})

    def make_private(self, ticket: Ticket, comment: Comment, agent: User) -> None:
        with self.lock:
            comment.public = False
            self.touch(ticket)
            change = {"event_type": "CommentPrivacyChange", "comment_id": comment.id, "public": False}
            self._record(ticket, agent.id, [change])
            self._tell("ticket.comment_made_private", ticket, agent.id, {"comment": {"id": str(comment.id)}})

    def delete_for_good(self, ticket: Ticket, agent: User) -> None:
        with self.lock:
            ticket.status = "deleted"
            self._tell("ticket.permanently_deleted", ticket, agent.id, {})
            del self.tickets[ticket.id]

    # What the API uses too

    def touch(self, ticket: Ticket) -> None:
        """A new `updated_at`. Stamps have whole seconds; here two updates never share one, so that a test sees races
        that a fast machine would hide inside a second."""
        ticket.updated_at = max(self.clock(), ticket.updated_at + 1)

    def put_field(self, ticket: Ticket, field_id: int, value: str | None) -> None:
        """Sets a custom field; a drop-down's tag follows (Zendesk "Ticket fields": the option's value is its tag)."""
        target = self.fields[field_id]
        ticket.fields[field_id] = value
        if target.type == "tagger" and self.coupled:
            others = {option.value for option in target.options}
            ticket.tags = [tag for tag in ticket.tags if tag not in others] + ([value] if value else [])

    def put_tags(self, ticket: Ticket, tags: Sequence[str]) -> None:
        """Sets all tags; a drop-down follows the last of its own."""
        ticket.tags = list(dict.fromkeys(tags))
        if not self.coupled:
            return
        for target in self.fields.values():
            if target.type != "tagger":
                continue
            values = {option.value for option in target.options}
            held = [tag for tag in ticket.tags if tag in values]
            ticket.fields[target.id] = held[-1] if held else None
            ticket.tags = [tag for tag in ticket.tags if tag not in held[:-1]]

    def changed(self, ticket: Ticket, user_id: int, before: dict[int, str | None]) -> None:
        """Records an update of tags and fields, by whomever."""
        self.touch(ticket)
        moved = {str(key): value for key, value in ticket.fields.items() if before.get(key) != value}
        self._record(ticket, user_id, [{"event_type": "Change", "custom_ticket_fields": moved}])

    def _comment(self, ticket: Ticket, author: User, text: str, public: bool) -> Comment:
        comment = Comment(next(self.numbers), author.id, text, public, ticket.updated_at, ticket.channel)
        ticket.comments.append(comment)
        return comment

    def _redact_told(self, comment: Comment) -> None:
        for event in self.ticket_events:
            for child in event["child_events"]:
                if child.get("id") == comment.id:
                    child |= {"body": comment.body, "html_body": comment.body}

    def _told(self, comment: Comment) -> Json:
        author = self.users[comment.author_id]
        staff = author.role != "end-user"
        return {
            "id": str(comment.id),
            "body": comment.body,
            "is_public": comment.public,
            "author": {"id": str(author.id), "is_staff": staff, "name": author.name},
        }

    def _child(self, comment: Comment) -> Json:
        return {
            "id": comment.id,
            "event_type": "Comment",
            "type": "Comment",
            "author_id": comment.author_id,
            "body": comment.body,
            "html_body": f"<p>{comment.body}</p>",
            "public": comment.public,
            "created_at": stamp(comment.created_at),
            "via": {"channel": comment.channel},
        }

    def _record(self, ticket: Ticket, updater_id: int, children: list[Json]) -> None:
        self.ticket_events.append(
            {
                "id": next(self.numbers),
                "ticket_id": ticket.id,
                "timestamp": int(self.clock()),
                "created_at": stamp(ticket.updated_at),
                "updater_id": updater_id,
                "event_type": "Audit",
                "child_events": children,
            }
        )

    def _tell(self, kind: str, ticket: Ticket, actor_id: int, body: Json) -> None:
        detail: Json = {
            "id": str(ticket.id),
            "actor_id": str(actor_id),
            "requester_id": str(ticket.requester_id),
            "submitter_id": str(ticket.submitter_id),
            "assignee_id": "0",
            "organization_id": "",
            "status": ticket.status.upper(),
            "priority": "HIGH",
            "type": "PROBLEM",
            "subject": ticket.subject,
            "description": ticket.comments[0].body if ticket.comments else "",
            "is_public": True,
            "tags": list(ticket.tags),
            "created_at": stamp(ticket.created_at),
            "updated_at": stamp(ticket.updated_at),
            "via": {"channel": ticket.channel},
        }
        event = Event(f"zen:event-type:{kind}", ticket.id, ticket.updated_at, actor_id, detail, body)
        for listener in self.listeners:
            listener(event)
