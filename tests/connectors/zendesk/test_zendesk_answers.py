"""Answers of Zendesk that a stand-in does not give: on its real address, by `responses`."""

from collections.abc import Iterator

import pytest
import responses

from bridge.connector import Access, HelpdeskDown, RateLimited, Refused
from connectors.zendesk.desk import Desk
from connectors.zendesk.session import Rejected, Session
from tests.connectors.zendesk.world import access_for

BASE = "https://acme.zendesk.com"


@pytest.fixture
def access() -> Access:
    return access_for("")


@pytest.fixture
def zendesk() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(f"{BASE}/oauth/tokens", json={"access_token": "b", "expires_in": 7200, "token_type": "bearer"})
        yield mock


def test_a_page_of_html_with_status_200_is_an_outage(zendesk: responses.RequestsMock, access: Access) -> None:
    zendesk.get(f"{BASE}/api/v2/users/me.json", body="<html>Down for maintenance</html>")
    with pytest.raises(HelpdeskDown):
        Desk(access).me()


def test_an_unknown_json_is_an_outage_whose_text_holds_nothing_of_it(
    zendesk: responses.RequestsMock, access: Access
) -> None:
    zendesk.get(f"{BASE}/api/v2/users/me.json", json={"surprise": "xylophone"})
    with pytest.raises(HelpdeskDown) as problem:
        Desk(access).me()
    assert "xylophone" not in str(problem.value)


def test_a_link_to_another_host_is_not_followed(zendesk: responses.RequestsMock, access: Access) -> None:
    comments = {"comments": [], "users": [], "meta": {"has_more": True}, "links": {"next": "https://evil.example/x"}}
    zendesk.get(f"{BASE}/api/v2/tickets/7/comments.json", json=comments)
    with pytest.raises(Refused, match="another host"):
        list(Desk(access).comments("7"))


def test_a_redirect_is_not_followed_with_our_sign_in(zendesk: responses.RequestsMock, access: Access) -> None:
    zendesk.get(f"{BASE}/api/v2/users/me.json", status=302, headers={"Location": "https://evil.example/"})
    with pytest.raises(HelpdeskDown):
        Desk(access).me()
    assert all(call.request.url.startswith(BASE) for call in zendesk.calls if call.request.url)


@pytest.mark.parametrize(
    "details",
    [
        {"status": [{"description": "Status: closed prevents ticket update"}]},
        {"base": [{"description": "Status: closed prevents ticket update", "error": "ClosedTicket"}]},
    ],
)
def test_both_forms_of_a_closed_ticket_are_known(
    zendesk: responses.RequestsMock, access: Access, details: object
) -> None:
    body = {"error": "RecordInvalid", "description": "Record validation errors", "details": details}
    zendesk.put(f"{BASE}/api/v2/tickets/7.json", status=422, json=body)
    with pytest.raises(Rejected) as problem:
        Desk(access).update("7", {"custom_fields": []})
    assert problem.value.closed


def test_a_refusal_names_zendesks_code_and_none_of_its_text(zendesk: responses.RequestsMock, access: Access) -> None:
    zendesk.put(
        f"{BASE}/api/v2/tickets/7.json", status=422, json={"error": "RecordInvalid", "description": "xylophone"}
    )
    with pytest.raises(Rejected) as problem:
        Desk(access).update("7", {"custom_fields": []})
    assert "RecordInvalid" in str(problem.value)
    assert "xylophone" not in str(problem.value)


def test_too_many_jobs_is_a_pause(zendesk: responses.RequestsMock, access: Access) -> None:
    body = {"error": "TooManyJobs", "description": "...", "current_job_ids": ["1"]}
    zendesk.put(f"{BASE}/api/v2/tickets/update_many.json", status=429, json=body)
    with pytest.raises(RateLimited):
        Desk(access).update_many({"7": {"custom_fields": []}})


def test_a_missing_right_is_told_in_words(zendesk: responses.RequestsMock, access: Access) -> None:
    zendesk.get(f"{BASE}/api/v2/users/me.json", status=403, json={"error": "Forbidden"})
    with pytest.raises(Refused, match="admin"):
        Desk(access).me()


def test_the_bearer_goes_in_a_header_only(zendesk: responses.RequestsMock, access: Access) -> None:
    zendesk.get(f"{BASE}/api/v2/x", json={})
    Session(access).json("/api/v2/x", q="1")
    request = zendesk.calls[-1].request
    assert request.headers["Authorization"] == "Bearer b"
    assert request.url == f"{BASE}/api/v2/x?q=1"
