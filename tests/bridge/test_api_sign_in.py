"""Who may call the API: a token of the workspace; everybody else learns nothing."""

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Map, Rule
from werkzeug.test import TestResponse

from bridge import tokens
from bridge.runtime import Runtime
from bridge.web.api import ENDPOINTS
from bridge.web.app import create_app
from bridge.web.pages.visit import BELOW
from tests.fakes import Home, scored

OPEN_TO_ALL = {"/healthz", "/readyz", "/static/<path:filename>", "/api/v1/openapi.json"}
OF_PEOPLE = {"/", "/home", "/sign-in", "/sign-out", "/link/<token>", "/account"}
"""Pages without a workspace. Those of one are held to their roles by test_page_roles.py."""
WITHOUT_WORKSPACE = {"/metrics"}
BASE = "/api/v1/workspaces/<slug>"
ROLES = ("agent", "admin", "owner")


def bearer(runtime: Runtime, slug: str, role: str = "owner") -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.add(runtime, slug, role).token.reveal()}"}


def addresses(urls: Map, home: Home) -> Iterator[tuple[str, str]]:
    """Every method and address of the API that exists, about this workspace's own things."""
    for rule in urls.iter_rules():
        if rule.rule.startswith(BASE):
            yield from ((method, path_of(urls, rule, home)) for method in sorted(rule.methods or ()))


def path_of(urls: Map, rule: Rule, home: Home) -> str:
    """The address of the rule about the ticket T-1; what else it names does not exist."""
    known = {"slug": home.slug, "connection": home.connection, "ticket_id": "T-1"}
    return urls.bind("localhost").build(rule.endpoint, {name: known.get(name, "x-1") for name in rule.arguments})


@pytest.fixture
def urls(runtime: Runtime) -> Map:
    return create_app(runtime).url_map


def test_every_address_is_about_a_workspace_or_known_to_be_open(urls: Map) -> None:
    def is_known(rule: Rule) -> bool:
        about_a_workspace = rule.rule.startswith((BASE, BELOW))
        return about_a_workspace or rule.rule in OPEN_TO_ALL | WITHOUT_WORKSPACE | OF_PEOPLE

    assert [rule.rule for rule in urls.iter_rules() if not is_known(rule)] == []


def test_a_stranger_gets_the_same_404_everywhere_whatever_exists(
    client: FlaskClient, runtime: Runtime, home: Home, add_home: Callable[..., Home], urls: Map
) -> None:
    scored(runtime, home, "T-1", 0)
    stranger = bearer(runtime, add_home().slug)
    nowhere = client.get("/api/v1/workspaces/nobody", headers=stranger)

    answers = {
        (method, path): client.open(path, method=method, headers=stranger) for method, path in addresses(urls, home)
    }

    assert len(answers) > 5
    for asked, answer in answers.items():
        assert answer.status_code == 404, asked
        assert answer.data == (b"" if asked[0] == "HEAD" else nowhere.data), asked


def test_without_a_token_every_address_asks_for_one(client: FlaskClient, home: Home, urls: Map) -> None:
    for method, path in addresses(urls, home):
        answer = client.open(path, method=method)

        assert answer.status_code == 401, (method, path)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def too_low(needed: str) -> list[str]:
    return list(ROLES[: ROLES.index(needed)])


def test_every_address_tells_its_role(urls: Map) -> None:
    """The roles that the next tests go by are those of the endpoints, and no address is without one."""
    routed = {
        (method, rule.rule)
        for rule in urls.iter_rules()
        for method in rule.methods or ()
        if rule.rule.startswith(BASE) and method not in ("HEAD", "OPTIONS")
    }
    assert routed == {(one.method, BASE + one.path) for one in ENDPOINTS}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_that_is_too_low_is_refused_everywhere_and_one_that_reaches_nowhere(
    client: FlaskClient, runtime: Runtime, home: Home, urls: Map, role: str
) -> None:
    scored(runtime, home, "T-1", 0)
    shown = bearer(runtime, home.slug, role)
    rules = {rule.endpoint: rule for rule in urls.iter_rules()}
    answers = {
        one: client.open(path_of(urls, rules[f"api.{one.name}"], home), method=one.method, headers=shown).status_code
        for one in ENDPOINTS
    }
    refused = {one.name for one, status in answers.items() if status == 403}
    assert refused == {one.name for one in ENDPOINTS if role in too_low(one.role)}


def test_every_list_and_every_number_answers_who_may_read_it(
    client: FlaskClient, runtime: Runtime, home: Home, urls: Map
) -> None:
    scored(runtime, home, "T-1", 0)
    rules = {rule.endpoint: rule for rule in urls.iter_rules()}
    answers = {
        one.path: client.get(
            path_of(urls, rules[f"api.{one.name}"], home), headers=bearer(runtime, home.slug, one.role)
        ).status_code
        for one in ENDPOINTS
        if one.method == "GET" and not set(rules[f"api.{one.name}"].arguments) - {"slug", "connection", "ticket_id"}
    }
    assert len(answers) > 10
    assert answers == dict.fromkeys(answers, 200)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic dXNlcjpwdw==", "Bearer mb_made_up", "mb_x", "Bearer \xff", "Bearer " + "x" * 5000],
)
def test_what_is_no_working_token_is_refused(client: FlaskClient, home: Home, header: str) -> None:
    answer = client.get(f"/api/v1/workspaces/{home.slug}", headers={"Authorization": header})

    assert answer.status_code == 401


def test_a_revoked_token_is_refused(client: FlaskClient, runtime: Runtime, home: Home) -> None:
    made = tokens.add(runtime, home.slug, "owner")
    tokens.revoke(runtime, home.slug, made.id)

    answer = client.get(f"/api/v1/workspaces/{home.slug}", headers={"Authorization": f"Bearer {made.token.reveal()}"})

    assert answer.status_code == 401


def test_the_scheme_is_read_in_any_case(client: FlaskClient, runtime: Runtime, home: Home) -> None:
    token = tokens.add(runtime, home.slug, "agent").token.reveal()

    answer = client.get(f"/api/v1/workspaces/{home.slug}", headers={"Authorization": f"bearer {token}"})

    assert answer.status_code == 200


@pytest.mark.parametrize(("role", "status"), [("agent", 403), ("admin", 200), ("owner", 200)])
def test_settings_are_changed_by_admins_and_owners(call: Callable[..., TestResponse], role: str, status: int) -> None:
    assert call(method="PATCH", role=role, json={"retention": 3}).status_code == status


def test_a_role_that_is_too_low_changes_nothing(call: Callable[..., TestResponse]) -> None:
    call(method="PATCH", role="agent", json={"retention": 3})

    assert call().json["retention"] == 0  # type: ignore[index]
