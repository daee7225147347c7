"""/members and /audit: owners manage people, and what was changed stays written down."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from bridge import people
from bridge.runtime import Runtime
from bridge.vault import Secret
from tests.fakes import Home

Call = Callable[..., TestResponse]

PASSWORD = Secret("a long password of nobody else")


def told(answer: TestResponse) -> dict[str, Any]:
    assert isinstance(answer.json, dict), answer.data
    return answer.json


@pytest.fixture
def ada(runtime: Runtime, home: Home) -> str:
    """The id of the only owner."""
    people.add(runtime, home.slug, "ada@acme.example", "owner", PASSWORD)
    return str(people.listed(runtime, home.slug)[0].person_id)


def test_people_are_listed_with_their_roles(call: Call, ada: str) -> None:
    (one,) = told(call("/members"))["items"]
    assert one.pop("created_at").endswith("Z")
    assert one == {"id": ada, "email": "ada@acme.example", "role": "owner", "second_factor": False, "seen_at": None}
    assert told(call(f"/members/{ada}"))["email"] == "ada@acme.example"


def test_an_owner_invites_by_a_link_that_is_shown_once(call: Call) -> None:
    answer = call("/members", "POST", role="owner", json={"email": "bob@acme.example", "role": "agent"})
    assert answer.status_code == 201
    assert told(answer)["url"].startswith("https://bridge.example/link/")


def test_a_role_is_changed_and_a_person_removed(call: Call, runtime: Runtime, home: Home, ada: str) -> None:
    people.add(runtime, home.slug, "bob@acme.example", "agent", PASSWORD)
    bob = next(one["id"] for one in told(call("/members"))["items"] if one["id"] != ada)
    assert told(call(f"/members/{bob}", "PATCH", role="owner", json={"role": "admin"}))["role"] == "admin"
    assert told(call(f"/members/{bob}/reset", "POST", role="owner"))["url"].startswith("https://")
    assert call(f"/members/{bob}", "DELETE", role="owner").status_code == 204
    assert call(f"/members/{bob}").status_code == 404


def test_the_last_owner_stays(call: Call, ada: str) -> None:
    assert call(f"/members/{ada}", "DELETE", role="owner").status_code == 422
    assert call(f"/members/{ada}", "PATCH", role="owner", json={"role": "agent"}).status_code == 422


def test_people_of_another_workspace_are_not_found(
    call: Call, runtime: Runtime, add_home: Callable[..., Home], ada: str
) -> None:
    other = add_home().slug
    people.add(runtime, other, "eve@other.example", "owner", PASSWORD)
    eve = people.listed(runtime, other)[0].person_id
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/reset")):
        more = {"json": {"role": "agent"}} if method == "PATCH" else {}
        assert call(f"/members/{eve}{path}", method, role="owner", **more).status_code == 404


def test_the_audit_log_tells_who_changed_what_the_newest_first(call: Call) -> None:
    call(method="PATCH", json={"retention": 3})
    call("/provider", "PUT", json={"provider": "openai", "key": "sk-a-key-of-the-tests-0123456789"})
    answer = call("/audit")
    provider, settings = told(answer)["items"]
    assert (settings["what"], settings["detail"]) == ("change workspace", {"retention": "3"})
    assert settings["by"].startswith("token tok_")
    assert (provider["what"], provider["detail"]) == ("set provider", {"provider": "openai", "key": "(not shown)"})
    assert "sk-a-key" not in answer.text


def test_what_was_refused_or_only_read_is_not_in_the_log(call: Call) -> None:
    call(method="PATCH", json={"retention": -1})
    call("/tickets")
    assert told(call("/audit"))["items"] == []


def test_the_log_is_paged_by_cursor(call: Call) -> None:
    for days in (1, 2, 3):
        call(method="PATCH", json={"retention": days})
    first = told(call("/audit?limit=2"))
    second = told(call(f"/audit?limit=2&cursor={first['next_cursor']}"))
    pages = [[one["detail"]["retention"] for one in page["items"]] for page in (first, second)]
    assert (pages, second["next_cursor"]) == ([["3", "2"], ["1"]], None)
