"""Marking tickets on the real desk, over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from bridge.connector import Access, Mark, WriteStatus
from connectors.sandbox.escalation import mark
from tests.connectors.sandbox_access import access_to
from tests.hosts.sandbox import Desk, running_desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with running_desk(tmp_path_factory.mktemp("desk")) as running:
        yield running


@pytest.fixture
def access(desk: Desk) -> Access:
    return access_to(desk.url, desk.token)


def ticket(desk: Desk, ticket_id: str) -> Any:
    headers = {"authorization": f"Bearer {desk.token}"}
    return requests.get(f"{desk.url}/api/tickets/{ticket_id}", headers=headers, timeout=10).json()


def test_a_mark_is_a_tag_and_one_internal_note_however_often_it_is_asked_for(desk: Desk, access: Access) -> None:
    ticket_id = desk.create_ticket("This is unacceptable")
    wanted = Mark(ticket_id, on=True, note="needs a person")
    assert [mark(access, wanted).status for _ in range(2)] == [WriteStatus.DONE] * 2

    shown = ticket(desk, ticket_id)
    assert "sentiment_escalated" in shown["tags"]
    assert [post["text"] for post in shown["posts"] if post["visibility"] == "internal"] == ["needs a person"]


def test_a_recovery_takes_the_tag_away_and_no_other(desk: Desk, access: Access) -> None:
    ticket_id = desk.create_ticket("This is unacceptable")
    before = ticket(desk, ticket_id)["tags"]
    mark(access, Mark(ticket_id, on=True))
    mark(access, Mark(ticket_id, on=False))

    assert ticket(desk, ticket_id)["tags"] == before


def test_a_ticket_that_is_gone_is_told_as_such(access: Access) -> None:
    assert mark(access, Mark("T-999999", on=True)).status is WriteStatus.GONE
