"""The dashboard's numbers."""

from flask import Blueprint, Response

from bridge import dashboard
from bridge.runtime import Runtime
from bridge.web.answers import json_answer
from bridge.web.api import shapes
from bridge.web.api.arguments import arguments, whole


def register(api: Blueprint, runtime: Runtime) -> None:
    """GET of the numbers of the last days."""

    @api.get("/dashboard")
    def show_dashboard(slug: str) -> Response:
        asked = arguments("days")
        days = whole("days", asked["days"]) if "days" in asked else dashboard.USUAL_DAYS
        return json_answer(shapes.dashboard(dashboard.show(runtime, slug, days)))
