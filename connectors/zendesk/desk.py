"""One Zendesk account in plain values, through zenpy for what it does right. No other module knows zenpy.

zenpy runs on our own session (`session`), without its cache, one client for each thread. What it lacks or gets wrong
goes through the same session: comments with their users (it returns the users), job items, ticket events page by
page, conversation logs, tag look-up. zenpy is GPLv3; this module is the place to replace it. It is loaded when the
first account is called: 0.2 s and 8 MB that commands and web processes save.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bridge.connector import Access, HelpdeskDown, Refused
from connectors.zendesk.session import Rejected, Session

# It logs whole requests and answers at DEBUG: customers' words.
logging.getLogger("zenpy").setLevel(logging.WARNING)

ADDRESS_OVERRIDES = ("ZENPY_FORCE_NETLOC", "ZENPY_FORCE_SCHEME")
PAGES = 60
"""A ticket has at most 5,000 comments, 100 to a page."""

Json = dict[str, Any]
Change = dict[str, object]
"""A ticket update as the API takes it."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as the API shows it. `stamp` is its `updated_at`, word for word."""

    id: str
    status: str
    stamp: str
    tags: tuple[str, ...]
    values: Mapping[int, str | None]
    priority: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    id: str
    author_id: int
    role: str | None
    """end-user, agent or admin; None when the answer does not tell."""
    public: bool
    channel: str
    created_at: str
    plain: str | None = field(repr=False)
    html: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Job:
    status: str
    """queued, working, failed or completed."""
    results: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class FieldSeen:
    id: int
    type: str
    title: str
    active: bool
    visible_in_portal: bool
    options: tuple[str, ...]


@contextmanager
def _plain_errors() -> Iterator[None]:
    """zenpy's errors carry whole answers; ours do not."""
    from zenpy.lib.exception import APIException, ZenpyException

    try:
        yield
    except (ZenpyException, APIException, AttributeError, KeyError, TypeError, ValueError):
        raise HelpdeskDown("Zendesk answers with something that is not its API's") from None


class Desk:
    """Calls to one account, for one thread. Every method raises ConnectorErrors; `Rejected` names a refused call."""

    def __init__(self, access: Access) -> None:
        """Raises Refused when the connection cannot be called at all."""
        for name in ADDRESS_OVERRIDES:
            if os.environ.get(name):
                raise Refused(f"unset {name}: it would send the account's sign-in to another host")
        from zenpy import Zenpy
        from zenpy.lib import api_objects

        self.session = Session(access)
        # zenpy puts host names together from these two halves and always says https; the session knows better.
        subdomain, _, domain = self.session.netloc.partition(".")
        self._zenpy = Zenpy(subdomain=subdomain, domain=domain, session=self.session, disable_cache=True)
        self._types = api_objects

    # People

    def me(self) -> tuple[int, str]:
        """Id and role of the user we act as."""
        with _plain_errors():
            user = self._zenpy.users.me()
            return int(user.id), str(user.role)

    def roles(self, user_ids: Sequence[int]) -> dict[int, str]:
        """The roles of up to 100 users; those who are gone are left out."""
        with _plain_errors():
            return {int(user.id): str(user.role) for user in self._zenpy.users(ids=list(user_ids))}

    # Tickets

    def tickets(self, ticket_ids: Sequence[str]) -> dict[str, Ticket]:
        """Up to 100 tickets by id, in one call; those that are gone are left out."""
        with _plain_errors():
            found = [one.to_dict() for one in self._zenpy.tickets(ids=list(ticket_ids))]
            return {str(one["id"]): _ticket(one) for one in found}

    def update(self, ticket_id: str, change: Change) -> None:
        """Updates one ticket."""
        with _plain_errors():
            self._zenpy.tickets.update(self._types.Ticket(id=int(ticket_id), **change))

    def update_many(self, changes: Mapping[str, Change]) -> str:
        """Queues a job that updates up to 100 tickets, each in its own way. The job's id."""
        with _plain_errors():
            items = [self._types.Ticket(id=int(ticket_id), **change) for ticket_id, change in changes.items()]
            return str(self._zenpy.tickets.update(items).id)

    def job(self, job_id: str) -> Job:
        """How a job stands. Raises Rejected (404) about an hour after it ended."""
        whole = self.session.json(f"/api/v2/job_statuses/{job_id}.json")
        with _plain_errors():
            job = whole["job_status"]
            results = job["results"]
            return Job(str(job["status"]), tuple(results) if isinstance(results, list) else ())

    def comments(self, ticket_id: str) -> Iterator[Comment]:
        """Every comment of a ticket with its author's role, the oldest first; one call for each 100."""
        url, params = f"/api/v2/tickets/{ticket_id}/comments.json", {"page[size]": "100", "include": "users"}
        for whole in self._pages(url, params):
            with _plain_errors():
                roles = {user["id"]: str(user["role"]) for user in whole.get("users") or ()}
                page = [_comment(one, roles.get(one["author_id"])) for one in whole["comments"]]
            yield from page

    def conversation(self, ticket_id: str) -> Iterator[Json]:
        """The items of a messaging ticket's conversation, as Zendesk gives them."""
        for whole in self._pages(f"/api/v2/tickets/{ticket_id}/conversation_log", {"page[size]": "100"}):
            with _plain_errors():
                page = list(whole["conversation_log"])
            yield from page

    def changes_of(self, ticket_id: str, field_id: int) -> Iterator[tuple[str, int, str | None]]:
        """When, by whom and to what a custom field was changed, from the ticket's audits (global scope `read`)."""
        for whole in self._pages(f"/api/v2/tickets/{ticket_id}/audits.json", {"page[size]": "100"}):
            with _plain_errors():
                page = [
                    (str(audit["created_at"]), int(audit["author_id"]), event.get("value"))
                    for audit in whole["audits"]
                    for event in audit["events"]
                    if event.get("type") in ("Change", "Create") and str(event.get("field_name")) == str(field_id)
                ]
            yield from page

    def ticket_events(self, start: int) -> Json:
        """One page (up to 1,000) of what happened to tickets since `start`, comments with their text."""
        return self.session.json(
            "/api/v2/incremental/ticket_events.json", start_time=str(start), include="comment_events"
        )

    def _pages(self, url: str, params: dict[str, str]) -> Iterator[Json]:
        for _ in range(PAGES):
            whole = self.session.json(url, **params)
            yield whole
            with _plain_errors():
                more = bool((whole.get("meta") or {}).get("has_more"))
                next_url = (whole.get("links") or {}).get("next")
            if not more or not next_url:
                return
            url, params = str(next_url), {}

    # What the account holds

    def fields(self) -> list[FieldSeen]:
        """Every ticket field."""
        with _plain_errors():
            return [_field(one.to_dict()) for one in self._zenpy.ticket_fields()]

    def add_field(self, kind: str, title: str, description: str, options: Mapping[str, str] | None) -> FieldSeen:
        """Makes a field that customers do not see. `options`: value to name, for a drop-down."""
        wanted: Json = {"type": kind, "title": title, "agent_description": description}
        if options is not None:
            wanted["custom_field_options"] = [{"name": name, "value": value} for value, name in options.items()]
        with _plain_errors():
            made = self._types.TicketField(visible_in_portal=False, editable_in_portal=False, **wanted)
            return _field(self._zenpy.ticket_fields.create(made).to_dict())

    def add_option(self, field_id: int, value: str, name: str) -> None:
        """Adds one option to a drop-down; the others stay."""
        with _plain_errors():
            self._zenpy.ticket_fields.options.create_or_update(
                field_id, self._types.CustomFieldOption(name=name, value=value)
            )

    def forms(self) -> list[Json] | None:
        """Every ticket form; None where the account's plan has none."""
        try:
            with _plain_errors():
                return [dict(one.to_dict()) for one in self._zenpy.ticket_forms()]
        except (Refused, Rejected):
            return None

    def set_form(self, form_id: int, field_ids: Sequence[int]) -> None:
        """Replaces a form's whole list of fields."""
        with _plain_errors():
            self._zenpy.ticket_forms.update(self._types.TicketForm(id=form_id, ticket_field_ids=list(field_ids)))

    def views(self) -> list[Json]:
        """Every view, with `id`, `title` and `conditions`."""
        with _plain_errors():
            return [dict(one.to_dict()) for one in self._zenpy.views()]

    def add_view(self, view: Json) -> int:
        """Makes a view. Its id."""
        with _plain_errors():
            return int(self._zenpy.views.create(self._types.View(**view)).id)

    def set_conditions(self, view_id: int, conditions: Json) -> None:
        """Replaces a view's conditions (`all` and `any`) as a whole."""
        self.session.put(f"/api/v2/views/{view_id}.json", json={"view": conditions})

    def delete_view(self, view_id: int) -> None:
        """Deletes a view."""
        with _plain_errors():
            self._zenpy.views.delete(self._types.View(id=view_id))

    def triggers(self) -> list[Json]:
        """Every trigger."""
        with _plain_errors():
            return [dict(one.to_dict()) for one in self._zenpy.triggers()]

    def automations(self) -> list[Json]:
        """Every automation."""
        with _plain_errors():
            return [dict(one.to_dict()) for one in self._zenpy.automations()]

    def tags(self, start: str) -> list[str]:
        """Tags in use that begin with `start` (2 characters or more)."""
        with _plain_errors():
            return [str(tag) for tag in self.session.json("/api/v2/autocomplete/tags.json", name=start)["tags"]]

    def webhooks(self) -> list[Json]:
        """Every webhook, with `id`, `name`, `endpoint`, `status` and `subscriptions`."""
        with _plain_errors():
            return [dict(one.to_dict()) for one in self._zenpy.webhooks.list()]

    def add_webhook(self, webhook: Json) -> str:
        """Makes a webhook. Its id."""
        with _plain_errors():
            return str(self._zenpy.webhooks.create(self._types.Webhook(**webhook)).id)

    def set_webhook(self, webhook_id: str, webhook: Json) -> None:
        """Replaces a webhook as a whole; its secret stays."""
        with _plain_errors():
            self._zenpy.webhooks.update(webhook_id, self._types.Webhook(**webhook))

    def delete_webhook(self, webhook_id: str) -> None:
        """Deletes a webhook."""
        with _plain_errors():
            self._zenpy.webhooks.delete(self._types.Webhook(id=webhook_id))

    def webhook_secret(self, webhook_id: str) -> str:
        """What the webhook's requests are signed with."""
        with _plain_errors():
            return str(self._zenpy.webhooks.show_secret(webhook_id).secret)


def _ticket(one: Json) -> Ticket:
    values = {int(item["id"]): item["value"] for item in one["custom_fields"] or ()}
    shown = {key: None if value is None else str(value) for key, value in values.items()}
    priority = one.get("priority")
    named = priority if isinstance(priority, str) else None
    return Ticket(str(one["id"]), str(one["status"]), str(one["updated_at"]), tuple(one["tags"] or ()), shown, named)


def _comment(one: Json, role: str | None) -> Comment:
    channel = str((one.get("via") or {}).get("channel", ""))
    plain = one.get("plain_body")
    return Comment(
        str(one["id"]),
        int(one["author_id"]),
        role,
        one["public"] is True,
        channel,
        str(one["created_at"]),
        plain if isinstance(plain, str) else None,
        str(one.get("html_body") or ""),
    )


def _field(one: Json) -> FieldSeen:
    options = tuple(str(option["value"]) for option in one.get("custom_field_options") or ())
    visible = one.get("visible_in_portal") is True
    return FieldSeen(int(one["id"]), str(one["type"]), str(one["title"]), one["active"] is not False, visible, options)
