"""A workspace and its settings."""

from collections.abc import Mapping

from flask import Blueprint, Response

from bridge import workspaces
from bridge.errors import Invalid
from bridge.runtime import Runtime
from bridge.web import bearer
from bridge.web.answers import json_answer
from bridge.web.api import shapes
from bridge.web.api.arguments import arguments, body_object

_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def register(api: Blueprint, runtime: Runtime) -> None:
    """GET and PATCH of the workspace itself."""

    @api.get("")
    def show_workspace(slug: str) -> Response:
        arguments()
        return json_answer(shapes.workspace(workspaces.show(runtime, slug)))

    @api.patch("")
    def change_workspace(slug: str) -> Response:
        bearer.needs_settings_role()
        arguments()
        return json_answer(shapes.workspace(workspaces.set(runtime, slug, typed(body_object()))))


def typed(values: Mapping[str, object]) -> dict[str, str]:
    """JSON's values as a person types them at the command line. Raises Invalid."""
    return {key: _typed(key, value) for key, value in values.items()}


def _typed(key: str, value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if key == "alert_max_age" and isinstance(value, int | float):
        return _age(key, value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ",".join(value)
    if isinstance(value, str):
        return value
    raise Invalid(key[:50], "give text, a number, true, false, null or a list of text")


def _age(key: str, seconds: float) -> str:
    """Seconds, as the API shows them, in the largest unit that they fill."""
    if 0 <= seconds < 1e9 and seconds == int(seconds):
        for unit, size in _UNITS:
            if seconds % size == 0:
                return f"{int(seconds) // size}{unit}"
    raise Invalid(key, "give whole seconds, or text such as 24h")
