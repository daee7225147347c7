"""Connections: adding a helpdesk step by step, how each is doing, and mending or ending one."""

from collections.abc import Mapping

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response

from bridge import audit, connections
from bridge.errors import BridgeError
from bridge.runtime import Runtime
from bridge.store.connections import ConnectionRow
from bridge.tokens import Role
from bridge.web.pages.visit import page, visit

Page = str | Response | tuple[str, int]


def blueprint(runtime: Runtime) -> Blueprint:
    """The pages of a workspace's helpdesks."""
    routes = Blueprint("connecting", __name__)

    @page(routes, "/connections", Role.ADMIN)
    def overview() -> Page:
        slug = visit().workspace.slug
        kinds = sorted(runtime.connectors)
        return render_template("connections.html", connections=connections.listed(runtime, slug), kinds=kinds)

    @page(routes, "/connections/new/<kind>", Role.ADMIN)
    def new(kind: str) -> Page:
        return _form(kind, {}, None)

    @page(routes, "/connections/new/<kind>", Role.ADMIN, "POST")
    def add(kind: str) -> Page:
        connector = connections.connector_of(runtime, kind)
        given = {one.name: request.form.get(one.name, "").strip() for one in connector.options}
        options = {name: value for name, value in given.items() if value}
        prefix = request.form.get("prefix") or None
        dry = request.form.get("what") != "connect"
        slug = visit().workspace.slug
        try:
            done = connections.connect(runtime, slug, kind, options, prefix=prefix, dry_run=dry)
        except BridgeError as error:
            return _form(kind, given, str(error)), 422
        if dry:
            return _form(kind, given, None, done.installed)
        audit.note(runtime, slug, visit().by, "connect", {"connection": done.connection, "kind": kind})
        return render_template("connected.html", done=done)

    def _form(kind: str, given: Mapping[str, str], problem: str | None, steps: tuple[str, ...] = ()) -> str:
        connector = connections.connector_of(runtime, kind)
        return render_template(
            "connect.html",
            kind=kind,
            options=connector.options,
            given=given,
            problem=problem,
            steps=steps,
            prefix=request.form.get("prefix", connections.DEFAULT_PREFIX),
        )

    @page(routes, "/connections/<connection>", Role.ADMIN)
    def one(connection: str) -> Page:
        return _one(_mine(connection))

    @page(routes, "/connections/<connection>", Role.ADMIN, "POST")
    def change(connection: str) -> Page:
        row, slug, what = _mine(connection), visit().workspace.slug, request.form.get("what", "")
        try:
            if what == "check":
                return _one(row, connections.reinstall(runtime, slug, row.id, dry_run=True).installed)
            if what == "reinstall":
                done = connections.reinstall(runtime, slug, row.id)
            elif what == "rotate":
                done = connections.reinstall(runtime, slug, row.id, rotate=True)
            elif what == "disconnect":
                connections.disconnect(runtime, row.id)
                audit.note(runtime, slug, visit().by, "disconnect", {"connection": row.id})
                return redirect(f"/w/{slug}/connections?said=gone")
            else:
                abort(400)
        except BridgeError as error:
            return _one(row, (), str(error)), 422
        audit.note(runtime, slug, visit().by, what, {"connection": row.id})
        return render_template("connected.html", done=done)

    def _one(row: ConnectionRow, steps: tuple[str, ...] = (), problem: str | None = None) -> str:
        return render_template("connection.html", one=row, steps=steps, problem=problem)

    def _mine(connection: str) -> ConnectionRow:
        for row in connections.listed(runtime, visit().workspace.slug):
            if row.id == connection:
                return row
        abort(404)

    return routes
