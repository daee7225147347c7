"""Looking: the workspace's numbers, its tickets, one conversation. For everybody of the workspace, agents included."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from bridge import connections, corrections, dashboard, runs, tickets, workspaces
from bridge.dashboard import Day
from bridge.errors import BridgeError, Invalid, NotFound
from bridge.model import UNKNOWN, Score, Trend
from bridge.runtime import Runtime
from bridge.tickets import Filters, Order
from bridge.tokens import Role
from bridge.web.pages.visit import page, visit

Page = str | Response | tuple[str, int]
WINDOWS = (7, 30, 90)
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Slice:
    """A rectangle of a chart, in its own units."""

    label: str
    at: float
    size: float
    count: int


def blueprint(runtime: Runtime) -> Blueprint:
    """The pages that agents and leads look at."""
    routes = Blueprint("looking", __name__)

    @page(routes, "/", Role.AGENT)
    def overview() -> Page:
        slug, days = visit().workspace.slug, request.args.get("days", "7")
        if days not in map(str, WINDOWS):
            raise NotFound("There is no such window")
        numbers = dashboard.show(runtime, slug, int(days))
        running = [run for run in runs.listed(runtime, slug) if run.state == "running"]
        return render_template(
            "overview.html",
            numbers=numbers,
            windows=WINDOWS,
            bars=stacked(numbers.by_label, 1000),
            days=columns(numbers.by_day),
            running=running,
            enabled=workspaces.show(runtime, slug).settings.enabled,
        )

    @page(routes, "/tickets", Role.AGENT)
    def listed() -> Page:
        slug, asked = visit().workspace.slug, {key: value for key, value in request.args.items() if value}
        order = Order.SCORE if asked.get("sort") == "score" else Order.UPDATED
        try:
            found = tickets.listed(runtime, slug, _filters(asked), order=order, cursor=asked.get("cursor"), limit=SHOWN)
        except Invalid:
            raise NotFound("There is no such page of tickets") from None
        return render_template(
            "tickets.html",
            page=found,
            asked=asked,
            labels=(*workspaces.show(runtime, slug).settings.buckets.labels, UNKNOWN),
            trends=tuple(Trend),
            homes=[one.id for one in connections.listed(runtime, slug)],
        )

    @page(routes, "/tickets/<connection>/<ticket_id>", Role.AGENT)
    def ticket(connection: str, ticket_id: str) -> Page:
        return _ticket(connection, ticket_id)

    @page(routes, "/tickets/<connection>/<ticket_id>", Role.AGENT, "POST")
    def correct(connection: str, ticket_id: str) -> Page:
        here, form = visit(), request.form
        try:
            message, label = form.get("message", ""), form.get("label", "")
            corrections.correct(runtime, here.workspace.slug, connection, ticket_id, message, label, by=here.by)
        except NotFound:
            raise
        except BridgeError as error:
            return _ticket(connection, ticket_id, str(error)), 422
        return redirect(f"{request.path}?said=saved")

    def _ticket(connection: str, ticket_id: str, problem: str | None = None) -> str:
        slug = visit().workspace.slug
        whole = tickets.one(runtime, slug, connection, ticket_id)
        return render_template(
            "ticket.html",
            whole=whole,
            ticket=whole.ticket,
            line=line([point.score for point in whole.history]),
            labels=(*workspaces.show(runtime, slug).settings.buckets.labels, UNKNOWN),
            problem=problem,
        )

    return routes


def _filters(asked: dict[str, str]) -> Filters:
    trend = asked.get("trend")
    if trend is not None and trend not in tuple(Trend):
        raise Invalid("trend", "there is no such trend")
    escalated = {"yes": True, "no": False}.get(asked.get("escalated", ""))
    return Filters(
        label=asked.get("label"),
        trend=None if trend is None else Trend(trend),
        connection=asked.get("connection"),
        escalated=escalated,
    )


def stacked(counts: dict[str, int], width: float) -> list[Slice]:
    """One bar, a part for each label that there is."""
    total, at, found = sum(counts.values()), 0.0, []
    for label, count in counts.items():
        if count:
            found.append(Slice(label, at, width * count / total, count))
            at += width * count / total
    return found


def columns(days: Sequence[Day]) -> list[tuple[Day, list[Slice]]]:
    """A column for each day, as high as its messages against the fullest day's, in parts by label; 100 units."""
    most = max((day.messages for day in days), default=0) or 1
    return [(day, stacked(dict(day.by_label), 100 * day.messages / most)) for day in days]


def line(scores: Sequence[Score]) -> list[tuple[float, float, Score]]:
    """The points of a conversation's line in a picture of 600 by 120."""
    step = 580 / max(1, len(scores) - 1)
    places = enumerate(scores)
    return [(round(10 + place * step, 1), round(60 - score * 0.5, 1), score) for place, score in places]
