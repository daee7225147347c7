"""The desk's pages for people: the list, a ticket, the form for a new one.

The part of a page that changes by itself is a fragment of its own; the page's script asks for it again
and again with the tag of what it shows, and mostly hears 304.
"""

import hashlib
import time
from collections import Counter
from dataclasses import dataclass

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from connectors.sandbox.desk import looks, moods, tickets, values
from connectors.sandbox.desk.database import Database, iso
from connectors.sandbox.desk.looks import Curve, Look
from connectors.sandbox.desk.tickets import Ticket
from connectors.sandbox.desk.values import DeskError

_SHOWN = 200
"""Tickets on the list."""
Page = str | AnyResponse | tuple[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    ticket: Ticket
    look: Look
    curve: Curve | None
    state: str
    """What a highlight watches for changes."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A label with its number of tickets, as a filter of the list."""

    label: str
    word: str
    face: str
    tone: str
    count: int


def blueprint(database: Database) -> Blueprint:
    """The pages over this database."""
    pages = Blueprint("pages", __name__)
    _guard(pages)
    _reading(pages, database)
    _changing(pages, database)
    return pages


def _guard(pages: Blueprint) -> None:
    @pages.before_request
    def only_our_own_forms() -> None:
        if request.method == "POST" and not _is_same_origin():
            abort(403, "this form was not sent from the desk's own page")

    @pages.errorhandler(DeskError)
    def refuse(error: DeskError) -> Page:
        return render_template("refused.html", message=str(error), status=error.status), error.status

    @pages.app_template_filter("ago")
    def ago(then: float) -> str:
        return looks.ago(then, time.time())

    pages.add_app_template_filter(iso, "iso")
    pages.add_app_template_filter(looks.face_of, "face_of")


def _reading(pages: Blueprint, database: Database) -> None:
    @pages.get("/")
    def list_page() -> Page:
        live = _list_fragment(database)
        url = url_for("pages.list_live", label=request.args.get("label") or None)
        return render_template("list.html", live=live, tag=_tag(live), url=url)

    @pages.get("/live")
    def list_live() -> Page:
        return _fragment(_list_fragment(database))

    @pages.get("/tickets/<ticket_id>")
    def ticket_page(ticket_id: str) -> Page:
        return _ticket_page(database, ticket_id)

    @pages.get("/live/tickets/<ticket_id>")
    def ticket_live(ticket_id: str) -> Page:
        return _fragment(_ticket_fragment(database, ticket_id))

    @pages.get("/new")
    def new_page() -> Page:
        return render_template("new.html", problem=None)


def _changing(pages: Blueprint, database: Database) -> None:
    @pages.post("/tickets")
    def create() -> Page:
        try:
            new = values.new_ticket({name: _typed(name) for name in ("subject", "requester", "text")})
        except DeskError as error:
            return render_template("new.html", problem=str(error)), error.status
        with database.writing() as connection:
            ticket_id, _ = tickets.create(connection, new, time.time())
        return redirect(url_for("pages.ticket_page", ticket_id=ticket_id), 303)

    @pages.post("/tickets/<ticket_id>/posts")
    def post(ticket_id: str) -> Page:
        author, _, visibility = request.form.get("as", "").partition("-")
        try:
            new = values.new_post({"author": author, "visibility": visibility or "public", "text": _typed("text")})
            with database.writing() as connection:
                post_id = tickets.add_post(connection, ticket_id, new, time.time())
        except DeskError as error:
            return _ticket_page(database, ticket_id, str(error)), error.status
        return redirect(url_for("pages.ticket_page", ticket_id=ticket_id, _anchor=f"post-{post_id}"), 303)

    @pages.post("/tickets/<ticket_id>/label")
    def label(ticket_id: str) -> Page:
        with database.writing() as connection:
            chosen = request.form.get("label", "")
            if chosen not in moods.offered(connection):
                raise values.malformed("label", "choose one of the list")
            moods.set_by_person(connection, ticket_id, chosen, tickets.STAFF_ID, time.time())
        return redirect(url_for("pages.ticket_page", ticket_id=ticket_id), 303)

    @pages.post("/tickets/<ticket_id>/status")
    def status(ticket_id: str) -> Page:
        chosen = request.form.get("status", "")
        if chosen not in values.STATUSES:
            raise values.malformed("status", "choose one of the buttons")
        with database.writing() as connection:
            tickets.set_status(connection, ticket_id, chosen, time.time())
        return redirect(url_for("pages.ticket_page", ticket_id=ticket_id), 303)


def _typed(name: str) -> str:
    """A field of the form; browsers send each new line as two characters."""
    return request.form.get(name, "").replace("\r\n", "\n").strip()


def _is_same_origin() -> bool:
    """Whether the browser says that our own page sent this form; every browser of today says either."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("origin") == f"{request.scheme}://{request.host}"


def _ticket_page(database: Database, ticket_id: str, problem: str | None = None) -> str:
    live = _ticket_fragment(database, ticket_id)
    with database.reading() as connection:
        ticket = tickets.one(connection, ticket_id)
        labels = moods.offered(connection)
    url = url_for("pages.ticket_live", ticket_id=ticket_id)
    return render_template(
        "ticket.html", ticket=ticket, labels=labels, live=live, tag=_tag(live), url=url, problem=problem
    )


def _list_fragment(database: Database) -> str:
    chosen = request.args.get("label")
    with database.reading() as connection:
        found = tickets.newest(connection, _SHOWN)
        counts = Counter(ticket.mood.label for ticket in found if ticket.mood)
        rows = [
            _row(ticket, moods.scores(connection, tickets.number_of(ticket.ticket_id)))
            for ticket in found
            if not chosen or (ticket.mood and ticket.mood.label == chosen)
        ]
        chips = [Chip(name, *looks.face_of(name), counts[name]) for name in moods.offered(connection) if counts[name]]
    waiting = sum(ticket.mood is None for ticket in found)
    return render_template("_list.html", rows=rows, chips=chips, chosen=chosen, total=len(found), waiting=waiting)


def _ticket_fragment(database: Database, ticket_id: str) -> str:
    with database.reading() as connection:
        ticket = tickets.one(connection, ticket_id)
        row = _row(ticket, moods.scores(connection, tickets.number_of(ticket_id)))
    return render_template("_ticket.html", ticket=ticket, row=row)


def _row(ticket: Ticket, scores: list[int]) -> Row:
    mood = ticket.mood
    state = f"{mood.label} {mood.score} {mood.trend} {mood.set_by}" if mood else ""
    return Row(ticket, looks.look_of(mood), looks.curve_of(scores), state)


def _tag(fragment: str) -> str:
    return f'"{hashlib.sha256(fragment.encode()).hexdigest()[:24]}"'


def _fragment(fragment: str) -> Response:
    response = make_response(fragment)
    response.headers["cache-control"] = "no-store"
    response.set_etag(_tag(fragment).strip('"'))
    response.make_conditional(request)
    return response
