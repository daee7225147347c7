"""The demo's page: the numbers of one workspace, for everybody who reaches the server."""

import re
import time
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from bridge.runtime import Runtime
from bridge.web.app import create_app
from bridge.web.looks import ago, look_of, signed
from tests.fakes import Home, scored


@pytest.fixture
def demo(runtime: Runtime, home: Home) -> FlaskClient:
    return create_app(runtime, demo=home.slug).test_client()


@pytest.mark.parametrize("path", ["/demo", "/demo/part"])
def test_without_a_demo_there_is_no_page(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_front_leads_to_the_page(demo: FlaskClient) -> None:
    answer = demo.get("/")

    assert (answer.status_code, answer.location) == (302, "/demo")


def test_before_the_first_label_the_page_says_so(demo: FlaskClient) -> None:
    answer = demo.get("/demo")

    assert answer.status_code == 200
    assert "No ticket has a label yet" in answer.text


def test_a_workspace_that_is_not_there_yet_is_an_empty_page(runtime: Runtime) -> None:
    answer = create_app(runtime, demo="demo").test_client().get("/demo")

    assert "No ticket has a label yet" in answer.text


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_the_page_shows_numbers_labels_and_tickets(demo: FlaskClient, runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", 60, 0, -80)
    scored(runtime, home, "T-2", None)

    shown = words(demo.get("/demo").text)

    assert "Average mood −0.07" in shown  # noqa: RUF001  a true minus sign
    assert "Negative tickets 1" in shown
    assert "Declining 1" in shown
    assert "Messages 4" in shown
    assert "Positive 1 25 %" in shown
    assert "Unknown 1 25 %" in shown
    assert "Urgent −0.80 T-1 3 messages · just now declining" in shown  # noqa: RUF001  a true minus sign
    assert "Unknown T-2 1 message · just now stable" in shown


def test_the_bar_is_divided_by_the_number_of_messages(demo: FlaskClient, runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", 60, 60, 60, -80)

    bar = re.search(r'<svg class="bar".*?</svg>', demo.get("/demo/part").text, re.DOTALL)

    assert bar is not None
    parts = [(float(one.attrib["x"]), float(one.attrib["width"])) for one in ElementTree.fromstring(bar[0])]
    (first, wide), (second, narrow) = parts
    assert first == 0
    assert wide == pytest.approx(3 * narrow, abs=0.5)
    assert second + narrow == pytest.approx(600, abs=0.5)


def test_names_from_outside_are_shown_as_text(demo: FlaskClient, runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "<script>alert(1)</script>", -80)

    assert "<script>alert" not in demo.get("/demo").text


def test_what_has_not_changed_is_not_sent_again(demo: FlaskClient, runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", 0)
    first = demo.get("/demo/part")
    tag = {"If-None-Match": first.headers["ETag"]}

    same = demo.get("/demo/part", headers=tag)
    scored(runtime, home, "T-2", -80)
    changed = demo.get("/demo/part", headers=tag)

    assert (same.status_code, same.data) == (304, b"")
    assert changed.status_code == 200
    assert "T-2" in changed.text


def test_the_page_knows_the_tag_of_the_part_it_shows(demo: FlaskClient, runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", 0)
    page = re.search(r'data-tag="(\w+)"', demo.get("/demo").text)

    assert page is not None
    assert demo.get("/demo/part").headers["ETag"] == f'"{page[1]}"'


def test_the_page_brings_nothing_inline_and_nothing_from_elsewhere(
    demo: FlaskClient, runtime: Runtime, home: Home
) -> None:
    scored(runtime, home, "T-1", 0)
    answer = demo.get("/demo")

    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on\w+=|https?://", answer.text)


def test_everything_the_page_names_is_there(demo: FlaskClient) -> None:
    names = set(re.findall(r'(?:href|src)="(/[^"]*)"', demo.get("/demo").text))

    assert len(names) == 3
    assert {name: demo.get(name).status_code for name in names} == dict.fromkeys(names, 200)


def test_the_page_only_shows(demo: FlaskClient) -> None:
    assert demo.post("/demo").status_code == 405


@pytest.mark.parametrize("label", ["positive", "very_negative", "unknown", "good_enough"])
def test_every_label_has_a_word_and_a_face(label: str) -> None:
    look = look_of(label)

    assert look.word == label.replace("_", " ").capitalize()
    assert look.face


@pytest.mark.parametrize(
    ("score", "text"),
    [(45, "+0.45"), (0, "0.00"), (-82, "−0.82"), (100, "+1.00"), (None, "–")],  # noqa: RUF001
)
def test_scores_carry_their_sign(score: int | None, text: str) -> None:
    assert signed(score) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "just now"), (-5, "just now"), (60, "1 min ago"), (7200, "2 h ago"), (259_200, "3 d ago")]
)
def test_times_are_told_roughly(seconds: float, text: str) -> None:
    now = time.time()

    assert ago(now - seconds, now) == text
