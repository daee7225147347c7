"""The desk as a web application: API and pages, guarded against other sites in the same browser."""

from flask import Flask, Response, request

from connectors.sandbox.desk import api, pages
from connectors.sandbox.desk.database import Database
from connectors.sandbox.desk.faults import Faults

_LARGEST_BODY = 1_000_000
_LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def create(database: Database, token: str) -> Flask:
    """The application over this database; `token` opens its API."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.register_blueprint(api.blueprint(database, token, Faults()))
    app.register_blueprint(pages.blueprint(database))

    @app.before_request
    def only_this_machine() -> tuple[str, int] | None:
        # The pages need no sign-in, so a foreign name that was made to point at 127.0.0.1 must not open them.
        host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        return None if host in _LOOPBACK else ("this desk answers to 127.0.0.1 and localhost only\n", 421)

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @app.get("/healthz")
    def healthz() -> tuple[str, int]:
        return "ok\n", 200

    return app
