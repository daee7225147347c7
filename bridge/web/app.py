"""The web application: hooks in front; health, the API and the demo's page in Flask."""

import importlib.metadata

from flask import Flask

from bridge.receive import Receiver
from bridge.runtime import Runtime
from bridge.web import api, dashboard_page, health
from bridge.web.answers import add_headers, answer_errors
from bridge.web.hooks import Hooks
from bridge.web.metrics import Metrics
from bridge.web.pages import add_pages

LARGEST_BODY = 64 * 1024
"""Bytes, of everything but hooks, which have limits of their own."""


def create_app(runtime: Runtime, demo: str | None = None) -> Flask:
    """The application on an opened runtime. `demo`: the workspace whose numbers everybody may see at /demo."""
    app = Flask("bridge.web")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    receiver = Receiver(runtime)
    metrics = Metrics(runtime, receiver)
    app.register_blueprint(health.blueprint(runtime, metrics))
    app.register_blueprint(api.blueprint(runtime))
    app.register_blueprint(api.description(importlib.metadata.version("moodbridge")))
    if demo is not None:
        app.register_blueprint(dashboard_page.blueprint(runtime, demo))
    add_pages(app, runtime, demo is not None)
    app.after_request(add_headers(https=runtime.settings.public_url.startswith("https://")))
    answer_errors(app)
    app.wsgi_app = Hooks(receiver, app.wsgi_app, metrics.answered)  # type: ignore[method-assign]
    if runtime.settings.metrics_port is not None:
        metrics.listen(runtime.settings.metrics_port)
    return app
