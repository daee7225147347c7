"""The pages for people: server-made, without a script of their own but for live updates."""

from datetime import UTC, datetime

from flask import Flask, g, request

from bridge.runtime import Runtime
from bridge.web.looks import ago, arrow_of, look_of, signed
from bridge.web.pages import connections, entrance, looking, settings
from bridge.web.pages.visit import Door, form_token

SAID = {
    "saved": "Saved.",
    "gone": "It is gone.",
    "resent": "It is on its way again.",
    "started": "It has begun.",
}
"""What a page may say after something was done, by the word in its address."""


def add_pages(app: Flask, runtime: Runtime, demo: bool) -> None:
    """Adds every page, who may see it, and what all of them show."""
    door = Door(runtime)
    app.before_request(door.look)
    app.after_request(door.leave)
    app.register_blueprint(entrance.blueprint(runtime, door, demo))
    for part in (looking, connections, settings):
        app.register_blueprint(part.blueprint(runtime))
    app.jinja_env.filters.update(ago=ago, look=look_of, arrow=arrow_of, signed=signed, when=when)

    @app.context_processor
    def shared() -> dict[str, object]:
        visit = g.get("visit")
        return {
            "form_token": form_token,
            "person": g.get("person"),
            "visit": visit,
            "here": request.path,
            "base": f"/w/{visit.workspace.slug}" if visit else "",
            "said": SAID.get(request.args.get("said", "")),
        }


def when(at: float | None) -> str:
    """A moment in UTC as people read it; a dash for none."""
    return "\N{EN DASH}" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
