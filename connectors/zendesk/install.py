"""Sets a Zendesk account up for us: fields, forms, views, webhook; and takes views and webhook away again.

Each step looks first and does only what is missing, so that running it twice changes nothing, and running it after a
failure goes on where it stopped. Fields stay on `disconnect`: deleting a field wipes its values from all tickets.
"""

import dataclasses
import ipaddress
import time
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from bridge.connector import Access, Installed, Refused
from connectors.zendesk import fields, poll, record, views
from connectors.zendesk.desk import Desk, FieldSeen, Json
from connectors.zendesk.names import title
from connectors.zendesk.record import Record
from connectors.zendesk.session import Rejected
from connectors.zendesk.webhook import SUBSCRIPTIONS

Id = TypeVar("Id", int, str)


def install(access: Access, dry_run: bool) -> Installed:
    """What was done, or in a dry run would be, and the webhooks' signing secrets. Raises ConnectorErrors.

    A secret that is not the newest of ours asks for a new webhook: `connect --rotate`, which also mends a webhook
    that Zendesk no longer calls.
    """
    desk = Desk(access)
    user_id, role = desk.me()
    if role != "admin":
        raise Refused(f"the OAuth client acts as a user of role {role}: let an admin make the client")
    ours = fields.ours_among(access, desk.fields())
    if ours[0] is None:
        fields.check_loose_tags(access, desk)
    steps: list[str] = []
    made = _fields(access, desk, ours, dry_run, steps)
    ids = [one.id for one in made]
    steps += fields.put_on_forms(desk, access.options.get("forms", "all"), ids, len(ours), dry_run)
    kept = record.find(access)
    if dry_run:
        _views(access, desk, [*ids, 0, 0, 0], True, steps)
        _webhook(access, desk, kept, True, steps)
        return Installed((*steps, *views.rules_that_run(desk, user_id)))
    options = tuple(dict.fromkeys((*made[0].options, *(fields.wanted(access)[0].options or ()))))
    label, score, trend = ids
    current = Record(user_id, label, score, trend, options=options, webhook=kept.webhook if kept else None)
    record.save(access, current)
    current = dataclasses.replace(current, views=_views(access, desk, ids, False, steps))
    hook_id, secret = _webhook(access, desk, kept, False, steps)
    record.save(access, dataclasses.replace(current, webhook=hook_id))
    theirs = _theirs(access, desk, steps)
    poll.start_from(access, time.time())
    return Installed((*steps, *views.rules_that_run(desk, user_id)), secret, theirs)


def uninstall(access: Access) -> tuple[str, ...]:
    """Deletes our webhook and views; fields, their values and the forms stay. What was done. Raises ConnectorErrors."""
    desk, kept = Desk(access), record.find(access)
    steps = []
    for hook in desk.webhooks():
        if _is_ours(hook, access, kept):
            _delete(desk.delete_webhook, str(hook["id"]))
            steps.append("Deleted the webhook.")
    ids = set(kept.views) if kept else set()
    for view in desk.views():
        if int(view["id"]) in ids:
            _delete(desk.delete_view, int(view["id"]))
            steps.append(f"Deleted the view {view['title']}.")
    if kept:
        record.save(access, dataclasses.replace(kept, webhook=None, views=()))
    names = ", ".join(want.title for want in fields.wanted(access))
    return (*steps, f"The fields {names} stay with their values: delete them in Admin Center if you want them gone.")


def _fields(
    access: Access, desk: Desk, ours: list[FieldSeen | None], dry_run: bool, steps: list[str]
) -> list[FieldSeen]:
    made = []
    for want, field in zip(fields.wanted(access), ours, strict=True):
        if field is not None:
            steps += fields.complete(desk, field, want, dry_run)
        elif dry_run:
            steps.append(f"Would make the field {want.title}, which customers do not see.")
        else:
            field = fields.make(desk, want)
            steps.append(f"Made the field {want.title}, which customers do not see.")
        if field is not None:
            made.append(field)
    return made


def _views(access: Access, desk: Desk, ids: list[int], dry_run: bool, steps: list[str]) -> tuple[int, ...]:
    present = {str(view["title"]): view for view in desk.views()}
    label, score, trend = ids[:3]
    found = []
    for view in views.wanted(access, score, label, trend):
        name = view["title"]
        if name in present:
            found.append(int(present[name]["id"]))
            steps += views.complete(desk, present[name], view, dry_run)
        elif dry_run:
            steps.append(f"Would make the view {name}.")
        else:
            found.append(views.make(desk, view))
            steps.append(f"Made the view {name}.")
    return tuple(found)


def _webhook(
    access: Access, desk: Desk, kept: Record | None, dry_run: bool, steps: list[str]
) -> tuple[str | None, str | None]:
    """Id and signing secret of our webhook; two None where there can be none."""
    if not reachable(access):
        steps.append(
            "No webhook: MOODBRIDGE_URL is not a public https address, so Zendesk cannot call it."
            " Moodbridge looks for new messages every minute instead."
        )
        return None, None
    wanted: Json = {
        "name": f"Moodbridge ({title(access)})",
        "description": "Tells Moodbridge of new messages and of those to forget.",
        "status": "active",
        "endpoint": access.hook_url,
        "http_method": "POST",
        "request_format": "json",
        "subscriptions": list(SUBSCRIPTIONS),
    }
    mine = [hook for hook in desk.webhooks() if _is_ours(hook, access, kept)]
    if not mine:
        steps.append("Would make the webhook." if dry_run else "Made the webhook.")
        return _made(desk, wanted) if not dry_run else (None, None)
    hook_id = str(mine[0]["id"])
    secret = desk.webhook_secret(hook_id)
    if secret in access.secrets[1:] and dry_run:
        steps.append("Would make a new webhook with a new secret, and delete the former one.")
        return hook_id, None
    if secret in access.secrets[1:]:
        # The new one is made first: events told twice are known, events told to nobody are lost.
        fresh = _made(desk, wanted)
        for hook in mine:
            desk.delete_webhook(str(hook["id"]))
        steps.append("Made a new webhook with a new secret, and deleted the former one.")
        return fresh
    differs = [name for name in ("endpoint", "status") if mine[0][name] != wanted[name]]
    if set(mine[0]["subscriptions"] or ()) != set(SUBSCRIPTIONS):
        differs.append("subscriptions")
    if differs:
        steps.append(f"{'Would put' if dry_run else 'Put'} the webhook right: {', '.join(differs)}.")
        if not dry_run:
            desk.set_webhook(hook_id, wanted)
    return hook_id, secret


def _theirs(access: Access, desk: Desk, steps: list[str]) -> tuple[str, ...]:
    """The signing secrets of trigger webhooks that call our hook too."""
    secrets = []
    for hook in desk.webhooks():
        if hook["endpoint"] != access.hook_url or "conditional_ticket_events" not in (hook["subscriptions"] or ()):
            continue
        try:
            secrets.append(desk.webhook_secret(str(hook["id"])))
        except (Refused, Rejected):  # of a webhook that an app made, even admins may not see it
            steps.append(f"The webhook {hook['name']} calls the hook too, but Zendesk hides its secret: it is refused.")
            continue
        if secrets[-1] not in access.secrets:
            steps.append(f"The webhook {hook['name']} calls the hook too: what its triggers name will be read.")
    return tuple(secrets)


def _made(desk: Desk, wanted: Json) -> tuple[str, str]:
    hook_id = desk.add_webhook(wanted)
    return hook_id, desk.webhook_secret(hook_id)


def _is_ours(hook: Json, access: Access, kept: Record | None) -> bool:
    """Whether a webhook is the one we make; one of a trigger may call our hook too, and is its maker's."""
    if kept and kept.webhook == str(hook["id"]):
        return True
    return hook["endpoint"] == access.hook_url and "conditional_ticket_events" not in (hook["subscriptions"] or ())


def reachable(access: Access) -> bool:
    """Whether Zendesk can call our hook: a public https address (or a stand-in of Zendesk, which can call any)."""
    if access.options.get("base-url"):
        return True
    parts = urlsplit(access.hook_url)
    host = parts.hostname or ""
    if parts.scheme != "https" or host == "localhost" or "." not in host or host.endswith((".local", ".internal")):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return True


def _delete(delete: Callable[[Id], None], what: Id) -> None:
    try:
        delete(what)
    except Rejected as problem:
        if problem.status != 404:
            raise
