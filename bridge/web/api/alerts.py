"""Alert channels and the rules by which tickets escalate. For admins, but everybody may see the rules."""

import json

from flask import Blueprint, Response

from bridge import alert_channels, rules
from bridge.alerts import shown
from bridge.runtime import Runtime
from bridge.web import bearer
from bridge.web.answers import json_answer
from bridge.web.api import telling
from bridge.web.api.arguments import arguments
from bridge.web.api.telling import members, number, text, texts


def register(api: Blueprint, runtime: Runtime) -> None:
    """The addresses under /alerts."""

    @api.get("/alerts")
    def list_alerts(slug: str) -> Response:
        bearer.needs_settings_role()
        arguments()
        found = alert_channels.listed(runtime, slug)
        return json_answer({"items": [telling.receiver(one) for one in found], "next_cursor": None})

    @api.post("/alerts")
    def add_alert(slug: str) -> Response:
        bearer.needs_settings_role()
        arguments()
        body = members("kind", "target", "types", "per_day")
        per_day = number(body, "per_day", alert_channels.PER_DAY)
        made = alert_channels.add(
            runtime, slug, text(body, "kind"), text(body, "target"), texts(body, "types"), per_day
        )
        return json_answer(telling.receiver(made), 201)

    @api.get("/alerts/rules")
    def show_rules(slug: str) -> Response:
        arguments()
        return json_answer({"rules": shown(rules.show(runtime, slug))})

    @api.put("/alerts/rules")
    def change_rules(slug: str) -> Response:
        bearer.needs_settings_role()
        arguments()
        given = members("rules")["rules"]
        changed = rules.change(runtime, slug, None if given is None else json.dumps(given))
        return json_answer({"rules": shown(changed)})

    @api.get("/alerts/<alert>")
    def show_alert(slug: str, alert: str) -> Response:
        bearer.needs_settings_role()
        arguments()
        return json_answer(telling.receiver(alert_channels.show(runtime, slug, alert)))

    @api.delete("/alerts/<alert>")
    def remove_alert(slug: str, alert: str) -> Response:
        bearer.needs_settings_role()
        arguments()
        alert_channels.remove(runtime, slug, alert)
        return Response(status=204)

    @api.post("/alerts/<alert>/test")
    def test_alert(slug: str, alert: str) -> Response:
        bearer.needs_settings_role()
        arguments()
        return json_answer(telling.outcome(alert_channels.test(runtime, slug, alert)))
