"""Who visits a page: the session's cookie, the roles of pages in one table, and forms that only our pages can send.

Every page of a workspace lies below /w/<slug> and is made by `page`, which names the least role; a page without one
does not start. A stranger, signed in or not, gets 404 whatever exists; too low a role 403.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bridge import sessions
from bridge.runtime import Runtime
from bridge.sessions import SignedIn
from bridge.store.people import Membership
from bridge.tokens import Role
from bridge.vault import Secret, keyed_hash

BELOW = "/w/<slug>"
FIELD = "form"
"""The hidden field of every form."""

ROLES: dict[str, Role] = {}
"""The least role for each page of a workspace, by its endpoint."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A person in a workspace."""

    person: SignedIn
    workspace: Membership

    @property
    def role(self) -> Role:
        return Role(self.workspace.role)

    @property
    def by(self) -> str:
        """How what was done is signed."""
        return f"person {self.person.email}"


def page(routes: Blueprint, rule: str, role: Role, *methods: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A page below a workspace's own address, for people of this role at least; GET unless methods are named."""

    def add(view: Callable[..., Any]) -> Callable[..., Any]:
        ROLES[f"{routes.name}.{view.__name__}"] = role
        routes.add_url_rule(BELOW + rule, view.__name__, view, methods=list(methods or ("GET",)))
        return view

    return add


class Door:
    """Lets people in: before each request, whoever asks."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._https = runtime.settings.public_url.startswith("https://")
        prefix = "__Host-" if self._https else ""
        self._session, self._form = f"{prefix}moodbridge", f"{prefix}moodbridge_form"

    def look(self) -> AnyResponse | None:
        """Who asks, and whether they may. Called before every request that is not the API's or a program's."""
        rule = request.url_rule.rule if request.url_rule else ""
        if request.blueprint in ("api", "description", "health", "demo") or request.endpoint in (None, "static"):
            return None
        token = request.cookies.get(self._session, "")
        g.person = sessions.who(self._runtime, token) if token else None
        g.form_secret = token if g.person else request.cookies.get(self._form) or secrets.token_urlsafe(32)
        if request.method == "POST" and not self._own_form():
            abort(400)
        if rule.startswith(BELOW):
            return self._workspace()
        return None

    def _workspace(self) -> AnyResponse | None:
        needed = ROLES[request.endpoint or ""]
        slug = (request.view_args or {}).pop("slug")
        if g.person is None:
            if request.method == "GET":
                return redirect(url_for("entrance.sign_in", next=request.full_path.rstrip("?")))
            abort(404)
        mine = next((one for one in g.person.workspaces if one.slug == slug), None)
        if mine is None:
            abort(404)
        g.visit = Visit(g.person, mine)
        if not g.visit.role.reaches(needed):
            abort(403)
        return None

    def _own_form(self) -> bool:
        """Whether the form was made by a page of ours for this browser."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            return False
        given = request.form.get(FIELD, "").encode("ascii", "replace")
        return secrets.compare_digest(given, form_token().encode())

    def leave(self, response: Response) -> Response:
        """Keeps the form's secret in the browser of somebody who is not signed in yet."""
        if g.get("form_secret") and g.get("person") is None and "form_used" in g:
            self._set(response, self._form, g.form_secret, None)
        return response

    def let_in(self, response: AnyResponse, token: Secret) -> AnyResponse:
        """Puts the session into the browser."""
        self._set(response, self._session, token.reveal(), int(sessions.LONGEST))
        response.delete_cookie(self._form, secure=self._https, httponly=True, samesite="Lax")
        return response

    def let_out(self, response: AnyResponse) -> AnyResponse:
        """Takes the session out of the browser."""
        response.delete_cookie(self._session, secure=self._https, httponly=True, samesite="Lax")
        return response

    def _set(self, response: AnyResponse, name: str, value: str, age: int | None) -> None:
        response.set_cookie(name, value, max_age=age, secure=self._https, httponly=True, samesite="Lax")


def form_token() -> str:
    """What the hidden field of this browser's forms holds."""
    g.form_used = True
    return keyed_hash(g.form_secret, "form")


def visit() -> Visit:
    """Who visits this page of a workspace."""
    found: Visit = g.visit
    return found


def inside(address: str | None) -> str:
    """The address, if it is one of our pages; else the front. No redirect leads elsewhere."""
    if address and address.startswith("/w/") and "\\" not in address and address.isprintable():
        return address
    return "/"
