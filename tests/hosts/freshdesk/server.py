"""The account's API v2 on a loopback port: sign-in, limits, and a refusal of every key that it does not know."""

import base64
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.hosts.freshdesk.account import Account, Json, stamp

UPDATABLE = {"custom_fields", "tags", "status", "priority", "group_id", "subject"}
FIELD_KEYS = {
    "label",
    "label_for_customers",
    "type",
    "displayed_to_customers",
    "customers_can_edit",
    "required_for_agents",
    "choices",
}
RULE_KEYS = {"name", "active", "performer", "events", "conditions", "actions"}
HOOK_KEYS = {"request_type", "content_type", "content_layout", "url", "content", "custom_headers"}


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        return None


class Problem(Exception):
    def __init__(self, status: int, body: Mapping[str, Any] | None = None) -> None:
        self.status, self.body = status, body


def invalid(field: str, code: str) -> Problem:
    errors = [{"field": field, "message": "is refused", "code": code}]
    return Problem(400, {"description": "Validation failed", "errors": errors})


def known(body: Mapping[str, Any], keys: set[str]) -> None:
    for name in body:
        if name not in keys:
            raise invalid(name, "invalid_field")


def application(account: Account) -> Flask:
    app = Flask(__name__)
    _gate(app, account)
    _tickets(app, account)
    _fields(app, account)
    _rules(app, account)
    return app


def _gate(app: Flask, account: Account) -> None:
    @app.before_request
    def gate() -> Any:
        account.calls += 1
        if account.down:
            return Response("<html>down</html>", 503)
        if account.busy is not None:
            reply = jsonify(code="rate_limited", message="You have exceeded the limit")
            reply.status_code, reply.headers["Retry-After"] = 429, str(account.busy)
            account.busy = None
            return reply
        sign_in = "Basic " + base64.b64encode(f"{account.key}:X".encode()).decode()
        if request.headers.get("Authorization") != sign_in:
            raise Problem(401, {"code": "invalid_credentials", "message": "You have to be logged in"})
        return None

    @app.errorhandler(Problem)
    def told(problem: Problem) -> Any:
        return (jsonify(problem.body) if problem.body is not None else ""), problem.status

    @app.after_request
    def meter(reply: Response) -> Response:
        reply.headers["X-RateLimit-Total"] = f"{account.minute}.0"
        reply.headers["X-RateLimit-Remaining"] = f"{account.minute - account.calls}.0"
        return reply

    @app.get("/api/v2/agents/me")
    def me() -> Any:
        return jsonify(id=8001, contact={"name": "Sam"}, type="support_agent")


def _tickets(app: Flask, account: Account) -> None:
    def ticket(number: int) -> Json:
        if number not in account.tickets:
            raise Problem(404)
        return account.tickets[number]

    @app.get("/api/v2/tickets")
    def tickets() -> Any:
        known(request.args, {"updated_since", "order_by", "order_type", "per_page", "page", "include"})
        size, number = int(request.args.get("per_page", 30)), int(request.args.get("page", 1))
        if size > 100 or number > 300:
            raise invalid("per_page", "invalid_value")
        since, order = request.args.get("updated_since", ""), request.args.get("order_by", "created_at")
        found = [one for one in account.tickets.values() if one["updated_at"] >= since and not one["spam"]]
        found.sort(key=lambda one: (one[order], one["id"]), reverse=request.args.get("order_type", "desc") == "desc")
        page = found[(number - 1) * size : number * size]
        if request.args.get("include") != "description":
            hidden = ("description", "description_text")
            page = [{name: value for name, value in one.items() if name not in hidden} for one in page]
        return jsonify(page)

    @app.get("/api/v2/tickets/<int:number>")
    def one(number: int) -> Any:
        more = {}
        if request.args.get("include") == "conversations":
            more = {"conversations": account.conversations.get(number, [])[:10]}
        return jsonify({**ticket(number), **more})

    @app.get("/api/v2/tickets/<int:number>/conversations")
    def conversations(number: int) -> Any:
        ticket(number)
        size, page = int(request.args.get("per_page", 30)), int(request.args.get("page", 1))
        return jsonify(account.conversations[number][(page - 1) * size : page * size])

    @app.put("/api/v2/tickets/<int:number>")
    def update(number: int) -> Any:
        stands, body = ticket(number), request.get_json()
        known(body, UPDATABLE)
        fields = {field["name"]: field for field in account.fields.values()}
        for name, value in body.get("custom_fields", {}).items():
            if name not in fields:
                raise invalid(name, "invalid_field")
            options = {choice["value"] for choice in fields[name].get("choices", ())}
            if fields[name]["type"] == "custom_dropdown" and value is not None and value not in options:
                raise invalid(name, "invalid_value")
            if fields[name]["type"] == "custom_number" and not isinstance(value, int | None):
                raise invalid(name, "datatype_mismatch")
        if number in account.missing:
            raise invalid(account.missing[number], "missing_field")
        stands["custom_fields"].update(body.pop("custom_fields", {}))
        stands.update(body)  # tags: the whole list is replaced
        stands["updated_at"] = stamp(time.time())
        return jsonify(stands)


def _fields(app: Flask, account: Account) -> None:
    @app.get("/api/v2/ticket_fields")
    @app.get("/api/v2/admin/ticket_fields")
    def fields() -> Any:
        return jsonify(list(account.fields.values()))

    @app.post("/api/v2/admin/ticket_fields")
    def add() -> Any:
        body = request.get_json()
        known(body, FIELD_KEYS)
        name = "cf_" + re.sub(r"[^a-z0-9]+", "_", body["label"].lower()) + str(account.number())
        made = {**body, "id": account.number(), "name": name}
        account.fields[made["id"]] = made
        for ticket in account.tickets.values():
            ticket["custom_fields"][name] = None
        return jsonify(made), 201

    @app.put("/api/v2/admin/ticket_fields/<int:number>")
    def more(number: int) -> Any:
        body = request.get_json()
        known(body, {"choices"})
        account.fields[number]["choices"] += body["choices"]
        return jsonify(account.fields[number])


def _rules(app: Flask, account: Account) -> None:
    def checked(body: Json) -> Json:
        known(body, RULE_KEYS)
        for group in body.get("conditions", ()):
            if not all("resource_type" in one for one in group["properties"]):
                raise invalid("resource_type", "missing_field")
        for action in body.get("actions", ()):
            if action["field_name"] == "trigger_webhook" and not set(action) >= HOOK_KEYS:
                raise Problem(500, {"code": "internal_error"})
        return body

    @app.get("/api/v2/automations/<int:kind>/rules")
    def rules(kind: int) -> Any:
        return jsonify(list(account.rules[kind].values()))

    @app.post("/api/v2/automations/<int:kind>/rules")
    def add_rule(kind: int) -> Any:
        body = checked(request.get_json())
        for name in ("name", "conditions", "actions", *(("performer", "events") if kind == 4 else ())):
            if name not in body:
                raise invalid(name, "missing_field")
        if kind != 4 and {"performer", "events"} & set(body):
            raise invalid("performer", "invalid_field")
        made = {"active": True, **body, "id": account.number()}
        account.rules[kind][made["id"]] = made
        return jsonify(made), 201

    @app.route("/api/v2/automations/<int:kind>/rules/<int:number>", methods=["GET", "PUT", "DELETE"])
    def rule(kind: int, number: int) -> Any:
        if number not in account.rules[kind]:
            raise Problem(404)
        if request.method == "DELETE":
            del account.rules[kind][number]
            return "", 204
        if request.method == "PUT":
            account.rules[kind][number].update(checked(request.get_json()))
        return jsonify(account.rules[kind][number])


@contextmanager
def serve(account: Account) -> Iterator[str]:
    """The account's address on a free port of 127.0.0.1, until the block ends."""
    server = make_server("127.0.0.1", 0, application(account), threaded=True, request_handler=Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
