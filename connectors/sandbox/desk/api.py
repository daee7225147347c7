"""The desk's HTTP API under `/api`: JSON, a bearer token, strict about what it takes. `docs/sandbox.md` lists it."""

import hmac
import re
import time
from collections.abc import Callable

from flask import Blueprint, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from connectors.sandbox.desk import feed, hooks, moods, shapes, tickets, values
from connectors.sandbox.desk.database import Database, iso, reset
from connectors.sandbox.desk.faults import Faults
from connectors.sandbox.desk.values import DeskError

_PAGE = 100
_CURSOR = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}~[0-9]{1,15}")
_NO_TROUBLE = {"api.order_fault", "api.end_fault", "api.get_stats", "api.get_feed", "api.get_deliveries", "api.empty"}
"""What tests look at and steer with: faults never touch it."""

Answer = Response | tuple[Response, int]


def blueprint(database: Database, token: str, faults: Faults) -> Blueprint:
    """The API over this database, for holders of `token`."""
    api = Blueprint("api", __name__, url_prefix="/api")
    _guard(api, token, faults)
    _ticket_routes(api, database)
    _sentiment_routes(api, database)
    _webhook_routes(api, database)
    _watching_routes(api, database, faults)
    return api


def _guard(api: Blueprint, token: str, faults: Faults) -> None:
    @api.before_request
    def check() -> Answer | None:
        given = request.headers.get("authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, f"Bearer {token}".encode()):
            raise DeskError(401, "unauthorized", "send the desk's token: Authorization: Bearer ...")
        if request.endpoint in _NO_TROUBLE:
            return None
        fault = faults.take(writes=request.method != "GET")
        g.fault_after = fault if fault and fault.when == "after" else None
        if fault is None or fault.when == "after":
            return None
        time.sleep(fault.latency_ms / 1000)
        return None if fault.status is None else _trouble(fault)

    @api.after_request
    def lose(response: Response) -> Response:
        fault: values.Fault | None = g.pop("fault_after", None)
        if fault is None:
            return response
        time.sleep(fault.latency_ms / 1000)
        return response if fault.status is None else _trouble(fault)

    @api.errorhandler(HTTPException)
    def explain(error: HTTPException) -> Answer:
        return jsonify(error={"code": "http", "message": error.description}), error.code or 500

    @api.errorhandler(DeskError)
    def refuse(error: DeskError) -> Answer:
        body = {"code": error.code, "message": str(error)}
        return jsonify(error={**body, **_stands(error)}), error.status


def _ticket_routes(api: Blueprint, database: Database) -> None:
    @api.get("/tickets")
    def list_tickets() -> Answer:
        _only("updated_since", "cursor", "limit", "include", "ids")
        now = time.time()
        if "ids" in request.args:
            ids = request.args["ids"].split(",")
            if len(ids) > _PAGE:
                raise values.malformed("ids", f"must be at most {_PAGE}")
            with database.reading() as connection:
                return jsonify(items=[shapes.of_ticket(ticket) for ticket in tickets.these(connection, ids)])
        since, after = _position()
        limit = _whole("limit", 50, 1, _PAGE)
        with_posts = request.args.get("include") == "posts"
        with database.reading() as connection:
            page, more = tickets.changed(connection, since, after, limit, with_posts)
        cursor = f"{page[-1].updated_at!r}~{tickets.number_of(page[-1].ticket_id)}" if more else None
        items = [shapes.of_ticket(ticket, with_posts) for ticket in page]
        return jsonify(items=items, next_cursor=cursor, now=iso(now))

    @api.get("/backlog")
    def list_backlog() -> Answer:
        _only("before", "limit")
        before = request.args.get("before")
        number = None if before is None else tickets.number_of(before)
        with database.reading() as connection:
            page, more = tickets.before(connection, number, _whole("limit", 50, 1, _PAGE))
        items = [shapes.of_ticket(ticket, with_posts=True) for ticket in page]
        return jsonify(items=items, remaining=more)

    @api.get("/tickets/<ticket_id>")
    def get_ticket(ticket_id: str) -> Answer:
        with database.reading() as connection:
            return jsonify(shapes.of_ticket(tickets.one(connection, ticket_id), with_posts=True))

    @api.post("/tickets")
    def create_ticket() -> Answer:
        new = values.new_ticket(_body())
        with database.writing() as connection:
            ticket_id, post_id = tickets.create(connection, new, time.time())
        return jsonify(ticket_id=ticket_id, post_id=post_id), 201

    @api.post("/tickets/<ticket_id>/posts")
    def add_post(ticket_id: str) -> Answer:
        new = values.new_post(_body())
        with database.writing() as connection:
            post_id = tickets.add_post(connection, ticket_id, new, time.time())
        return jsonify(post_id=post_id), 201

    @api.delete("/tickets/<ticket_id>")
    def delete_ticket(ticket_id: str) -> Answer:
        with database.writing() as connection:
            tickets.delete(connection, ticket_id, time.time())
        return Response(status=204)

    @api.put("/tickets/<ticket_id>/status")
    def set_status(ticket_id: str) -> Answer:
        fields = values.Fields(_body())
        status = fields.choice("status", values.STATUSES)
        fields.done()
        with database.writing() as connection:
            tickets.set_status(connection, ticket_id, status, time.time())
        return jsonify(status=status)

    @api.put("/tickets/<ticket_id>/label")
    def set_label(ticket_id: str) -> Answer:
        """What a person does with the drop-down of the page."""
        fields = values.Fields(_body())
        label = fields.matching("label", values.LABEL, "a label")
        by = fields.matching_or_none("by", values.ID, "an id") or tickets.STAFF_ID
        fields.done()
        with database.writing() as connection:
            changed = moods.set_by_person(connection, ticket_id, label, by, time.time())
        return jsonify(changed=changed)


def _sentiment_routes(api: Blueprint, database: Database) -> None:
    @api.put("/tickets/<ticket_id>/sentiment")
    def write_one(ticket_id: str) -> Answer:
        wanted = values.sentiment_write(_body(), ticket_id)
        with database.writing() as connection:
            feed.count_call(connection, "single")
            result = _write(lambda: moods.write(connection, wanted, time.time()))
        if result is not None:
            raise result
        return jsonify(status="done")

    @api.delete("/tickets/<ticket_id>/sentiment")
    def clear_one(ticket_id: str) -> Answer:
        """Takes label, score and trend away, if the label is still the one that the caller wrote."""
        with database.writing() as connection:
            moods.clear(connection, ticket_id, request.args.get("expected", ""), time.time())
        return jsonify(status="done")

    @api.put("/tickets/<ticket_id>/escalation")
    def mark(ticket_id: str) -> Answer:
        """Whether the ticket needs a person: a tag and, the first time, an internal note."""
        fields = values.Fields(_body())
        tag = fields.matching("tag", values.LABEL, "a tag")
        on = fields.choice("escalated", ("yes", "no")) == "yes"
        note = fields.text_or_none("note", values.TEXT_LIMIT)
        fields.done()
        with database.writing() as connection:
            changed = tickets.mark(connection, ticket_id, tag, on, note, time.time())
        return jsonify(changed=changed)

    @api.put("/tickets/sentiment")
    def write_many() -> Answer:
        writes = values.bulk_write(_body())
        with database.writing() as connection:
            feed.count_call(connection, "bulk")
            results = [_write(lambda w=w: moods.write(connection, w, time.time())) for w in writes]  # type: ignore[misc]
        return jsonify(
            items=[
                {"ticket_id": wanted.ticket_id, "status": "done"}
                if error is None
                else {"ticket_id": wanted.ticket_id, "status": error.code, **_stands(error)}
                for wanted, error in zip(writes, results, strict=True)
            ]
        )


def _stands(error: DeskError) -> dict[str, str]:
    return {} if error.stands is None else dict(zip(("label", "set_at"), error.stands, strict=True))


def _webhook_routes(api: Blueprint, database: Database) -> None:
    @api.get("/webhooks")
    def list_webhooks() -> Answer:
        with database.reading() as connection:
            return jsonify(items=[shapes.of_webhook(webhook) for webhook in hooks.listed(connection)])

    @api.post("/webhooks")
    def create_webhook() -> Answer:
        url = hooks.url_of(_body())
        with database.writing() as connection:
            webhook = hooks.add(connection, url, time.time())
        return jsonify(shapes.of_webhook(webhook)), 201 if webhook.secret else 200

    @api.post("/webhooks/<webhook_id>/rotate")
    def rotate_webhook(webhook_id: str) -> Answer:
        with database.writing() as connection:
            return jsonify(shapes.of_webhook(hooks.rotate(connection, webhook_id, time.time())))

    @api.delete("/webhooks/<webhook_id>")
    def delete_webhook(webhook_id: str) -> Answer:
        with database.writing() as connection:
            hooks.delete(connection, webhook_id)
        return Response(status=204)


def _watching_routes(api: Blueprint, database: Database, faults: Faults) -> None:
    @api.get("/feed")
    def get_feed() -> Answer:
        _only("after", "limit")
        after = _whole("after", 0, 0, 2**62)
        with database.reading() as connection:
            found = feed.entries(connection, after, _whole("limit", 500, 1, 1000))
        return jsonify(items=[shapes.of_entry(entry) for entry in found], last=found[-1].number if found else after)

    @api.get("/stats")
    def get_stats() -> Answer:
        with database.reading() as connection:
            stats = feed.stats(connection)
        return jsonify(shapes.of_stats(stats))

    @api.get("/deliveries")
    def get_deliveries() -> Answer:
        _only("after", "limit")
        with database.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM deliveries WHERE n > ? ORDER BY n LIMIT ?",
                (_whole("after", 0, 0, 2**62), _whole("limit", 500, 1, 1000)),
            ).fetchall()
        return jsonify(items=[shapes.of_delivery(row) for row in rows])

    @api.post("/faults")
    def order_fault() -> Answer:
        faults.order(values.fault(_body()))
        return Response(status=204)

    @api.delete("/faults")
    def end_fault() -> Answer:
        faults.order(None)
        return Response(status=204)

    @api.post("/reset")
    def empty() -> Answer:
        faults.order(None)
        with database.writing() as connection:
            reset(connection)
        return Response(status=204)


def _write(write: Callable[[], None]) -> DeskError | None:
    """Why one write of a call was refused; a refusal must not undo the others, nor the count of it."""
    try:
        write()
    except DeskError as error:
        return error
    return None


def _body() -> object:
    if request.mimetype != "application/json":
        raise DeskError(415, "not_json", "send JSON with Content-Type: application/json")
    return values.json_body(request.get_data())


def _only(*names: str) -> None:
    for name in request.args:
        if name not in names:
            raise values.malformed(repr(name[:40]), "is not known here")


def _whole(name: str, default: int, lowest: int, highest: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 20 and lowest <= int(text) <= highest):
        raise values.malformed(name, f"must be a whole number from {lowest} to {highest}")
    return int(text)


def _position() -> tuple[float, int]:
    """Where a page of the listing begins: by `cursor`, else by `updated_since`, else at the beginning of time."""
    cursor = request.args.get("cursor")
    if cursor is None:
        since = request.args.get("updated_since")
        return (0.0, 0) if since is None else (values.instant(since, "updated_since"), 0)
    if not _CURSOR.fullmatch(cursor):
        raise values.malformed("cursor", "must be the next_cursor of a page")
    moment, _, number = cursor.partition("~")
    return float(moment), int(number)


def _trouble(fault: values.Fault) -> Response:
    response = jsonify(error={"code": "fault", "message": "trouble on order"})
    response.status_code = fault.status or 500
    if fault.retry_after is not None:
        response.headers["retry-after"] = str(fault.retry_after)
    return response
