"""Sets a Freshdesk account up: three ticket fields, the reply rule, and where asked for the rule for new tickets."""

from typing import Any

from bridge.connector import Access, Gone, Installed, Refused
from connectors.freshdesk.client import Json, call
from connectors.freshdesk.names import Names, keep, labels_of
from connectors.freshdesk.webhook import HEADER

CREATION, UPDATE = 1, 4
REQUESTER = 2
VIEWS = (
    "By hand, since Freshdesk has no call for it: in Tickets, filter by Sentiment is urgent,"
    " then Save as new view; the same for negative."
)


def install(access: Access, dry_run: bool) -> Installed:
    """Fields are found by label or made, rules by name. Twice changes nothing. Raises ConnectorErrors."""
    call(access, "GET", "/agents/me")
    steps: list[str] = []
    names = _fields(access, dry_run, steps)
    _rule(access, UPDATE, "customer reply", True, dry_run, steps)
    _rule(access, CREATION, "new ticket", access.options.get("creation-rule") == "yes", dry_run, steps)
    if not dry_run and len(names) == 3:
        keep(access, Names(*names))
    return Installed((*steps, VIEWS))


def uninstall(access: Access) -> tuple[str, ...]:
    """Deletes our rules; fields and their values stay. What was done. Raises ConnectorErrors."""
    steps = []
    for kind in (UPDATE, CREATION):
        for rule in _ours(access, kind):
            try:
                call(access, "DELETE", f"/automations/{kind}/rules/{rule['id']}")
            except Gone:
                continue
            steps.append(f"Deleted the rule {rule['name']}.")
    return (*steps, "The fields stay with their values: delete them in Ticket Fields if you want them gone.")


def _fields(access: Access, dry_run: bool, steps: list[str]) -> list[str]:
    title = access.prefix.capitalize()
    choices = [{"value": label, "position": at} for at, label in enumerate(labels_of(access), 1)]
    wanted: list[tuple[str, str, Json]] = [
        (title, "custom_dropdown", {"choices": choices}),
        (f"{title} score", "custom_number", {}),
        (f"{title} trend", "custom_text", {}),
    ]
    present: dict[str, Json] = {str(one.get("label")): one for one in call(access, "GET", "/admin/ticket_fields")}
    names = []
    for label, kind, more in wanted:
        if (found := present.get(label)) is not None and found.get("type") != kind:
            raise Refused(f"the account has another field called {label}: rename it, or connect with --prefix")
        if found is None and dry_run:
            steps.append(f"Would make the field {label}, which customers do not see.")
            continue
        if found is None:
            hidden = {"displayed_to_customers": False, "customers_can_edit": False, "required_for_agents": False}
            body = {"label": label, "label_for_customers": label, "type": kind, **hidden, **more}
            found = call(access, "POST", "/admin/ticket_fields", body)
            steps.append(f"Made the field {label}, which customers do not see.")
        else:
            steps.append(f"The field {label} is there.")
            _complete(access, found, more, dry_run, steps)
        names.append(str(found["name"]))
    return names


def _complete(access: Access, field: Json, more: Json, dry_run: bool, steps: list[str]) -> None:
    present = {str(one.get("value")) for one in field.get("choices") or ()}
    missing = [choice for choice in more.get("choices", ()) if choice["value"] not in present]
    if missing and not dry_run:
        call(access, "PUT", f"/admin/ticket_fields/{field['id']}", {"choices": missing})
    if missing:
        steps.append(f"{'Would add' if dry_run else 'Added'} the missing labels to the field {field['label']}.")


def _rule(access: Access, kind: int, what: str, asked: bool, dry_run: bool, steps: list[str]) -> None:
    found = next((rule for rule in _ours(access, kind)), None)
    name = _name(access, what)
    if not asked:
        if found is not None and not dry_run:
            call(access, "DELETE", f"/automations/{kind}/rules/{found['id']}")
        if found is not None:
            steps.append(f"{'Would delete' if dry_run else 'Deleted'} the rule {name}.")
        return
    if dry_run:
        steps.append(f"The rule {name} is there." if found else f"Would make the rule {name}.")
        return
    if found is None:
        found = call(access, "POST", f"/automations/{kind}/rules", _wanted(access, kind, name))
        steps.append(f"Made the rule {name}.")
    else:
        steps.append(f"The rule {name} is there.")
    # The secret header may not be read back, so it is always put right: after a rotation it is another one.
    change = {"actions": _wanted(access, kind, name)["actions"], "active": True}
    call(access, "PUT", f"/automations/{kind}/rules/{found['id']}", change)
    stands = call(access, "GET", f"/automations/{kind}/rules/{found['id']}")
    if stands.get("active") is not True:
        raise Refused(f"Freshdesk did not switch the rule {name} on: switch it on in Automations")


def _wanted(access: Access, kind: int, name: str) -> dict[str, Any]:
    priority = {"resource_type": "ticket", "field_name": "priority", "operator": "in", "value": [1, 2, 3, 4]}
    action = {
        "field_name": "trigger_webhook",
        "request_type": "POST",
        "content_type": "JSON",
        "content_layout": "2",
        "url": access.hook_url,
        "custom_headers": {HEADER: access.secrets[0]},
        "content": {"ticket_id": "{{ticket.id}}", "event": "{{triggered_event}}"},
    }
    rule: dict[str, Any] = {
        "name": name,
        "active": False,
        "conditions": [{"name": "condition_set_1", "match_type": "all", "properties": [priority]}],
        "actions": [action],
    }
    if kind == UPDATE:
        rule |= {"performer": {"type": REQUESTER}, "events": [{"field_name": "reply_sent"}]}
    return rule


def _name(access: Access, what: str) -> str:
    return f"Moodbridge ({access.prefix}): {what}"


def _ours(access: Access, kind: int) -> list[Json]:
    name = _name(access, "customer reply" if kind == UPDATE else "new ticket")
    return [rule for rule in call(access, "GET", f"/automations/{kind}/rules") if rule.get("name") == name]
