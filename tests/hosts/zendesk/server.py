"""Puts an account on a loopback port: sign-in, faults and rate buckets in front of the API."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, g, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.hosts.zendesk import admin_api, tickets_api
from tests.hosts.zendesk.account import Account, Problem
from tests.hosts.zendesk.oauth import SignIn
from tests.hosts.zendesk.updates import Jobs


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        return None

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except CutOff:
            self.close_connection = True


class CutOff(BaseException):
    """The connection breaks without an answer."""


@dataclass
class Running:
    url: str
    account: Account
    sign_in: SignIn
    jobs: Jobs


def application(account: Account, sign_in: SignIn, jobs: Jobs) -> Flask:
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.register_blueprint(tickets_api.blueprint(account, jobs))
    app.register_blueprint(admin_api.blueprint(account))

    @app.before_request
    def gate() -> Any:
        account.calls.append((request.method, request.path.removesuffix(".json")))
        jobs.run_due()
        if request.path == "/oauth/tokens":
            return None
        fault = account.faults.draw()
        if fault:
            return failure(fault)
        g.user_id = sign_in.check(request.headers.get("Authorization", ""), request.method != "GET")
        wait = account.limits.take("account")
        if wait is not None:
            raise Problem(429, {"error": "TooManyRequests", "description": "account", "wait": wait})
        return None

    @app.post("/oauth/tokens")
    def tokens() -> Any:
        return jsonify(sign_in.grant(request.get_json(force=True)))

    @app.errorhandler(Problem)
    def told(problem: Problem) -> Any:
        body = dict(problem.body)
        reply = jsonify(body)
        reply.status_code = problem.status
        if problem.status == 429:
            reply.headers["Retry-After"] = str(int(body.get("wait", 30)) + 1)
        return reply

    @app.errorhandler(404)
    def unknown(error: Exception) -> Any:
        account.warnings.append(f"no such endpoint: {request.method} {request.path}")
        return jsonify(error="InvalidEndpoint", description="Not found"), 404

    @app.after_request
    def meter(reply: Response) -> Response:
        bucket = account.limits.bucket("account")
        limit, left = str(bucket.limit), str(max(0, bucket.limit - bucket.used))
        reset = str(int(bucket.reset_in(account.clock())) + 1)
        if account.header_style == "plain":
            names = {"ratelimit-limit": limit, "ratelimit-remaining": left, "ratelimit-reset": reset}
        elif account.header_style == "hyphen":
            names = {"rate-limit": limit, "rate-limit-remaining": left, "rate-limit-reset": reset}
        else:
            names = {"X-Rate-Limit": limit, "X-Rate-Limit-Remaining": left}
        reply.headers.update(names)
        return reply

    return app


def failure(kind: str) -> Response:
    if kind == "drop":
        raise CutOff
    if kind == "409" and request.method == "GET":
        kind = "503"
    name, _, form = kind.partition("-")
    if name == "html":
        return Response("<html>Zendesk is down for maintenance</html>", 502, content_type="text/html")
    reply = Response(json.dumps({"error": "Fault", "description": kind}), int(name), content_type="application/json")
    if name == "409":
        reply.set_data(json.dumps({"error": "DatabaseConflict", "description": "try again"}))
    if form in ("integer", "retry"):
        reply.headers["Retry-After"] = "3"
    if form == "decimal":
        reply.headers["Retry-After"] = "1.5"
    return reply


class Paths:
    """zenpy asks for `/x.json`, the documentation writes `/x`: both are the same place."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        environ["PATH_INFO"] = environ["PATH_INFO"].removesuffix(".json")
        return self.app(environ, start_response)


@contextmanager
def serve(account: Account) -> Iterator[Running]:
    """The account on a free port of 127.0.0.1 until the block ends."""
    sign_in, jobs = SignIn(account), Jobs(account)
    app = application(account, sign_in, jobs)
    server = make_server("127.0.0.1", 0, Paths(app), threaded=True, request_handler=Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Running(f"http://127.0.0.1:{server.port}", account, sign_in, jobs)
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
