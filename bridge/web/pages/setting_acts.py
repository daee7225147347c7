"""What can be done on the pages of settings: one table of acts, each with its least role and what the log keeps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge import (
    alert_channels,
    people,
    providers,
    receivers,
    runs,
    scale_preview,
    tokens,
    webhook_log,
    webhooks,
    workspaces,
)
from bridge.channels.kinds import web_host
from bridge.errors import Invalid, NotFound
from bridge.runtime import Runtime
from bridge.tokens import Role
from bridge.vault import Secret
from bridge.web.pages.visit import Visit

Form = Mapping[str, str]
Outcome = dict[str, Any] | None
"""What the page shows then; None: that it is saved."""


@dataclass(frozen=True, slots=True)
class Act:
    """One form. `noted`: the fields that the audit log keeps, never a secret."""

    section: str
    do: Callable[[Runtime, Visit, Form], Outcome]
    noted: tuple[str, ...] = ()
    role: Role = Role.ADMIN
    looks_only: bool = False


def _save(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    values = {key: value for key, value in form.items() if key != "form"}
    workspaces.set(runtime, here.workspace.slug, values)
    return None


def _provider(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    base_url = form.get("base_url") or None
    if base_url is not None:
        receivers.refuse_private(runtime, "base_url", *web_host(base_url, "base_url"))
    key = Secret(form["key"].strip()) if form.get("key", "").strip() else None
    providers.set(runtime, here.workspace.slug, form.get("provider", ""), key, form.get("model") or None, base_url)
    return None


def _test_provider(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    return {"tested": providers.test(runtime, here.workspace.slug)}


def _preview(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    wanted = form.get("scale", "").strip()
    return {"moves": scale_preview.preview(runtime, here.workspace.slug, wanted), "wanted": wanted}


def _scale(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    workspaces.set(runtime, here.workspace.slug, {"scale": form.get("scale", "")})
    return None


def _channel(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    alert_channels.add(runtime, here.workspace.slug, form.get("kind", ""), form.get("target", ""))
    return None


def _test_channel(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    return {"tested": alert_channels.test(runtime, here.workspace.slug, form.get("id", ""))}


def _remove_channel(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    alert_channels.remove(runtime, here.workspace.slug, form.get("id", ""))
    return None


def _endpoint(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    return {"secret": webhooks.add(runtime, here.workspace.slug, form.get("url", "").strip()).secret.reveal()}


def _test_endpoint(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    return {"tested": webhooks.test(runtime, here.workspace.slug, form.get("id", ""))}


def _rotate_endpoint(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    return {"secret": webhooks.rotate(runtime, here.workspace.slug, form.get("id", "")).secret.reveal()}


def _enable_endpoint(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    webhooks.enable(runtime, here.workspace.slug, form.get("id", ""))
    return None


def _remove_endpoint(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    webhooks.remove(runtime, here.workspace.slug, form.get("id", ""))
    return None


def _resend(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    webhook_log.resend(runtime, here.workspace.slug, form.get("id", ""), _number(form, "delivery"))
    return None


def _catch_up(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    runs.begin(runtime, here.workspace.slug, _number(form, "limit") if form.get("limit") else None)
    return None


def _cancel(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    runs.cancel(runtime, here.workspace.slug, form.get("id", ""))
    return None


def _invite(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    return {"link": people.invite(runtime, here.workspace.slug, form.get("email", ""), form.get("role", ""))}


def _reset(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    return {"link": people.reset(runtime, here.workspace.slug, _number(form, "person"))}


def _role(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    people.change_role(runtime, here.workspace.slug, _number(form, "person"), form.get("role", ""))
    return None


def _remove_person(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    people.remove(runtime, here.workspace.slug, _number(form, "person"))
    return None


def _token(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    role = form.get("role", "")
    if role in list(Role) and not here.role.reaches(Role(role)):
        raise Invalid("role", "choose your own role or a lower one")
    return {"token": tokens.add(runtime, here.workspace.slug, role).token.reveal()}


def _revoke(runtime: Runtime, here: Visit, form: Form) -> Outcome:
    found = next((one for one in tokens.listed(runtime, here.workspace.slug) if one.id == form.get("id")), None)
    if found is None:
        raise NotFound("There is no such token")
    if not here.role.reaches(Role(found.role)):
        raise Invalid("role", "an owner revokes this token")
    tokens.revoke(runtime, here.workspace.slug, found.id)
    return None


def _number(form: Form, name: str) -> int:
    value = form.get(name, "")
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise Invalid(name, "give a whole number")
    return int(value)


_KEPT = (
    *("enabled", "languages", "retention", "monthly_budget_usd", "confidence_floor", "backfill_daily"),
    *("backfill_at", "backfill_write", "indicators", "indicators_in_alerts", "redact"),
)

ACTS = {
    "save": Act("", _save, _KEPT),
    "set-provider": Act("provider", _provider, ("provider", "model", "base_url")),
    "test-provider": Act("provider", _test_provider, looks_only=True),
    "preview-scale": Act("scale", _preview, looks_only=True),
    "set-scale": Act("scale", _scale, ("scale",)),
    "add-channel": Act("alerts", _channel, ("kind",)),
    "test-channel": Act("alerts", _test_channel, looks_only=True),
    "remove-channel": Act("alerts", _remove_channel, ("id",)),
    "add-webhook": Act("webhooks", _endpoint),
    "test-webhook": Act("webhooks", _test_endpoint, looks_only=True),
    "rotate-webhook": Act("webhooks", _rotate_endpoint, ("id",)),
    "enable-webhook": Act("webhooks", _enable_endpoint, ("id",)),
    "remove-webhook": Act("webhooks", _remove_endpoint, ("id",)),
    "resend": Act("webhooks", _resend, ("id", "delivery")),
    "catch-up": Act("backfill", _catch_up, ("limit",)),
    "cancel-run": Act("backfill", _cancel, ("id",)),
    "invite": Act("people", _invite, ("email", "role"), Role.OWNER),
    "reset": Act("people", _reset, ("person",), Role.OWNER),
    "set-role": Act("people", _role, ("person", "role"), Role.OWNER),
    "remove-person": Act("people", _remove_person, ("person",), Role.OWNER),
    "add-token": Act("tokens", _token, ("role",)),
    "revoke-token": Act("tokens", _revoke, ("id",)),
}
