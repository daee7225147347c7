"""/connections: helpdesks are connected, looked at and disconnected; secrets are shown once."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from bridge.runtime import Runtime
from tests.fakes import Home

Call = Callable[..., TestResponse]


def told(answer: TestResponse) -> dict[str, Any]:
    assert isinstance(answer.json, dict), answer.data
    return answer.json


def ids(answer: TestResponse) -> list[str]:
    return [one["connection"] for one in told(answer)["items"]]


def test_connections_are_told_with_their_health(call: Call, home: Home) -> None:
    (one,) = told(call("/connections", role="agent"))["items"]
    assert one.pop("created_at").endswith("Z")
    assert one == {
        "connection": home.connection,
        "kind": "fake",
        "prefix": "sentiment",
        "status": "active",
        "error": None,
        "last_event_at": None,
        "last_write_at": None,
    }


def test_a_helpdesk_is_connected_and_its_secret_shown_once(call: Call) -> None:
    answer = call("/connections", "POST", json={"kind": "writable"})
    made = told(answer)
    assert answer.status_code == 201
    assert made["secret"].startswith("whsec_")
    assert made["hook_url"].startswith("https://bridge.example/hooks/")
    assert made["installed"] == ["installed"]
    assert made["secret"] not in call(f"/connections/{made['connection']}").text


def test_the_same_helpdesk_again_changes_nothing(call: Call) -> None:
    first = told(call("/connections", "POST", json={"kind": "writable", "options": {}}))
    second = told(call("/connections", "POST", json={"kind": "writable", "options": {}}))
    assert (second["connection"], second["secret"]) == (first["connection"], None)


def test_rotate_shows_a_new_secret(call: Call) -> None:
    first = told(call("/connections", "POST", json={"kind": "writable"}))
    second = told(call("/connections", "POST", json={"kind": "writable", "rotate": True}))
    assert second["connection"] == first["connection"]
    assert second["secret"] not in (None, first["secret"])


def test_a_dry_run_does_nothing(call: Call, home: Home) -> None:
    made = told(call("/connections", "POST", json={"kind": "writable", "dry_run": True}))
    assert made["installed"] == ["would be installed"]
    assert ids(call("/connections")) == [home.connection]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "kind"),
        ({"kind": "fake", "options": {"nonsense": "x"}}, "nonsense"),
        ({"kind": "fake", "options": ["x"]}, "options"),
        ({"kind": "fake", "options": {"a": 1}}, "options"),
        ({"kind": "fake", "prefix": "Not so"}, "prefix"),
        ({"kind": "fake", "dry_run": "yes"}, "dry_run"),
    ],
)
def test_what_cannot_be_connected_is_refused_by_name(call: Call, body: dict[str, object], field: str) -> None:
    answer = call("/connections", "POST", json=body)
    assert (answer.status_code, told(answer)["field"]) == (422, field)


def test_a_kind_that_does_not_exist_is_not_found(call: Call) -> None:
    assert call("/connections", "POST", json={"kind": "pigeon"}).status_code == 404


def test_a_disconnected_helpdesk_stays_in_the_list(call: Call, home: Home) -> None:
    assert told(call(f"/connections/{home.connection}", "DELETE"))["connection"] == home.connection
    assert told(call(f"/connections/{home.connection}"))["status"] == "disconnected"


def test_the_helpdesk_of_another_workspace_is_not_found(call: Call, add_home: Callable[..., Home]) -> None:
    other = add_home()
    assert call(f"/connections/{other.connection}").status_code == 404
    assert call(f"/connections/{other.connection}", "DELETE").status_code == 404


def test_a_list_is_paged_by_cursor(call: Call, home: Home) -> None:
    made = told(call("/connections", "POST", json={"kind": "writable"}))["connection"]
    first = told(call("/connections?limit=1"))
    assert (first["next_cursor"], first["items"][0]["connection"]) == (home.connection, home.connection)
    second = call(f"/connections?limit=1&cursor={first['next_cursor']}")
    assert (ids(second), told(second)["next_cursor"]) == ([made], None)


@pytest.mark.parametrize("path", ["/connections", "/webhooks", "/alerts", "/tokens", "/releases"])
@pytest.mark.parametrize("cursor", ["nobody", "%00", ""])
def test_a_cursor_that_no_page_gave_is_refused(call: Call, runtime: Runtime, path: str, cursor: str) -> None:
    answer = call(f"{path}?cursor={cursor}")
    assert (answer.status_code, told(answer)["field"]) == (422, "cursor")
