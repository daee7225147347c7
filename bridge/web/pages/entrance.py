"""Coming in: signing in and out, one-time links, and one's own account."""

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bridge import people, second_factor, sessions
from bridge.errors import Invalid
from bridge.runtime import Runtime
from bridge.sessions import NotSignedIn
from bridge.vault import Secret
from bridge.web.pages.attempts import Attempts
from bridge.web.pages.visit import Door, inside

Page = str | Response | tuple[str, int]


def blueprint(runtime: Runtime, door: Door, demo: bool) -> Blueprint:
    """The pages that need no workspace."""
    routes = Blueprint("entrance", __name__)
    attempts = Attempts()

    def come_in(person_id: int, to: str) -> Response:
        agent = request.headers.get("User-Agent", "")
        return door.let_in(redirect(to), sessions.begin(runtime, person_id, agent))

    if not demo:

        @routes.get("/")
        def front() -> Response:
            if g.person is None:
                return redirect(url_for("entrance.sign_in"))
            return redirect(_home())

    @routes.get("/home")
    def home() -> Response:
        return redirect(_home() if g.person else url_for("entrance.sign_in"))

    def _home() -> str:
        mine = g.person.workspaces
        return f"/w/{mine[0].slug}/" if mine else url_for("entrance.account")

    @routes.get("/sign-in")
    def sign_in() -> Page:
        if g.person is not None:
            return redirect(_home())
        return render_template("sign_in.html", next=inside(request.args.get("next")))

    @routes.post("/sign-in")
    def sign_in_now() -> Page:
        email, to = request.form.get("email", ""), inside(request.form.get("next"))
        to = url_for("entrance.home") if to == "/" else to
        if not attempts.begin(email, request.remote_addr or ""):
            problem = "Too many attempts. Wait a quarter of an hour, or ask an owner for a reset link."
            return render_template("sign_in.html", next=to, email=email, problem=problem), 429
        password, code = Secret(request.form.get("password", "")), request.form.get("code", "")
        try:
            token = sessions.sign_in(runtime, email, password, code, request.headers.get("User-Agent", ""))
        except NotSignedIn as error:
            return render_template("sign_in.html", next=to, email=email, problem=str(error)), 422
        attempts.succeeded(email)
        return door.let_in(redirect(to), token)

    @routes.post("/sign-out")
    def sign_out() -> Page:
        if g.person is not None:
            sessions.end(runtime, g.person.person_id, g.person.session)
        return door.let_out(redirect(url_for("entrance.sign_in")))

    @routes.get("/link/<token>")
    def link(token: str) -> Page:
        return render_template("link.html", link=people.opened(runtime, token))

    @routes.post("/link/<token>")
    def use_link(token: str) -> Page:
        password, email = Secret(request.form.get("password", "")), request.form.get("email", "")
        visitor = g.person.person_id if g.person else None
        try:
            person_id = people.use(runtime, token, password, email, request.form.get("workspace", ""), visitor)
        except Invalid as error:
            opened = people.opened(runtime, token)
            return render_template("link.html", link=opened, email=email, problem=str(error)), 422
        return come_in(person_id, url_for("entrance.home"))

    @routes.get("/account")
    def account() -> Page:
        return _account()

    def _account(problem: str | None = None, secret: str | None = None) -> Page:
        if g.person is None:
            return redirect(url_for("entrance.sign_in"))
        theirs = sessions.listed(runtime, g.person.person_id)
        secret = secret or second_factor.new_secret()
        app = second_factor.address(secret, g.person.email)
        shown = render_template("account.html", sessions=theirs, secret=secret, app=app, problem=problem)
        return (shown, 422) if problem else shown

    @routes.post("/account")
    def change_account() -> Page:
        if g.person is None:
            abort(404)
        me, form = g.person, request.form
        what = form.get("what")
        try:
            if what == "password":
                old, new = Secret(form.get("old", "")), Secret(form.get("new", ""))
                _slowly(me.email)
                sessions.change_password(runtime, me.person_id, old, new, me.session)
            elif what == "others":
                sessions.end_others(runtime, me.person_id, me.session)
            elif what == "factor":
                secret = form.get("secret", "")
                if len(secret) != 32 or not secret.isalnum():
                    abort(400)
                sessions.set_second_factor(runtime, me.person_id, secret, form.get("code", ""))
            elif what == "no-factor":
                _slowly(me.email)
                sessions.remove_second_factor(runtime, me.person_id, Secret(form.get("password", "")))
        except Invalid as error:
            return _account(str(error), form.get("secret"))
        return redirect(url_for("entrance.account", said="saved"))

    def _slowly(email: str) -> None:
        if not attempts.begin(email, request.remote_addr or ""):
            raise Invalid("password", "too many attempts; wait a quarter of an hour")

    return routes
