"""A label of which the message was forgotten is taken away in the helpdesk."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bridge import forgetting, tickets
from bridge.connector import HelpdeskDown
from bridge.runtime import Runtime
from tests.jobs.desk import Desk, Floor, label

URGENT, THANKS = "This is unacceptable", "Thanks!"


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def floor(runtime: Runtime, desk: Desk) -> Iterator[Floor]:
    made = Floor(runtime, desk, replace(desk.connector(), clear=desk.on_clear))
    yield made
    made.close()


def shown(floor: Floor, text: str = URGENT) -> None:
    floor.says(text)
    floor.drain("score", "writeback")


def forgotten(floor: Floor) -> None:
    """All that the author wrote."""
    forgetting.forget_author(floor.runtime, floor.home.slug, "c-1")


def test_a_ticket_without_a_message_left_shows_no_label(floor: Floor, desk: Desk) -> None:
    shown(floor)
    forgotten(floor)
    floor.drain("writeback")
    assert desk.shows == {"T-1": None}
    assert floor.tickets() == []


def test_a_ticket_that_was_forgotten_whole_shows_no_label_and_leaves_nothing_here(floor: Floor, desk: Desk) -> None:
    shown(floor)
    forgetting.forget_ticket(floor.runtime, floor.home.slug, "T-1")
    floor.drain("writeback")
    assert desk.shows == {"T-1": None}
    assert (floor.tickets(), floor.messages(), floor.writes()) == ([], [], [])


def test_until_then_the_ticket_is_not_listed(floor: Floor) -> None:
    shown(floor)
    forgotten(floor)
    assert len(floor.tickets()) == 1
    assert list(tickets.listed(floor.runtime, floor.home.slug).tickets) == []


def test_a_label_that_a_person_set_since_stays(floor: Floor, desk: Desk) -> None:
    shown(floor)
    desk.shows["T-1"] = label("negative")
    forgotten(floor)
    floor.drain("writeback")
    assert desk.shows == {"T-1": label("negative")}
    assert floor.tickets() == []


def test_a_persons_label_that_is_known_is_not_touched(floor: Floor, desk: Desk) -> None:
    shown(floor)
    desk.shows["T-1"] = label("negative")
    shown(floor, THANKS)
    assert floor.tickets()[0].held_at is not None
    forgotten(floor)
    floor.drain("writeback")
    assert desk.shows == {"T-1": label("negative")}
    assert floor.tickets() == []


def test_a_helpdesk_that_is_down_is_asked_again(floor: Floor, desk: Desk) -> None:
    shown(floor)
    forgotten(floor)
    desk.errors.append(HelpdeskDown("no answer"))
    floor.drain("writeback")
    assert desk.shows["T-1"] is not None
    floor.all_due()
    floor.drain("writeback")
    assert desk.shows == {"T-1": None}


def test_a_first_write_whose_answer_was_lost_is_taken_back_too(floor: Floor, desk: Desk) -> None:
    desk.lost.append(HelpdeskDown("no answer"))
    shown(floor)
    forgotten(floor)
    floor.all_due()
    floor.drain("writeback")
    assert desk.shows == {"T-1": None}
    assert floor.tickets() == []


def test_where_labels_cannot_be_taken_away_the_ticket_is_let_go(runtime: Runtime, desk: Desk) -> None:
    floor = Floor(runtime, desk)
    shown(floor)
    forgotten(floor)
    floor.drain("writeback")
    assert desk.shows["T-1"] is not None
    assert floor.tickets() == []
    floor.close()


def test_the_log_tells_that_it_was_taken_away(floor: Floor) -> None:
    shown(floor)
    forgotten(floor)
    floor.drain("writeback")
    assert [(row.state, row.after == "null") for row in floor.writes()] == [("done", False), ("done", True)]
