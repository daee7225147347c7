"""The desk's API by itself: strict about what it takes, plain about what happened."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from connectors.sandbox.desk.app import create
from connectors.sandbox.desk.database import Database

TOKEN = "a-token-for-the-desk"
TICKET = {"subject": "Printer", "requester": "Ana Silva", "text": "It does not print."}
WRITE = {"label": "urgent", "score": -0.82, "trend": "declining", "prefix": "sentiment", "expected": None}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    database = Database(tmp_path)
    yield create(database, TOKEN).test_client()
    database.close()


def call(client: FlaskClient, method: str, path: str, body: object = None, token: str = TOKEN) -> TestResponse:
    return client.open(f"/api{path}", method=method, json=body, headers={"authorization": f"Bearer {token}"})


def ask(client: FlaskClient, method: str, path: str, body: object = None) -> Any:
    reply = call(client, method, path, body)
    assert reply.status_code < 300, reply.text
    return reply.json


def refusal(reply: TestResponse) -> tuple[int, str]:
    assert reply.json is not None
    return reply.status_code, reply.json["error"]["code"]


def new(client: FlaskClient) -> str:
    ticket_id: str = ask(client, "POST", "/tickets", TICKET)["ticket_id"]
    return ticket_id


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", "ключ"])
def test_a_wrong_token_opens_nothing(client: FlaskClient, token: str) -> None:
    headers = {"authorization": f"Bearer {token}".encode().decode("latin-1")}
    assert client.get("/api/tickets", headers=headers).status_code == 401
    assert client.get("/api/tickets").status_code == 401


def test_a_ticket_shows_its_posts_in_order(client: FlaskClient) -> None:
    ticket_id = new(client)
    ask(client, "POST", f"/tickets/{ticket_id}/posts", {"author": "staff", "text": "Is it on?"})
    ticket = ask(client, "GET", f"/tickets/{ticket_id}")
    assert [(post["author"], post["text"]) for post in ticket["posts"]] == [
        ("customer", "It does not print."),
        ("staff", "Is it on?"),
    ]
    assert (ticket["status"], ticket["sentiment"], ticket["tags"]) == ("open", None, [])


def test_a_post_from_the_past_takes_its_place_in_time(client: FlaskClient) -> None:
    ticket_id = new(client)
    earlier = {"author": "customer", "text": "Earlier", "created_at": "2026-01-01T00:00:00Z"}
    ask(client, "POST", f"/tickets/{ticket_id}/posts", earlier)
    posts = ask(client, "GET", f"/tickets/{ticket_id}")["posts"]
    assert (posts[0]["text"], posts[0]["created_at"]) == ("Earlier", "2026-01-01T00:00:00.000Z")


def test_the_same_customer_has_the_same_id_on_every_ticket(client: FlaskClient) -> None:
    ids = {ask(client, "GET", f"/tickets/{new(client)}")["requester_id"] for _ in range(2)}
    assert len(ids) == 1


def test_the_agents_own_tags_stay_beside_ours(client: FlaskClient) -> None:
    ticket_id = ask(client, "POST", "/tickets", {**TICKET, "tags": ["vip", "printer"]})["ticket_id"]
    for label, expected in (("urgent", None), ("neutral", "urgent")):
        ask(client, "PUT", f"/tickets/{ticket_id}/sentiment", {**WRITE, "label": label, "expected": expected})
    assert ask(client, "GET", f"/tickets/{ticket_id}")["tags"] == ["vip", "printer", "sentiment_neutral"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/tickets", {**TICKET, "colour": "blue"}),
        ("/tickets", {**TICKET, "subject": 5}),
        ("/tickets", {**TICKET, "text": "  "}),
        ("/tickets", {**TICKET, "text": "\ud800"}),
        ("/tickets", {**TICKET, "text": "\0"}),
        ("/tickets", {**TICKET, "tags": ["two words"]}),
        ("/tickets", {**TICKET, "created_at": "yesterday"}),
        ("/tickets", {"subject": "x", "requester": "y"}),
        ("/tickets", []),
        ("/tickets/T/posts", {"author": "robot", "text": "x"}),
        ("/tickets/T/posts", {"author": "staff", "text": "x", "visibility": "secret"}),
        ("/webhooks", {"url": "ftp://example.com"}),
        ("/webhooks", {"url": "http://exam ple.com"}),
        ("/faults", {"times": 0}),
        ("/faults", {"times": 1, "status": 200}),
    ],
)
def test_a_malformed_value_is_refused(client: FlaskClient, path: str, body: object) -> None:
    assert refusal(call(client, "POST", path.replace("/T/", f"/{new(client)}/"), body)) == (422, "malformed")


@pytest.mark.parametrize(
    "change",
    [
        {"label": "Very Bad"},
        {"label": None},
        {"score": "-0.82"},
        {"score": -1.01},
        {"score": -0.825},
        {"score": True},
        {"trend": "sideways"},
        {"trend": None},
        {"prefix": "a b"},
        {"expected": 5},
        {"colour": "blue"},
    ],
)
def test_a_malformed_write_is_refused_alone_and_in_bulk(client: FlaskClient, change: dict[str, object]) -> None:
    ticket_id = new(client)
    wrong = {**WRITE, **change}
    assert refusal(call(client, "PUT", f"/tickets/{ticket_id}/sentiment", wrong)) == (422, "malformed")
    bulk = {"items": [{**WRITE, "ticket_id": ticket_id}, {**wrong, "ticket_id": ticket_id}]}
    assert refusal(call(client, "PUT", "/tickets/sentiment", bulk)) == (422, "malformed")
    assert ask(client, "GET", "/stats")["writes"] == 0


def test_a_write_must_say_what_it_expects(client: FlaskClient) -> None:
    write = {name: value for name, value in WRITE.items() if name != "expected"}
    assert refusal(call(client, "PUT", f"/tickets/{new(client)}/sentiment", write)) == (422, "malformed")


@pytest.mark.parametrize("count", [0, 101])
def test_a_bulk_write_takes_one_to_a_hundred_items(client: FlaskClient, count: int) -> None:
    items = [{**WRITE, "ticket_id": "T-1001"}] * count
    assert refusal(call(client, "PUT", "/tickets/sentiment", {"items": items})) == (422, "malformed")


def test_each_item_of_a_bulk_write_has_its_own_result(client: FlaskClient) -> None:
    good, closed, labelled = new(client), new(client), new(client)
    ask(client, "PUT", f"/tickets/{closed}/status", {"status": "closed"})
    ask(client, "PUT", f"/tickets/{labelled}/label", {"label": "positive"})
    ids = [good, closed, labelled, "T-9"]
    answer = ask(client, "PUT", "/tickets/sentiment", {"items": [{**WRITE, "ticket_id": name} for name in ids]})
    assert answer["items"] == [
        {"ticket_id": good, "status": "done"},
        {"ticket_id": closed, "status": "ticket_closed"},
        {"ticket_id": labelled, "status": "person", "label": "positive", "set_at": answer["items"][2]["set_at"]},
        {"ticket_id": "T-9", "status": "unknown_ticket"},
    ]


def test_nothing_about_a_closed_ticket_changes(client: FlaskClient) -> None:
    ticket_id = new(client)
    ask(client, "PUT", f"/tickets/{ticket_id}/status", {"status": "closed"})
    changes = [
        ("POST", "posts", {"author": "customer", "text": "x"}),
        ("PUT", "sentiment", WRITE),
        ("PUT", "label", {"label": "urgent"}),
        ("PUT", "status", {"status": "open"}),
    ]
    for method, what, body in changes:
        assert refusal(call(client, method, f"/tickets/{ticket_id}/{what}", body)) == (422, "ticket_closed")


def test_a_customers_post_opens_a_solved_ticket_again(client: FlaskClient) -> None:
    ticket_id = new(client)
    ask(client, "PUT", f"/tickets/{ticket_id}/status", {"status": "solved"})
    ask(client, "POST", f"/tickets/{ticket_id}/posts", {"author": "customer", "text": "Still broken"})
    assert ask(client, "GET", f"/tickets/{ticket_id}")["status"] == "open"


@pytest.mark.parametrize("path", ["/tickets/T-9", "/tickets/T-1001x", "/tickets/%20"])
def test_an_unknown_ticket_is_404(client: FlaskClient, path: str) -> None:
    assert refusal(call(client, "GET", path)) == (404, "unknown_ticket")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "cursor=x", "updated_since=x", "cursor=1~", "sort=score"]
)
def test_a_malformed_query_is_refused(client: FlaskClient, query: str) -> None:
    assert call(client, "GET", f"/tickets?{query}").status_code == 422


def test_a_listing_goes_on_where_its_page_ended(client: FlaskClient) -> None:
    ids = [new(client) for _ in range(5)]
    seen: list[str] = []
    query = "limit=2"
    while query:
        page = ask(client, "GET", f"/tickets?{query}")
        seen += [ticket["ticket_id"] for ticket in page["items"]]
        query = f"limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == ids


def test_a_listing_begins_at_the_time_asked_for(client: FlaskClient) -> None:
    new(client)
    now = ask(client, "GET", "/tickets?updated_since=2099-01-01T00:00:00Z")
    assert (now["items"], now["next_cursor"]) == ([], None)


def test_choosing_the_label_that_stands_changes_nothing(client: FlaskClient) -> None:
    ticket_id = new(client)
    ask(client, "PUT", f"/tickets/{ticket_id}/sentiment", WRITE)
    assert ask(client, "PUT", f"/tickets/{ticket_id}/label", {"label": "urgent"}) == {"changed": False}
    assert ask(client, "GET", f"/tickets/{ticket_id}")["sentiment"]["set_by"] == "bridge"


def test_the_feed_tells_posts_and_labels_in_order(client: FlaskClient) -> None:
    ticket_id = new(client)
    ask(client, "PUT", f"/tickets/{ticket_id}/sentiment", WRITE)
    feed = ask(client, "GET", "/feed")
    post, label = feed["items"]
    assert (post["kind"], post["ticket_id"], post["author"]) == ("post", ticket_id, "customer")
    assert (label["kind"], label["label"], label["score"], label["previous"]) == ("label", "urgent", -0.82, None)
    assert label["post_id"] == post["post_id"]
    assert 0 <= label["waited_ms"] < 60_000
    assert ask(client, "GET", f"/feed?after={post['n']}")["items"] == [label]
    assert ask(client, "GET", f"/feed?after={feed['last']}") == {"items": [], "last": feed["last"]}


def test_a_fault_meets_so_many_calls_of_its_kind(client: FlaskClient) -> None:
    ticket_id = new(client)
    ask(client, "POST", "/faults", {"times": 2, "on": "writes", "status": 503, "retry_after": 3})
    assert call(client, "GET", f"/tickets/{ticket_id}").status_code == 200
    for _ in range(2):
        reply = call(client, "PUT", f"/tickets/{ticket_id}/sentiment", WRITE)
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "3")
    assert ask(client, "GET", "/stats")["writes"] == 0
    ask(client, "PUT", f"/tickets/{ticket_id}/sentiment", WRITE)


def test_a_fault_after_the_work_loses_the_answer_alone(client: FlaskClient) -> None:
    ticket_id = new(client)
    ask(client, "POST", "/faults", {"times": 1, "when": "after", "status": 500})
    assert call(client, "PUT", f"/tickets/{ticket_id}/sentiment", WRITE).status_code == 500
    assert ask(client, "GET", "/stats")["writes"] == 1


def test_a_fault_can_be_ended(client: FlaskClient) -> None:
    ask(client, "POST", "/faults", {"times": 100, "status": 500})
    ask(client, "DELETE", "/faults")
    ask(client, "GET", "/tickets")


def test_a_reset_empties_all_but_the_webhooks_and_never_gives_an_id_twice(client: FlaskClient) -> None:
    ask(client, "POST", "/webhooks", {"url": "http://127.0.0.1:1/hook"})
    first = new(client)
    ask(client, "POST", "/reset")
    assert ask(client, "GET", "/tickets")["items"] == []
    assert ask(client, "GET", "/deliveries")["items"] == []
    assert len(ask(client, "GET", "/webhooks")["items"]) == 1
    assert new(client) != first


def test_a_webhooks_secret_is_shown_once(client: FlaskClient) -> None:
    made = call(client, "POST", "/webhooks", {"url": "http://127.0.0.1:1/hook"})
    again = call(client, "POST", "/webhooks", {"url": "http://127.0.0.1:1/hook"})
    assert made.json is not None
    assert again.json is not None
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json["secret"].startswith("whsec_")
    assert "secret" not in again.json
    assert made.json["secret"] not in json.dumps(ask(client, "GET", "/webhooks"))


def test_a_body_that_is_too_large_is_413(client: FlaskClient) -> None:
    assert call(client, "POST", "/tickets", {**TICKET, "text": "x" * 1_100_000}).status_code == 413


def test_the_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    database = Database(tmp_path / "data")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "data").iterdir()}
    database.close()
    assert set(modes.values()) == {0o600}
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


@given(
    body=st.binary(max_size=200), path=st.sampled_from(["/tickets", "/webhooks", "/faults", "/tickets/T-1001/posts"])
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hostile_bodies_are_refused(client: FlaskClient, body: bytes, path: str) -> None:
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    assert client.post(f"/api{path}", data=body, headers=headers).status_code == 422
