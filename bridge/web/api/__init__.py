"""The API under /api/v1: bearer tokens, JSON, errors as problem details (docs/api.md)."""

from collections.abc import Callable

from flask import Blueprint, Response

from bridge.runtime import Runtime
from bridge.web.answers import json_answer
from bridge.web.api import (
    alert_rules,
    alerts,
    audit,
    backfills,
    connections,
    dashboard,
    deliveries,
    members,
    provider,
    releases,
    serving,
    tickets,
    tokens,
    usage,
    webhooks,
    workspace,
)
from bridge.web.api.endpoint import Endpoint, of_module
from bridge.web.api.openapi import BASE, document
from bridge.web.api.rate_limit import RateLimit

RESOURCES = (
    workspace,
    provider,
    connections,
    tickets,
    backfills,
    dashboard,
    webhooks,
    deliveries,
    alerts,
    alert_rules,
    members,
    tokens,
    releases,
    usage,
    audit,
)

ENDPOINTS = tuple(one for module in RESOURCES for one in of_module(module))


def blueprint(runtime: Runtime) -> Blueprint:
    """Every address of a workspace, open to tokens of that one alone."""
    api = Blueprint("api", __name__, url_prefix=BASE)
    limit = RateLimit()
    by_rule = {f"{one.method} {BASE}{one.path}": one for one in ENDPOINTS}
    api.before_request(lambda: serving.sign_in(runtime, limit, by_rule))
    api.after_request(serving.add_rate_limit)
    for one in ENDPOINTS:
        api.add_url_rule(one.path, one.name, _view(runtime, one), methods=[one.method])
    return api


def _view(runtime: Runtime, endpoint: Endpoint) -> Callable[..., Response]:
    def view(slug: str, **path: str) -> Response:
        return serving.answer(runtime, endpoint, slug, path)

    return view


def description(version: str) -> Blueprint:
    """What the API can do, for everybody to read."""
    routes = Blueprint("description", __name__)

    @routes.get("/api/v1/openapi.json")
    def openapi() -> Response:
        return json_answer(document(ENDPOINTS, version))

    return routes
