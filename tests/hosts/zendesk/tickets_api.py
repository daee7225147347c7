"""Tickets, comments, users, jobs and the incremental export over HTTP.

Shapes: Zendesk's Ticketing OpenAPI 2.0.0 (2026-08) and recorded answers; see `account` for the switches.
"""

import operator
import re
from typing import Any

from flask import Blueprint, g, jsonify, request

from tests.hosts.zendesk.account import Account, Json, Problem, Ticket, stamp
from tests.hosts.zendesk.updates import MOST, Jobs, apply, not_found, too_many

EVENTS_A_PAGE = 1000
COMMENTS_A_PAGE = 100
WITHIN = {"<=": operator.le, "<": operator.lt, ">": operator.gt}
"""How a search compares times of creation; stamps of one form compare as text."""


def ids_of(text: str) -> list[int]:
    ids = [int(part) for part in text.split(",") if part]
    if len(ids) > MOST:
        raise too_many()
    return ids


def shown(account: Account, ticket: Ticket) -> Json:
    fields = [{"id": field_id, "value": ticket.fields.get(field_id)} for field_id in account.fields]
    return {
        "id": ticket.id,
        "url": f"https://{account.subdomain}.zendesk.com/api/v2/tickets/{ticket.id}.json",
        "status": ticket.status,
        "subject": ticket.subject,
        "description": ticket.comments[0].body,
        "requester_id": ticket.requester_id,
        "submitter_id": ticket.submitter_id,
        "tags": list(ticket.tags),
        "custom_fields": fields,
        "fields": fields,
        "via": {"channel": ticket.channel, "source": {"from": {}, "to": {}, "rel": None}},
        "created_at": stamp(ticket.created_at),
        "updated_at": stamp(ticket.updated_at),
    }


def person(account: Account, user_id: int) -> Json:
    user = account.users[user_id]
    return {"id": user.id, "name": user.name, "role": user.role, "active": True}


def blueprint(account: Account, jobs: Jobs) -> Blueprint:
    api = Blueprint("tickets", __name__)

    def ticket_of(ticket_id: int) -> Ticket:
        ticket = account.tickets.get(ticket_id)
        if ticket is None:
            raise not_found()
        return ticket

    @api.get("/api/v2/users/me")
    def me() -> Any:
        return jsonify(user=person(account, g.user_id))

    @api.get("/api/v2/users/show_many")
    def users() -> Any:
        known = [user_id for user_id in ids_of(request.args.get("ids", "")) if user_id in account.users]
        return jsonify(users=[person(account, user_id) for user_id in known], next_page=None, count=len(known))

    @api.get("/api/v2/tickets/show_many")
    def show_many() -> Any:
        with account.lock:
            found = [account.tickets.get(ticket_id) for ticket_id in ids_of(request.args.get("ids", ""))]
            tickets = [shown(account, ticket) for ticket in found if ticket is not None]
            more: Json = {}
            asked = set(request.args.get("include", "").split(",")) - {""}
            if not asked <= {"users", "comment_count"}:
                raise Problem(400, {"error": "BadRequest", "description": f"cannot include {asked}"})
            if "comment_count" in asked:
                for one in tickets:
                    one["comment_count"] = len(account.tickets[one["id"]].comments)
            if "users" in asked:
                people = {one[role] for one in tickets for role in ("requester_id", "submitter_id")}
                more["users"] = [person(account, user_id) for user_id in sorted(people)]
        return jsonify(tickets=tickets, next_page=None, previous_page=None, count=len(tickets), **more)

    @api.get("/api/v2/search/export")
    def export() -> Any:
        size, query = int(request.args.get("page[size]", 100)), request.args.get("query", "")
        if request.args.get("filter[type]") != "ticket" or not 1 <= size <= 1000:
            raise Problem(422, {"error": "invalid", "description": "filter[type] and page[size] are needed"})
        asked = re.fullmatch(r"created(<=|<|>)(\S+)", query)
        if asked is None:
            raise Problem(422, {"error": "invalid", "description": "this query is not understood"})
        with account.lock:
            tickets = sorted(account.tickets.values(), key=lambda one: (one.created_at, one.id), reverse=True)
            rows = [shown(account, one) for one in tickets if WITHIN[asked[1]](stamp(one.created_at), asked[2])]
        start = int(request.args.get("page[after]", "0").removeprefix("c"))
        meta = {"has_more": len(rows) > start + size, "after_cursor": f"c{start + size}"}
        return jsonify(results=rows[start : start + size], facets=None, meta=meta, links={"next": None})

    @api.get("/api/v2/tickets/<int:ticket_id>")
    def show(ticket_id: int) -> Any:
        with account.lock:
            return jsonify(ticket=shown(account, ticket_of(ticket_id)))

    @api.put("/api/v2/tickets/<int:ticket_id>")
    def update(ticket_id: int) -> Any:
        change = body_with("ticket")
        wait = account.limits.take("updates", f"ticket/{ticket_id}")
        if wait is not None:
            raise Problem(429, {"error": "TooManyRequests", "description": "updates", "wait": wait})
        ticket, warned = apply(account, ticket_id, change, g.user_id)
        with account.lock:
            reply = jsonify(ticket=shown(account, ticket), audit={"id": next(account.numbers), "events": []})
        if warned:
            account.warnings.append(",".join(warned))
            reply.headers["x-zendesk-api-warn"] = f"Removed restricted keys {warned} from parameters"
        bucket = account.limits.bucket("updates")
        left = bucket.limit - bucket.used
        reply.headers["Zendesk-RateLimit-tickets-update"] = f"total={bucket.limit}; remaining={left}; resets=41"
        return reply

    @api.put("/api/v2/tickets/update_many")
    def update_many() -> Any:
        whole = request.get_json(force=True)
        if "ids" in request.args:
            items = [{"id": ticket_id, **whole["ticket"]} for ticket_id in ids_of(request.args["ids"])]
        else:
            items = body_with("tickets")
        if len(items) > MOST:
            raise too_many()
        if any(not isinstance(item.get("id"), int) for item in items):
            raise Problem(400, {"error": "BadRequest", "description": "each ticket needs an id"})
        job = jobs.queue(items, g.user_id)
        reply = jsonify(job_status=jobs.shown(job))
        reply.headers["zendesk-ratelimit-inflight-jobs"] = "total=30; remaining=29; resets=60"
        return reply

    @api.get("/api/v2/job_statuses/<job_id>")
    def job_status(job_id: str) -> Any:
        job = jobs.known.get(job_id)
        if job is None:
            raise not_found()
        return jsonify(job_status=jobs.shown(job))

    @api.get("/api/v2/tickets/<int:ticket_id>/comments")
    def comments(ticket_id: int) -> Any:
        with account.lock:
            found = list(ticket_of(ticket_id).comments)
        if request.args.get("sort") == "-created_at":
            found.reverse()
        start, size = int(request.args.get("page[after]", 0)), int(request.args.get("page[size]", COMMENTS_A_PAGE))
        if not 1 <= size <= COMMENTS_A_PAGE:
            raise Problem(400, {"error": "InvalidPaginationParameter"})
        part = found[start : start + size]
        more = len(found) > start + size
        listed = [
            {
                "id": comment.id,
                "type": "Comment",
                "author_id": comment.author_id,
                "body": f"**{comment.body}**",
                "html_body": f'<div class="zd-comment"><p>{comment.body}</p></div>',
                "plain_body": comment.body,
                "public": comment.public,
                "created_at": stamp(comment.created_at),
                "via": {"channel": comment.channel},
                "metadata": {"system": {"ip_address": "192.0.2.7", "location": "Berlin"}},
            }
            for comment in part
        ]
        whole: Json = {
            "comments": listed,
            "meta": {"has_more": more, "after_cursor": str(start + size), "before_cursor": None},
            "links": {"next": next_link(start + size) if more else None, "prev": None},
        }
        if "users" in request.args.get("include", "").split(","):
            authors = {comment.author_id for comment in part if comment.author_id > 0}
            whole["users"] = [person(account, author) for author in authors]
        return jsonify(whole)

    @api.get("/api/v2/tickets/<int:ticket_id>/audits")
    def audits(ticket_id: int) -> Any:
        with account.lock:
            ticket_of(ticket_id)
            records = [event for event in account.ticket_events if event["ticket_id"] == ticket_id]
        start, size = int(request.args.get("page[after]", 0)), int(request.args.get("page[size]", 100))
        listed = [
            {
                "id": one["id"],
                "author_id": one["updater_id"],
                "created_at": one["created_at"],
                "events": audit_events(one),
            }
            for one in records[start : start + size]
        ]
        more = len(records) > start + size
        links = {"next": next_link(start + size) if more else None}
        return jsonify(audits=listed, meta={"has_more": more, "after_cursor": str(start + size)}, links=links)

    @api.get("/api/v2/tickets/<int:ticket_id>/conversation_log")
    def conversation_log(ticket_id: int) -> Any:
        with account.lock:
            items = list(ticket_of(ticket_id).chat)
        kinds = {"end_user": "user", "agent": "agent"}
        events = [
            {
                "id": item.id,
                "type": "message",
                "created_at": stamp(item.created_at),
                "author": {"type": kinds.get(item.author_type, "bot"), "zen:support:user_id": str(item.author_id)},
                "content": {"type": "text", "text": item.text},
            }
            for item in items
        ]
        return jsonify(conversation_log=events, meta={"has_more": False}, links={"next": None})

    @api.get("/api/v2/incremental/ticket_events")
    def ticket_events() -> Any:
        if account.users[g.user_id].role != "admin":
            raise Problem(403, {"error": "Forbidden", "description": "You do not have access to this page."})
        wait = account.limits.take("incremental")
        if wait is not None:
            raise Problem(429, {"error": "TooManyRequests", "description": "incremental", "wait": wait})
        start, now = int(request.args["start_time"]), account.clock()
        if now - start < 60:
            raise Problem(422, {"error": "StartTimeTooRecent", "description": "Too recent start_time."})
        with account.lock:
            # Both incremental ticket streams hide the most recent minute.
            found = [event for event in account.ticket_events if start <= event["timestamp"] <= now - 60]
        part = found[:EVENTS_A_PAGE]
        # A page never ends inside a second: its end is where the next one starts.
        part += [event for event in found[EVENTS_A_PAGE:] if event["timestamp"] == part[-1]["timestamp"]]
        side_load = "comment_events" in request.args.get("include", "").split(",")
        end = part[-1]["timestamp"] if part else int(now - 60)
        return jsonify(
            ticket_events=[event if side_load else without_comments(event) for event in part],
            count=len(part),
            end_time=end,
            end_of_stream=len(part) == len(found),
            next_page=f"{request.base_url}?start_time={end}",
        )

    return api


def without_comments(event: Json) -> Json:
    """Without the side-load a comment is only told of, not shown."""
    bare = []
    for child in event["child_events"]:
        comment = child.get("event_type") == "Comment"
        bare.append({"comment_present": True, "comment_public": child["public"]} if comment else child)
    return {**event, "child_events": bare}


def audit_events(record: Json) -> list[Json]:
    """The same changes as an audit tells them ("Ticket Audit events reference", Change event)."""
    events: list[Json] = []
    for child in record["child_events"]:
        if child["event_type"] == "Comment":
            events.append({"id": child["id"], "type": "Comment", "body": child["body"], "public": child["public"]})
        for name, value in child.get("custom_ticket_fields", {}).items():
            events.append({"id": record["id"] + 1, "type": "Change", "field_name": name, "value": value})
    return events


def next_link(after: int) -> str:
    kept = {**request.args.to_dict(), "page[after]": str(after)}
    return request.base_url + "?" + "&".join(f"{key}={value}" for key, value in kept.items())


def body_with(key: str) -> Any:
    """The one value that a request's body must hold."""
    whole = request.get_json(force=True)
    if not isinstance(whole, dict) or set(whole) != {key}:
        raise Problem(400, {"error": "BadRequest", "description": f"the body must hold {key} alone"})
    return whole[key]
