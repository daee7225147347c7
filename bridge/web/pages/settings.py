"""Settings of a workspace: one page for each matter, a table of forms for what admins and owners may do."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response

from bridge import (
    alert_channels,
    audit,
    people,
    providers,
    runs,
    tokens,
    webhook_log,
    webhooks,
    workspaces,
)
from bridge.channels.kinds import KINDS
from bridge.errors import BridgeError, NotFound
from bridge.runtime import Runtime
from bridge.tokens import Role
from bridge.web.pages.setting_acts import ACTS, Act
from bridge.web.pages.visit import page, visit
from bridge.workspace_settings import public

Page = str | Response | tuple[str, int]

PROVIDERS = ("openai", "anthropic", "deepseek", "moonshot", "xai", "openai-compatible", "offline")
GENERAL = {
    "languages": "Languages, such as en or en,de",
    "retention": "Days that customer text is kept after scoring (0: not at all)",
    "monthly_budget_usd": "Budget a month in US dollars (empty: none)",
    "confidence_floor": "Below this confidence the label is unknown (0 to 1)",
    "backfill_daily": "Old tickets scored a day (0: none)",
    "backfill_at": "The daily backfill begins at (UTC)",
    "backfill_write": "Old tickets written to: open, all or none",
}
SWITCHES = {
    "indicators": "Show indicators: the customer's words that explain a score",
    "indicators_in_alerts": "Show indicators in alerts too, which leave this server",
    "redact": "Cut out names and numbers before the provider sees the text",
}
SECTIONS = (
    ("", "General"),
    ("provider", "AI provider"),
    ("scale", "Scale"),
    ("alerts", "Alerts"),
    ("webhooks", "Webhooks"),
    ("backfill", "Backfill"),
    ("people", "People"),
    ("tokens", "API tokens"),
    ("audit", "Audit log"),
)


def blueprint(runtime: Runtime) -> Blueprint:
    """The pages of settings."""
    routes = Blueprint("settings", __name__)

    def show(name: str, **more: Any) -> Page:
        slug = visit().workspace.slug
        values = SHOWN[name](runtime, slug) | more
        template = f"settings_{name or 'general'}.html"
        html = render_template(template, sections=SECTIONS, section=name, **values)
        return (html, 422) if more.get("problem") else html

    @page(routes, "/settings", Role.ADMIN)
    def general() -> Page:
        return show("")

    @page(routes, "/settings/<section>", Role.ADMIN)
    def section(section: str) -> Page:
        if section not in SHOWN or not section:
            abort(404)
        return show(section)

    @page(routes, "/settings/act/<act>", Role.ADMIN, "POST")
    def act(act: str) -> Page:
        wanted = ACTS.get(act)
        if wanted is None:
            abort(404)
        if not visit().role.reaches(wanted.role):
            abort(403)
        return _do(act, wanted)

    def _do(name: str, wanted: Act) -> Page:
        here, form = visit(), request.form.to_dict()
        try:
            outcome = wanted.do(runtime, here, form)
        except NotFound:
            abort(404)
        except BridgeError as error:
            return show(wanted.section, problem=str(error), given={} if "key" in form else form)
        if not wanted.looks_only:
            told = {key: form[key][:200] for key in wanted.noted if form.get(key)}
            audit.note(runtime, here.workspace.slug, here.by, name, told)
        if outcome is not None:
            return show(wanted.section, **outcome)
        path = f"/w/{here.workspace.slug}/settings" + (f"/{wanted.section}" if wanted.section else "")
        return redirect(f"{path}?said=saved")

    @page(routes, "/settings/webhooks/<endpoint>/deliveries", Role.ADMIN)
    def deliveries(endpoint: str) -> Page:
        slug = visit().workspace.slug
        found = webhook_log.listed(runtime, slug, endpoint, limit=50)
        return render_template(
            "settings_deliveries.html", sections=SECTIONS, section="webhooks", endpoint=endpoint, deliveries=found
        )

    return routes


def _general(runtime: Runtime, slug: str) -> dict[str, Any]:
    found = workspaces.show(runtime, slug).settings
    values = public(found) | {"languages": ",".join(found.languages)}
    return {"values": values, "fields": GENERAL, "switches": SWITCHES}


def _provider(runtime: Runtime, slug: str) -> dict[str, Any]:
    return {"provider": providers.shown(runtime, slug), "names": PROVIDERS}


def _scale(runtime: Runtime, slug: str) -> dict[str, Any]:
    return {"scale": workspaces.show(runtime, slug).settings.buckets, "moves": None, "wanted": ""}


def _alerts(runtime: Runtime, slug: str) -> dict[str, Any]:
    return {"channels": alert_channels.listed(runtime, slug), "kinds": KINDS}


def _people(runtime: Runtime, slug: str) -> dict[str, Any]:
    return {"people": people.listed(runtime, slug), "invited": people.invited(runtime, slug), "roles": tuple(Role)}


def _tokens(runtime: Runtime, slug: str) -> dict[str, Any]:
    roles = [one for one in Role if visit().role.reaches(one)]
    return {"tokens": tokens.listed(runtime, slug), "roles": roles}


def _audit(runtime: Runtime, slug: str) -> dict[str, Any]:
    before = request.args.get("before", "")
    found = audit.listed(runtime, slug, int(before) if before.isdecimal() and len(before) < 18 else None, 50)
    return {"rows": found}


SHOWN: dict[str, Callable[[Runtime, str], dict[str, Any]]] = {
    "": _general,
    "provider": _provider,
    "scale": _scale,
    "alerts": _alerts,
    "webhooks": lambda runtime, slug: {"endpoints": webhooks.listed(runtime, slug)},
    "backfill": lambda runtime, slug: {"runs": runs.listed(runtime, slug)},
    "people": _people,
    "tokens": _tokens,
    "audit": _audit,
}
