"""The pages for people: who may see what, and what they show."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from bridge import people, workspaces
from bridge.runtime import Runtime
from bridge.tokens import Role
from bridge.vault import Secret
from bridge.web.app import create_app
from bridge.web.pages.visit import BELOW, ROLES
from tests import fakes
from tests.fakes import Home

PASSWORD = "a long password of the tests"
Enter = Callable[..., FlaskClient]


@pytest.fixture
def database_url(sqlite_files: Any) -> Any:
    """SQLite: what depends on the database is tested with the store."""
    with sqlite_files.fresh() as url:
        yield url


@pytest.fixture
def app(runtime: Runtime) -> Any:
    return create_app(runtime)


@pytest.fixture
def enter(runtime: Runtime, app: Any, home: Home) -> Enter:
    """A browser in which somebody of this role is signed in."""

    def signed_in(role: str = "owner", slug: str | None = None) -> FlaskClient:
        email = f"{role}@{slug or home.slug}.example"
        people.add(runtime, slug or home.slug, email, role, Secret(PASSWORD))
        browser = app.test_client()
        assert sign_in(browser, email).status_code == 302
        return browser

    return signed_in


def form_of(html: str) -> str:
    found = re.search(r'name="form" value="([^"]+)"', html)
    assert found, html[:500]
    return found[1]


def sign_in(browser: FlaskClient, email: str, password: str = PASSWORD) -> Any:
    form = form_of(browser.get("/sign-in").text)
    return browser.post("/sign-in", data={"form": form, "email": email, "password": password, "next": "/"})


def pages(app: Any) -> list[tuple[str, str, Role]]:
    """Method, address (with ids that nobody has) and least role of every page of a workspace, from the URL map."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(BELOW):
            method = "POST" if "POST" in rule.methods else "GET"
            found.append((method, re.sub(r"<(?!slug)[^>]+>", "x", rule.rule), ROLES[rule.endpoint]))
    return found


def call(browser: FlaskClient, method: str, path: str) -> int:
    data = {"form": form_of(browser.get("/account").text)} if method == "POST" else None
    return browser.open(path, method=method, data=data).status_code


def test_every_page_sends_who_is_not_signed_in_to_sign_in(app: Any, home: Home) -> None:
    for method, path, _ in pages(app):
        if method == "GET":
            answer = app.test_client().get(path.replace("<slug>", home.slug))
            assert (answer.status_code, answer.location.startswith("/sign-in?next=")) == (302, True), path


def test_every_page_is_nothing_for_a_stranger(runtime: Runtime, app: Any, enter: Enter, home: Home) -> None:
    other = fakes.home(runtime)
    browser = enter("owner", other.slug)
    answers = {path: call(browser, method, path.replace("<slug>", home.slug)) for method, path, _ in pages(app)}
    assert set(answers.values()) == {404}, answers


def test_every_page_refuses_a_role_that_is_too_low(app: Any, enter: Enter, home: Home) -> None:
    browser = enter("agent")
    needs_more = [(method, path) for method, path, role in pages(app) if role is not Role.AGENT]
    assert needs_more
    answers = {path: call(browser, method, path.replace("<slug>", home.slug)) for method, path in needs_more}
    assert set(answers.values()) == {403}, answers


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/?days=30", "/tickets", "/tickets?label=urgent&sort=score", "/connections", "/connections/new/fake"),
        *("/settings", "/settings/provider", "/settings/scale", "/settings/alerts", "/settings/webhooks"),
        *("/settings/backfill", "/settings/people", "/settings/tokens", "/settings/audit"),
    ],
)
@pytest.mark.parametrize("enabled", ["on", "off"])
def test_an_owner_sees_every_page_whether_sentiment_is_on_or_off(
    runtime: Runtime, enter: Enter, home: Home, path: str, enabled: str
) -> None:
    fakes.scored(runtime, home, "T-1", -80, None, 20)
    workspaces.set(runtime, home.slug, {"enabled": enabled})
    answer = enter().get(f"/w/{home.slug}{path}")
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    assert "<script" not in answer.text
    assert "style=" not in answer.text


def test_a_ticket_shows_its_messages_and_what_explains_them(runtime: Runtime, enter: Enter, home: Home) -> None:
    fakes.scored(runtime, home, "T-1", -80, 20)
    html = enter("agent").get(f"/w/{home.slug}/tickets/{home.connection}/T-1").text
    assert "−0.80" in html  # noqa: RUF001  a true minus sign
    assert "broken" in html


def test_an_agent_corrects_a_label_in_one_click(runtime: Runtime, enter: Enter, home: Home) -> None:
    (message,) = fakes.scored(runtime, home, "T-1", -80)
    browser, path = enter("agent"), f"/w/{home.slug}/tickets/{home.connection}/T-1"
    data = {"form": form_of(browser.get(path).text), "message": message, "label": "positive"}
    assert browser.post(path, data=data).status_code == 302
    assert "corrected by person agent@" in browser.get(path).text


def test_a_form_of_somebody_else_changes_nothing(runtime: Runtime, enter: Enter, home: Home) -> None:
    browser = enter()
    assert browser.post(f"/w/{home.slug}/settings/act/save", data={"enabled": "off"}).status_code == 400
    assert workspaces.show(runtime, home.slug).settings.enabled


def test_an_admin_switches_sentiment_off_and_the_log_says_who(runtime: Runtime, enter: Enter, home: Home) -> None:
    browser = enter("admin")
    form = form_of(browser.get(f"/w/{home.slug}/settings").text)
    browser.post(f"/w/{home.slug}/settings/act/save", data={"form": form, "enabled": "off"})
    assert not workspaces.show(runtime, home.slug).settings.enabled
    assert "admin@" in browser.get(f"/w/{home.slug}/settings/audit").text


def test_a_wrong_password_and_an_unknown_person_are_told_the_same(app: Any, enter: Enter, home: Home) -> None:
    enter()
    told = [
        re.sub(r"value=\"[^\"]*\"", "", sign_in(app.test_client(), email, "not the password").text)
        for email in (f"owner@{home.slug}.example", f"nobody@{home.slug}.example")
    ]
    assert told[0] == told[1]


def test_signing_in_leads_to_no_other_place(app: Any, enter: Enter, home: Home) -> None:
    enter()
    browser = app.test_client()
    form = form_of(browser.get("/sign-in").text)
    data = {"form": form, "email": f"owner@{home.slug}.example", "password": PASSWORD, "next": "https://evil.example/"}
    assert not browser.post("/sign-in", data=data).location.startswith("http")


def test_a_session_that_was_ended_is_no_session(app: Any, enter: Enter, home: Home) -> None:
    browser = enter()
    browser.post("/sign-out", data={"form": form_of(browser.get("/account").text)})
    assert browser.get(f"/w/{home.slug}/").status_code == 302
