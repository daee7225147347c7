"""Who may see which page: made from the map of addresses, so that none can be forgotten."""

from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from bridge import people, sessions
from bridge.runtime import Runtime
from bridge.tokens import Role
from bridge.vault import Secret
from bridge.web.app import create_app
from bridge.web.pages.setting_acts import ACTS
from bridge.web.pages.visit import BELOW, ROLES
from tests.fakes import Home

PASSWORD = Secret("seven quiet otters dance")


@pytest.fixture
def app(runtime: Runtime) -> Flask:
    return create_app(runtime)


@pytest.fixture
def visitor(app: Flask, runtime: Runtime) -> Callable[[str, str], FlaskClient]:
    """The browser of a new person with a role in a workspace."""

    def visitor(slug: str, role: str) -> FlaskClient:
        email = f"{role}@{slug}.example"
        people.add(runtime, slug, email, role, PASSWORD)
        client = app.test_client()
        token = sessions.sign_in(runtime, email, PASSWORD, "", "a test").reveal()
        client.set_cookie("__Host-moodbridge", token, domain="bridge.example", secure=True)
        return client

    return visitor


def workspace_pages(app: Flask) -> Iterator[tuple[Rule, str, str]]:
    """Every address below a workspace's own, with each method, its parts filled in."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(BELOW):
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                yield rule, method, rule.rule


def fill(path: str, slug: str) -> str:
    parts = path.replace("<slug>", slug).split("/")
    return "/".join("revoke-token" if one == "<act>" else "x" if one.startswith("<") else one for one in parts)


def send(client: FlaskClient, method: str, path: str) -> int:
    form = {"form": form_field(client)} if method == "POST" else None
    return client.open(path, method=method, data=form, base_url="https://bridge.example").status_code


class _Field(HTMLParser):
    value = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("name") == "form":
            self.value = found.get("value") or ""


def form_field(client: FlaskClient, path: str = "/account") -> str:
    parser = _Field()
    parser.feed(client.get(path, base_url="https://bridge.example").get_data(as_text=True))
    return parser.value


def test_every_page_of_a_workspace_names_its_least_role(app: Flask) -> None:
    assert {rule.endpoint for rule, _, _ in workspace_pages(app)} <= ROLES.keys()


def test_another_workspaces_owner_finds_nothing(
    app: Flask, home: Home, add_home: Callable[..., Home], visitor: Callable[[str, str], FlaskClient]
) -> None:
    stranger = visitor(add_home().slug, "owner")
    got = {path: send(stranger, method, fill(path, home.slug)) for _, method, path in workspace_pages(app)}
    assert set(got.values()) == {404}, got


def test_a_workspace_that_is_not_there_looks_the_same(
    app: Flask, home: Home, visitor: Callable[[str, str], FlaskClient]
) -> None:
    there = visitor(home.slug, "owner")
    got = {path: send(there, method, fill(path, "no-such")) for _, method, path in workspace_pages(app)}
    assert set(got.values()) == {404}, got


def test_a_role_that_is_too_low_is_refused(app: Flask, home: Home, visitor: Callable[[str, str], FlaskClient]) -> None:
    lower = {Role.ADMIN: visitor(home.slug, "agent"), Role.OWNER: visitor(home.slug, "admin")}
    wanted = [(ROLES[rule.endpoint], method, path) for rule, method, path in workspace_pages(app)]
    got = {
        (method, path): send(lower[role], method, fill(path, home.slug))
        for role, method, path in wanted
        if role in lower
    }
    assert set(got.values()) == {403}, got


@pytest.mark.parametrize("act", [name for name, one in ACTS.items() if one.role is Role.OWNER])
def test_an_admin_does_not_manage_people(act: str, home: Home, visitor: Callable[[str, str], FlaskClient]) -> None:
    assert send(visitor(home.slug, "admin"), "POST", f"/w/{home.slug}/settings/act/{act}") == 403


def test_nobody_signed_in_is_sent_to_sign_in_whatever_exists(app: Flask, home: Home) -> None:
    client = app.test_client()
    for slug in (home.slug, "no-such"):
        answer = client.get(f"/w/{slug}/settings", base_url="https://bridge.example")
        assert (answer.status_code, answer.location) == (302, f"/sign-in?next=/w/{slug}/settings")


def test_every_section_of_settings_shows(home: Home, visitor: Callable[[str, str], FlaskClient]) -> None:
    from bridge.web.pages.settings import SHOWN

    owner = visitor(home.slug, "owner")
    paths = [f"/w/{home.slug}/settings" + (f"/{name}" if name else "") for name in SHOWN]
    paths += [f"/w/{home.slug}/connections", f"/w/{home.slug}/connections/{home.connection}"]
    paths += [f"/w/{home.slug}/connections/new/fake"]
    assert {path: send(owner, "GET", path) for path in paths} == dict.fromkeys(paths, 200)
