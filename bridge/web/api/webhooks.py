"""Outgoing webhooks: endpoints, and the log of what was sent to them. For admins alone: addresses may be secrets."""

from flask import Blueprint, Response

from bridge import webhook_log, webhooks
from bridge.errors import Invalid
from bridge.runtime import Runtime
from bridge.web import bearer
from bridge.web.answers import json_answer
from bridge.web.api import telling
from bridge.web.api.arguments import arguments, moment, whole
from bridge.web.api.telling import members, number, text, texts

USUAL = 50


def register(api: Blueprint, runtime: Runtime) -> None:
    """The addresses under /webhooks."""

    @api.get("/webhooks")
    def list_webhooks(slug: str) -> Response:
        bearer.needs_settings_role()
        arguments()
        found = webhooks.listed(runtime, slug)
        return json_answer({"items": [telling.receiver(one) for one in found], "next_cursor": None})

    @api.post("/webhooks")
    def add_webhook(slug: str) -> Response:
        bearer.needs_settings_role()
        arguments()
        body = members("url", "types", "origins")
        made = webhooks.add(runtime, slug, text(body, "url"), texts(body, "types"), texts(body, "origins"))
        return json_answer({**telling.receiver(made.endpoint), "secret": made.secret.reveal()}, 201)

    @api.get("/webhooks/<webhook>")
    def show_webhook(slug: str, webhook: str) -> Response:
        bearer.needs_settings_role()
        arguments()
        return json_answer(telling.receiver(webhooks.show(runtime, slug, webhook)))

    @api.delete("/webhooks/<webhook>")
    def remove_webhook(slug: str, webhook: str) -> Response:
        bearer.needs_settings_role()
        arguments()
        webhooks.remove(runtime, slug, webhook)
        return Response(status=204)

    @api.post("/webhooks/<webhook>/enable")
    def enable_webhook(slug: str, webhook: str) -> Response:
        bearer.needs_settings_role()
        arguments()
        return json_answer(telling.receiver(webhooks.enable(runtime, slug, webhook)))

    @api.post("/webhooks/<webhook>/rotate")
    def rotate_webhook(slug: str, webhook: str) -> Response:
        bearer.needs_settings_role()
        arguments()
        made = webhooks.rotate(runtime, slug, webhook)
        return json_answer({**telling.receiver(made.endpoint), "secret": made.secret.reveal()})

    @api.post("/webhooks/<webhook>/test")
    def test_webhook(slug: str, webhook: str) -> Response:
        bearer.needs_settings_role()
        arguments()
        return json_answer(telling.outcome(webhooks.test(runtime, slug, webhook)))

    @api.get("/webhooks/<webhook>/deliveries")
    def list_deliveries(slug: str, webhook: str) -> Response:
        bearer.needs_settings_role()
        asked = arguments("cursor", "limit")
        before = whole("cursor", asked["cursor"]) if "cursor" in asked else None
        limit = whole("limit", asked["limit"]) if "limit" in asked else USUAL
        found = webhook_log.listed(runtime, slug, webhook, before, limit)
        cursor = str(found[-1].id) if len(found) == limit else None
        return json_answer({"items": [telling.delivery(one) for one in found], "next_cursor": cursor})

    @api.post("/webhooks/<webhook>/resend")
    def resend(slug: str, webhook: str) -> Response:
        bearer.needs_settings_role()
        arguments()
        body = members("delivery", "since")
        if ("delivery" in body) == ("since" in body):
            raise Invalid("body", 'send {"delivery": number} or {"since": time}')
        if "since" in body:
            since = moment("since", text(body, "since"))
            return json_answer({"resent": webhook_log.resend_since(runtime, slug, webhook, since)})
        webhook_log.resend(runtime, slug, webhook, number(body, "delivery"))
        return json_answer({"resent": 1})
