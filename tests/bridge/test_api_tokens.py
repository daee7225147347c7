"""/tokens and /releases: made, listed, revoked; nobody rises above the own role."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge import tokens
from bridge.runtime import Runtime
from tests.fakes import Home, scored

Call = Callable[..., TestResponse]


def told(answer: TestResponse) -> dict[str, Any]:
    assert isinstance(answer.json, dict), answer.data
    return answer.json


def test_a_token_is_shown_once_and_works(call: Call, client: FlaskClient, home: Home) -> None:
    answer = call("/tokens", "POST", json={"role": "agent"})
    made = told(answer)
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert (answer.status_code, made["role"]) == (201, "agent")
    assert client.get(f"/api/v1/workspaces/{home.slug}", headers=headers).status_code == 200
    listed = call("/tokens")
    assert made["token"] not in listed.text
    shown = next(one for one in told(listed)["items"] if one["id"] == made["id"])
    assert (shown["hint"], shown["revoked_at"]) == (made["token"][-4:], None)
    assert shown["last_used_at"].endswith("Z")


@pytest.mark.parametrize(
    ("role", "wanted", "status"),
    [("admin", "admin", 201), ("admin", "owner", 403), ("owner", "owner", 201), ("agent", "agent", 403)],
)
def test_nobody_makes_a_token_of_a_higher_role(call: Call, role: str, wanted: str, status: int) -> None:
    assert call("/tokens", "POST", role=role, json={"role": wanted}).status_code == status


def test_a_revoked_token_works_no_more(call: Call, client: FlaskClient, home: Home) -> None:
    made = told(call("/tokens", "POST", json={"role": "agent"}))
    assert call(f"/tokens/{made['id']}", "DELETE").status_code == 204
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert client.get(f"/api/v1/workspaces/{home.slug}", headers=headers).status_code == 401


def test_an_admin_does_not_revoke_an_owners_token(call: Call, runtime: Runtime, home: Home) -> None:
    owners = tokens.add(runtime, home.slug, "owner")
    assert call(f"/tokens/{owners.id}", "DELETE").status_code == 403
    assert tokens.check(runtime, owners.token.reveal()) is not None


def test_the_token_of_another_workspace_is_not_found(
    call: Call, runtime: Runtime, add_home: Callable[..., Home]
) -> None:
    others = tokens.add(runtime, add_home().slug, "agent")
    assert call(f"/tokens/{others.id}", "DELETE").status_code == 404
    assert tokens.check(runtime, others.token.reveal()) is not None


def test_a_release_is_marked_with_how_customers_felt(call: Call, runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", -80)
    answer = call("/releases", "POST", json={"name": "2026.11", "at": "2026-11-20T10:00:00+01:00"})
    made = told(answer)
    assert (answer.status_code, made["name"], made["at"]) == (201, "2026.11", "2026-11-20T09:00:00.000Z")
    assert made["by"].startswith("token tok_")
    assert made["after"]["scored"] in (0, 1)
    (listed,) = told(call("/releases", role="agent"))["items"]
    assert listed["name"] == "2026.11"


def test_the_same_release_again_stays_as_it_was_marked(call: Call) -> None:
    first = told(call("/releases", "POST", json={"name": "one", "at": "2026-11-20T10:00:00Z"}))
    second = told(call("/releases", "POST", json={"name": "one"}))
    assert second["at"] == first["at"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": " x"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "x", "at": "yesterday"}, "at"),
        ({"name": "x", "at": "2990-01-01T00:00:00Z"}, "at"),
    ],
)
def test_a_release_that_cannot_be_is_refused_by_name(call: Call, body: dict[str, object], field: str) -> None:
    answer = call("/releases", "POST", json=body)
    assert (answer.status_code, told(answer)["field"]) == (422, field)
