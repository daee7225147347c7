"""The API under /api/v1: bearer tokens, JSON, errors as problem details."""

from flask import Blueprint, g, request

from bridge.errors import NotFound
from bridge.runtime import Runtime
from bridge.web import bearer
from bridge.web.answers import NOTHING_HERE
from bridge.web.api import alerts, dashboard, tickets, webhooks, workspace


def blueprint(runtime: Runtime) -> Blueprint:
    """Every address of the API. Each is about one workspace, and open to tokens of that one alone."""
    api = Blueprint("api", __name__, url_prefix="/api/v1/workspaces/<slug>")

    @api.before_request
    def sign_in() -> None:
        holder = bearer.holder(runtime)
        if (request.view_args or {}).get("slug") != holder.slug:
            raise NotFound(NOTHING_HERE)
        g.holder = holder

    for part in (workspace, tickets, dashboard, webhooks, alerts):
        part.register(api, runtime)
    return api
