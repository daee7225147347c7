"""Tickets: a page of them, one, and corrections of its messages."""

from flask import Blueprint, Response, g

from bridge import corrections, tickets
from bridge.errors import Invalid
from bridge.model import Trend
from bridge.runtime import Runtime
from bridge.scale import shown
from bridge.tickets import Filters, Order
from bridge.web.answers import json_answer
from bridge.web.api import shapes
from bridge.web.api.arguments import arguments, body_object, moment, switch, whole


def register(api: Blueprint, runtime: Runtime) -> None:
    """GET of the tickets, and of one."""

    @api.get("/tickets")
    def list_tickets(slug: str) -> Response:
        asked = arguments("label", "trend", "escalated", "connection", "since", "sort", "cursor", "limit")
        page = tickets.listed(
            runtime,
            slug,
            _filters(asked),
            order=_order(asked.get("sort")),
            cursor=asked.get("cursor"),
            limit=whole("limit", asked["limit"]) if "limit" in asked else tickets.USUAL,
        )
        return json_answer({"items": [shapes.ticket(one) for one in page.tickets], "next_cursor": page.next_cursor})

    @api.get("/tickets/<connection>/<ticket_id>")
    def show_ticket(slug: str, connection: str, ticket_id: str) -> Response:
        arguments()
        return json_answer(shapes.whole_ticket(tickets.one(runtime, slug, connection, ticket_id)))

    @api.post("/tickets/<connection>/<ticket_id>/corrections")
    def correct_message(slug: str, connection: str, ticket_id: str) -> Response:
        arguments()
        given = body_object()
        for name in ("message_id", "label"):
            if not isinstance(given.get(name), str):
                raise Invalid(name, "give text")
        by = f"token {g.holder.token_id}"
        done = corrections.correct(
            runtime, slug, connection, ticket_id, str(given["message_id"]), str(given["label"]), by
        )
        return json_answer({"message_id": done.message_id, "label": done.label, "score": shown(done.score)})


def _filters(asked: dict[str, str]) -> Filters:
    trend = asked.get("trend")
    if trend is not None and trend not in set(Trend):
        raise Invalid("trend", "use one of " + ", ".join(Trend))
    return Filters(
        label=asked.get("label"),
        trend=None if trend is None else Trend(trend),
        connection=asked.get("connection"),
        since=moment("since", asked["since"]) if "since" in asked else None,
        escalated=switch("escalated", asked["escalated"]) if "escalated" in asked else None,
    )


def _order(sort: str | None) -> Order:
    if sort not in (None, "score"):
        raise Invalid("sort", "use score (the worst first), or leave it out (the newest update first)")
    return Order.UPDATED if sort is None else Order.SCORE
