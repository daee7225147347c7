"""The demo's page at /demo: the numbers of one workspace, open to whoever reaches this server, to look at only."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bridge import dashboard, tickets, workspaces
from bridge.dashboard import Dashboard, Day
from bridge.errors import NotFound
from bridge.runtime import Runtime
from bridge.tickets import Ticket
from bridge.web.looks import Look, ago, arrow_of, look_of, signed

LATEST = 12
WIDTH = 600
"""Of the drawings, in their own units."""
HEIGHT = 90
GAP = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One label's share of the messages, and where it stands in the bar."""

    look: Look
    count: int
    percent: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Column:
    """One day's messages as a column, and how the day went in words."""

    name: str
    messages: int
    mean: str
    x: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Row:
    """One ticket of the list."""

    ticket: Ticket
    look: Look
    score: str
    arrow: str
    ago: str


def blueprint(runtime: Runtime, slug: str) -> Blueprint:
    """The page of the workspace `slug`, and the part of it that changes."""
    routes = Blueprint("demo", __name__)

    @routes.get("/")
    def front() -> AnyResponse:
        return redirect(url_for("demo.page"))

    @routes.get("/demo")
    def page() -> str:
        part = _part(runtime, slug)
        return render_template("demo.html", name=_name(runtime, slug), part=part, tag=_tag(part))

    @routes.get("/demo/part")
    def part() -> Response:
        html = _part(runtime, slug)
        answer = Response(html, content_type="text/html; charset=utf-8")
        answer.set_etag(_tag(html))
        answer.make_conditional(request)
        return answer

    return routes


def _name(runtime: Runtime, slug: str) -> str:
    try:
        return workspaces.show(runtime, slug).name
    except NotFound:  # `moodbridge demo` makes it a moment after the server is up
        return slug


def _part(runtime: Runtime, slug: str) -> str:
    now = time.time()
    try:
        numbers = dashboard.show(runtime, slug)
        latest = tickets.listed(runtime, slug, limit=LATEST).tickets
    except NotFound:
        numbers, latest = None, ()
    return render_template(
        "_demo_part.html",
        numbers=numbers,
        mean=signed(numbers.avg_sentiment if numbers else None),
        parts=_parts(numbers) if numbers else (),
        columns=_columns(numbers.by_day) if numbers else (),
        rows=[_row(one, now) for one in latest],
        width=WIDTH,
        height=HEIGHT,
    )


def _tag(html: str) -> str:
    return hashlib.sha256(html.encode()).hexdigest()[:16]


def _parts(numbers: Dashboard) -> list[Part]:
    """The bar's parts from left to right, with a gap between them; labels without a message have no width."""
    present = [count for count in numbers.by_label.values() if count]
    room = WIDTH - GAP * max(0, len(present) - 1)
    parts: list[Part] = []
    x = 0.0
    for label, count in numbers.by_label.items():
        width = room * count / numbers.messages if numbers.messages else 0.0
        percent = round(100 * count / numbers.messages) if numbers.messages else 0
        parts.append(Part(look_of(label), count, percent, round(x, 1), round(width, 1)))
        x += width + GAP if count else 0
    return parts


def _columns(days: Sequence[Day]) -> list[Column]:
    most = max(1, *(day.messages for day in days))
    step = WIDTH / len(days)
    return [
        Column(
            name=f"{day.day:%a} {day.day.day}",
            messages=day.messages,
            mean=signed(day.avg_sentiment),
            x=round(number * step + step * 0.2, 1),
            width=round(step * 0.6, 1),
            height=round(HEIGHT * day.messages / most, 1),
        )
        for number, day in enumerate(days)
    ]


def _row(ticket: Ticket, now: float) -> Row:
    return Row(ticket, look_of(ticket.label), signed(ticket.score), arrow_of(ticket.trend), ago(ticket.updated_at, now))
