"""The desk's pages: what people see, and what other sites cannot do to them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from connectors.sandbox.desk.app import create
from connectors.sandbox.desk.database import Database
from connectors.sandbox.desk.looks import ago, curve_of, look_of, signed
from connectors.sandbox.desk.tickets import Mood

TOKEN = "a-token-for-the-desk"
OWN_PAGE = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    database = Database(tmp_path)
    yield create(database, TOKEN).test_client()
    database.close()


def send(client: FlaskClient, path: str, **fields: str) -> str:
    """Sends a form of the desk's own page; the address it leads to."""
    reply = client.post(path, data=fields, headers=OWN_PAGE)
    assert reply.status_code == 303, reply.text
    return reply.headers["location"]


def new(client: FlaskClient, text: str = "It does not print.", subject: str = "Printer") -> str:
    """The path of a new ticket's page."""
    return send(client, "/tickets", requester="Ana Silva", subject=subject, text=text)


def write(client: FlaskClient, page: str, label: str, score: float | None = None) -> None:
    body = {"label": label, "score": score, "trend": "declining", "prefix": "sentiment", "expected": None}
    reply = client.put(f"/api{page}/sentiment", json=body, headers={"authorization": f"Bearer {TOKEN}"})
    assert reply.status_code == 200, reply.text


def test_an_empty_desk_invites_to_write(client: FlaskClient) -> None:
    assert "No tickets yet" in client.get("/").text


def test_what_a_customer_types_becomes_a_ticket_that_waits_for_its_label(client: FlaskClient) -> None:
    page = client.get(new(client, text="One\r\nTwo")).text
    assert "Ana Silva" in page
    assert "One\nTwo" in page
    assert "Waiting" in page


def test_posts_of_all_three_kinds_appear_in_the_thread(client: FlaskClient) -> None:
    page = new(client)
    for kind, text in (("customer-public", "Hello?"), ("staff-public", "On it."), ("staff-internal", "Again him.")):
        assert send(client, f"{page}/posts", text=text, **{"as": kind}).startswith(f"{page}#post-")
    thread = client.get(page).text
    assert re.search(r'class="post staff internal".*?Again him\.', thread, re.DOTALL)
    assert all(text in thread for text in ("Hello?", "On it.", "Again him."))


def test_a_badge_has_word_face_score_and_trend(client: FlaskClient) -> None:
    page = new(client)
    write(client, page, "urgent", -0.82)
    for shown in (client.get(page).text, client.get("/").text):
        badge = re.search(r'<span class="badge tone-urgent">.*?</span></span>', shown, re.DOTALL)
        assert badge
        assert "<svg" in badge[0]
        assert "Urgent" in badge[0]
        assert "−0.82" in badge[0]  # noqa: RUF001 - a true minus sign
        assert "declining" in shown


def test_a_person_sets_the_label_with_the_drop_down(client: FlaskClient) -> None:
    page = new(client)
    write(client, page, "urgent", -0.82)
    send(client, f"{page}/label", label="positive")
    shown = client.get(page).text
    assert "sentiment_positive" in shown
    assert "label set by a person" in shown


def test_the_drop_down_offers_the_scale_that_the_bridge_writes(client: FlaskClient) -> None:
    page = new(client)
    assert 'value="urgent"' in client.get(page).text
    write(client, page, "very_negative", -0.9)
    assert 'value="very_positive"' in client.get(page).text
    assert 'value="urgent"' not in client.get(page).text


def test_a_label_that_is_not_offered_is_refused(client: FlaskClient) -> None:
    reply = client.post(f"{new(client)}/label", data={"label": "furious"}, headers=OWN_PAGE)
    assert reply.status_code == 422


def test_the_list_can_be_narrowed_to_one_label(client: FlaskClient) -> None:
    write(client, new(client, subject="Angry one"), "urgent", -0.9)
    write(client, new(client, subject="Happy one"), "positive", 0.9)
    shown = client.get("/?label=urgent").text
    assert "Angry one" in shown
    assert "Happy one" not in shown


def test_a_closed_ticket_has_no_box_to_write(client: FlaskClient) -> None:
    page = new(client)
    send(client, f"{page}/status", status="solved")
    send(client, f"{page}/status", status="closed")
    assert "<textarea" not in client.get(page).text


def test_what_cannot_be_sent_comes_back_with_the_reason_and_the_words(client: FlaskClient) -> None:
    fields = {"requester": "Ana", "subject": " ", "text": "My long story"}
    reply = client.post("/tickets", data=fields, headers=OWN_PAGE)
    assert reply.status_code == 422
    assert "subject: must be text" in reply.text
    assert "My long story" in reply.text


def test_an_unknown_ticket_is_said_in_words(client: FlaskClient) -> None:
    reply = client.get("/tickets/T-9")
    assert reply.status_code == 404
    assert "There is no such ticket" in reply.text


def test_words_of_customers_never_become_markup(client: FlaskClient) -> None:
    evil = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    page = new(client, text=evil, subject=evil)
    for path in (page, "/", "/live", f"/live{page}"):
        shown = client.get(path).text
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert "&lt;script&gt;alert" in shown


def test_the_live_part_is_sent_only_when_it_changed(client: FlaskClient) -> None:
    page = new(client)
    shown = client.get(page).text
    tag = re.search(r'data-tag="(.*?)">', shown)
    assert tag
    etag = {"if-none-match": tag[1].replace("&#34;", '"')}
    assert client.get(f"/live{page}", headers=etag).status_code == 304
    write(client, page, "urgent", -0.82)
    changed = client.get(f"/live{page}", headers=etag)
    assert changed.status_code == 200
    assert "tone-urgent" in changed.text
    assert changed.headers["etag"] != etag["if-none-match"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
    ],
)
def test_a_form_of_another_site_is_refused(client: FlaskClient, headers: dict[str, str]) -> None:
    fields = {"requester": "x", "subject": "y", "text": "z"}
    assert client.post("/tickets", data=fields, headers=headers).status_code == 403
    assert "No tickets yet" in client.get("/").text


def test_a_browser_that_only_sends_the_origin_may_write(client: FlaskClient) -> None:
    fields = {"requester": "x", "subject": "y", "text": "z"}
    assert client.post("/tickets", data=fields, headers={"origin": "http://localhost"}).status_code == 303


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:8091", "127.0.0.1.evil.example", "10.0.0.1"])
def test_a_foreign_name_that_points_here_opens_nothing(client: FlaskClient, host: str) -> None:
    for path in ("/", "/api/tickets", "/static/live.js"):
        assert client.get(path, headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:8091", "127.0.0.1:8091", "[::1]:8091", "localhost"])
def test_the_machines_own_names_open_the_desk(client: FlaskClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


def test_pages_run_no_script_but_their_own(client: FlaskClient) -> None:
    reply = client.get(new(client))
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", reply.text)


def test_pages_load_nothing_from_elsewhere(client: FlaskClient) -> None:
    for path in ("/", "/new", new(client), "/static/desk.css", "/static/live.js"):
        assert not re.search(r"(src|href|url|import)\W{1,3}(https?:)?//", client.get(path).text)


@pytest.mark.parametrize(("score", "text"), [(None, None), (0, "0.00"), (45, "+0.45"), (-100, "-1.00")])
def test_scores_are_said_with_their_sign(score: int | None, text: str | None) -> None:
    said = signed(score)
    assert (said and said.replace("\u2212", "-")) == text


def test_a_label_of_a_scale_of_ones_own_is_shown_by_its_name() -> None:
    assert look_of(Mood("quite_upset", -30, "stable", "bridge", 0.0)).word == "Quite upset"


def test_a_curve_needs_two_scores_and_rises_upwards() -> None:
    assert curve_of([-50]) is None
    curve = curve_of([-100, 100])
    assert curve
    assert curve.points == "4.0,24.0 92.0,4.0"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "just now"), (59, "just now"), (60, "1 min ago"), (7200, "2 h ago"), (172_800, "2 d ago")],
)
def test_times_are_said_roughly(seconds: float, text: str) -> None:
    assert ago(1000.0, 1000.0 + seconds) == text
