"""Fields, forms, views, business rules and webhooks over HTTP.

Shapes: Zendesk's Ticketing OpenAPI 2.0.0 (2026-08); webhooks from recorded answers of 2023.
"""

import secrets
from typing import Any

from flask import Blueprint, g, jsonify, request

from tests.hosts.zendesk.account import Account, Field, Json, Option, Problem
from tests.hosts.zendesk.hooks import new_webhook
from tests.hosts.zendesk.tickets_api import body_with
from tests.hosts.zendesk.updates import invalid, not_found

FIELD_TYPES = frozenset(
    (
        "text",
        "textarea",
        "checkbox",
        "date",
        "integer",
        "decimal",
        "regexp",
        "partialcreditcard",
        "multiselect",
        "tagger",
        "lookup",
    )
)
FIELD_KEYS = frozenset(
    (
        "id",
        "type",
        "title",
        "agent_description",
        "custom_field_options",
        "visible_in_portal",
        "editable_in_portal",
        "active",
    )
)
VIEW_KEYS = frozenset(["title", "description", "active", "all", "any", "output", "restriction", "position"])
VIEW_ROOTS = frozenset(["status", "type", "group_id", "assignee_id", "requester_id"])
WEBHOOK_KEYS = frozenset(
    (
        "id",
        "name",
        "description",
        "status",
        "endpoint",
        "http_method",
        "request_format",
        "subscriptions",
        "authentication",
        "custom_headers",
    )
)
EVENT_TYPES = frozenset(
    "zen:event-type:" + name
    for name in (
        "ticket.created",
        "ticket.comment_added",
        "ticket.comment_redacted",
        "ticket.comment_made_private",
        "ticket.permanently_deleted",
        "ticket.tags_changed",
        "ticket.custom_field_changed",
        "messaging_ticket.message_added",
    )
)


def shown_field(field: Field) -> Json:
    whole: Json = {
        "id": field.id,
        "type": field.type,
        "title": field.title,
        "raw_title": field.title,
        "agent_description": field.agent_description,
        "visible_in_portal": field.visible_in_portal,
        "editable_in_portal": field.editable_in_portal,
        "active": field.active,
        "removable": True,
    }
    if field.type in ("tagger", "multiselect"):
        whole["custom_field_options"] = [vars(option) for option in field.options]
    return whole


def shown_hook(hook: Json) -> Json:
    return {key: value for key, value in hook.items() if key not in ("secret", "authentication")}


def checked_view(account: Account, view: Json) -> None:
    unknown = set(view) - VIEW_KEYS
    if unknown:
        raise invalid(f"unknown keys: {sorted(unknown)}")
    conditions = view.get("all", []) + view.get("any", [])
    if not any(condition["field"] in VIEW_ROOTS for condition in view.get("all", [])):
        raise invalid("a view needs a condition on status, type, group, assignee or requester")
    for condition in conditions:
        if set(condition) != {"field", "operator", "value"}:
            raise invalid("a condition has field, operator and value")
    output = view.get("output", {})
    if len(output.get("columns", [])) > 10:
        raise invalid("a view has at most 10 columns")
    for column in output.get("columns", []):
        if isinstance(column, int) and column not in account.fields:
            raise invalid(f"no field {column}")
    if str(output.get("sort_by", "")).isdigit() and not account.sorts_by_custom_field:
        raise invalid("sort_by: is not a column that sorts")


def checked_hook(hook: Json) -> None:
    unknown = set(hook) - WEBHOOK_KEYS
    if unknown:
        raise Problem(400, {"errors": [{"code": "InvalidValue", "title": f"unknown keys {sorted(unknown)}"}]})
    missing = {"name", "status", "endpoint", "http_method", "request_format", "subscriptions"} - set(hook)
    if missing:
        raise Problem(400, {"errors": [{"code": "MissingValue", "title": f"missing {sorted(missing)}"}]})
    kinds = set(hook["subscriptions"])
    if kinds != {"conditional_ticket_events"} and not kinds <= EVENT_TYPES:
        raise Problem(400, {"errors": [{"code": "InvalidValue", "title": f"subscriptions {sorted(kinds)}"}]})


def blueprint(account: Account) -> Blueprint:
    api = Blueprint("admin", __name__)

    def admin() -> None:
        if account.users[g.user_id].role != "admin":
            raise Problem(403, {"error": "Forbidden", "description": "You do not have access to this page."})

    def field_of(field_id: int) -> Field:
        if field_id not in account.fields:
            raise not_found()
        return account.fields[field_id]

    @api.get("/api/v2/ticket_fields")
    def fields() -> Any:
        system = [
            {"id": 11, "type": "subject", "title": "Subject", "active": True, "removable": False},
            {"id": 12, "type": "description", "title": "Description", "active": True, "removable": False},
        ]
        whole = system + [shown_field(field) for field in account.fields.values()]
        return jsonify(ticket_fields=whole, next_page=None, previous_page=None, count=len(whole))

    @api.get("/api/v2/ticket_fields/<int:field_id>")
    def field(field_id: int) -> Any:
        return jsonify(ticket_field=shown_field(field_of(field_id)))

    @api.post("/api/v2/ticket_fields")
    def make_field() -> Any:
        admin()
        wanted = body_with("ticket_field")
        unknown = set(wanted) - FIELD_KEYS
        if unknown or wanted.get("type") not in FIELD_TYPES or not wanted.get("title"):
            raise invalid(f"ticket field: {sorted(unknown) or wanted.get('type')}")
        with account.lock:
            number = next(account.numbers)
            options = [
                Option(next(account.numbers), option["name"], option["value"])
                for option in wanted.get("custom_field_options", [])
            ]
            made = Field(
                number, wanted["type"], wanted["title"], options, agent_description=wanted["agent_description"]
            )
            made.visible_in_portal = bool(wanted.get("visible_in_portal", False))
            made.editable_in_portal = bool(wanted.get("editable_in_portal", False))
            account.fields[number] = made
        return jsonify(ticket_field=shown_field(made)), 201

    @api.post("/api/v2/ticket_fields/<int:field_id>/options")
    def make_option(field_id: int) -> Any:
        admin()
        wanted = body_with("custom_field_option")
        with account.lock:
            target = field_of(field_id)
            if any(option.value == wanted["value"] for option in target.options):
                raise invalid("value: has already been taken")
            option = Option(next(account.numbers), wanted["name"], wanted["value"])
            target.options.append(option)
        return jsonify(custom_field_option=vars(option)), 201

    @api.get("/api/v2/ticket_forms")
    def forms() -> Any:
        if not account.forms_available:
            raise Problem(403, {"error": "Forbidden", "description": "Ticket forms are not part of this plan."})
        whole = list(account.forms.values())
        return jsonify(ticket_forms=whole, next_page=None, previous_page=None, count=len(whole))

    @api.put("/api/v2/ticket_forms/<int:form_id>")
    def put_form(form_id: int) -> Any:
        admin()
        wanted = body_with("ticket_form")
        if form_id not in account.forms:
            raise not_found()
        if set(wanted) - {"id", "ticket_field_ids"}:
            raise invalid("this emulator expects the list of fields alone")
        known = {11, 12, *account.fields}
        if not set(wanted["ticket_field_ids"]) <= known:
            raise invalid("ticket_field_ids: unknown field")
        account.forms[form_id]["ticket_field_ids"] = list(wanted["ticket_field_ids"])
        return jsonify(ticket_form=account.forms[form_id])

    @api.get("/api/v2/views")
    def views() -> Any:
        whole = list(account.views.values())
        return jsonify(views=whole, meta={"has_more": False}, links={"next": None}, count=len(whole))

    @api.post("/api/v2/views")
    def make_view() -> Any:
        wanted = body_with("view")
        checked_view(account, wanted)
        with account.lock:
            number = next(account.numbers)
            conditions = {"all": wanted.get("all", []), "any": wanted.get("any", [])}
            output = wanted.get("output", {})
            execution = {"columns": output.get("columns"), "sort_by": output.get("sort_by")}
            made = {"id": number, "title": wanted["title"], "active": True}
            account.views[number] = {**made, "conditions": conditions, "execution": execution}
        return jsonify(view=account.views[number]), 201

    @api.put("/api/v2/views/<int:view_id>")
    def put_view(view_id: int) -> Any:
        wanted = body_with("view")
        if view_id not in account.views:
            raise not_found()
        checked_view(account, wanted)
        with account.lock:
            account.views[view_id]["conditions"] = {"all": wanted.get("all", []), "any": wanted.get("any", [])}
        return jsonify(view=account.views[view_id])

    @api.delete("/api/v2/views/<int:view_id>")
    def delete_view(view_id: int) -> Any:
        if account.views.pop(view_id, None) is None:
            raise not_found()
        return "", 204

    @api.get("/api/v2/triggers")
    def triggers() -> Any:
        return jsonify(triggers=account.triggers, meta={"has_more": False}, links={"next": None})

    @api.get("/api/v2/automations")
    def automations() -> Any:
        return jsonify(automations=account.automations, meta={"has_more": False}, links={"next": None})

    @api.get("/api/v2/autocomplete/tags")
    def tags() -> Any:
        start = request.args.get("name", "")
        if len(start) < 2:
            raise Problem(400, {"error": "BadRequest", "description": "name: at least 2 characters"})
        used = {tag for ticket in account.tickets.values() for tag in ticket.tags if tag.startswith(start)}
        return jsonify(tags=sorted(used), count=len(used))

    @api.get("/api/v2/webhooks")
    def webhooks() -> Any:
        whole = [shown_hook(hook) for hook in account.webhooks.values()]
        return jsonify(webhooks=whole, meta={"has_more": False}, links={"next": None, "prev": None})

    @api.post("/api/v2/webhooks")
    def make_webhook() -> Any:
        admin()
        wanted = body_with("webhook")
        checked_hook(wanted)
        with account.lock:
            number = f"01H{next(account.numbers):023d}"
            account.webhooks[number] = new_webhook(number, wanted, secrets.token_urlsafe(36), g.user_id)
        return jsonify(webhook=shown_hook(account.webhooks[number])), 201

    @api.put("/api/v2/webhooks/<hook_id>")
    def put_webhook(hook_id: str) -> Any:
        admin()
        wanted = body_with("webhook")
        checked_hook(wanted)
        if hook_id not in account.webhooks:
            raise not_found()
        account.webhooks[hook_id] = new_webhook(hook_id, wanted, account.webhooks[hook_id]["secret"], g.user_id)
        return "", 204

    @api.delete("/api/v2/webhooks/<hook_id>")
    def delete_webhook(hook_id: str) -> Any:
        admin()
        if account.webhooks.pop(hook_id, None) is None:
            raise not_found()
        return "", 204

    @api.get("/api/v2/webhooks/<hook_id>/signing_secret")
    def signing_secret(hook_id: str) -> Any:
        admin()
        if hook_id not in account.webhooks:
            raise not_found()
        return jsonify(signing_secret={"secret": account.webhooks[hook_id]["secret"], "algorithm": "SHA256"})

    @api.post("/api/v2/webhooks/<hook_id>/signing_secret")
    def reset_secret(hook_id: str) -> Any:
        admin()
        if hook_id not in account.webhooks:
            raise not_found()
        account.webhooks[hook_id]["secret"] = secrets.token_urlsafe(36)
        return signing_secret(hook_id)

    return api
