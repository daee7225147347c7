"""The read drain: what a read request names is read and stored once, within what the helpdesk bears."""

import threading
import time
from typing import Any

import pytest
import sqlalchemy as sa

from bridge import connections, workspaces
from bridge.connector import (
    CHANGES,
    HelpdeskDown,
    LabelChange,
    RateLimited,
    Received,
    Refused,
    Target,
    TargetKind,
    Unreadable,
)
from bridge.model import Author, Message, Origin
from bridge.store.inbox import Arrival, store_arrivals
from bridge.store.queue import OWN_ERRORS
from bridge.store.tables import State, read_requests
from jobs.helpdesk import OUTAGE_PAUSE, REFUSED_PAUSE
from tests.jobs.desk import Desk, Floor
from tests.waiting import eventually


def wrote(message_id: str, text: str | None = "This is broken", age: float = 1, ticket_id: str = "T-1") -> Message:
    author = Author.STAFF if text is None else Author.CUSTOMER
    return Message(ticket_id, message_id, author, "a-1", text, time.time() - age)


def asks(floor: Floor, name: str = "T-1", kind: str = "ticket") -> None:
    """A live event that only names a ticket or a page."""
    floor.event(targets=[[kind, name]])


def asks_in_bulk(floor: Floor, name: str = "T-1") -> None:
    target = Target(TargetKind.TICKET, name)
    arrival = Arrival(
        floor.home.connection, floor.connection().revision, time.time(), Origin.BACKFILL, targets=(target,)
    )
    floor.runtime.database.write(lambda c: store_arrivals(c, [arrival]))


def test_the_messages_of_a_ticket_are_stored_and_the_request_is_gone(floor: Floor, desk: Desk) -> None:
    desk.pages["T-1"] = Received((wrote("1", "It hurts"), wrote("2", None)))
    asks(floor)
    floor.drain("read")
    customer, staff = floor.messages()
    assert floor.runtime.vault.decrypt(customer.text) == "It hurts"
    assert (customer.state, customer.origin, customer.bulk) == (State.PENDING, "live", 0)
    assert (staff.state, staff.text) == (State.KEPT, None)
    assert floor.reads() == []


def test_what_was_read_is_scored_and_written(floor: Floor, desk: Desk) -> None:
    desk.pages["T-1"] = Received((wrote("1"),))
    asks(floor)
    floor.drain("read", "score", "writeback")
    assert set(desk.shows) == {"T-1"}


def test_messages_known_already_are_stored_once(floor: Floor, desk: Desk) -> None:
    floor.says("This is broken", "T-1", "1")
    desk.pages["T-1"] = Received((wrote("1"), wrote("2")))
    asks(floor)
    floor.drain("read")
    assert [row.message_id for row in floor.messages()] == ["1", "2"]


def test_messages_older_than_alerts_may_be_are_bulk_work(floor: Floor, desk: Desk) -> None:
    desk.pages["T-1"] = Received((wrote("old", age=2 * 86_400), wrote("new", age=60)))
    asks(floor)
    floor.drain("read")
    assert {row.message_id: (row.origin, row.bulk) for row in floor.messages()} == {
        "old": ("backfill", 1),
        "new": ("live", 0),
    }


def test_what_a_backfill_reads_is_bulk_work_however_new(floor: Floor, desk: Desk) -> None:
    desk.pages["T-1"] = Received((wrote("1"),))
    asks_in_bulk(floor)
    floor.drain("read")
    assert [(row.origin, row.bulk) for row in floor.messages()] == [("backfill", 1)]


def test_two_requests_for_one_ticket_are_one_call_and_live_if_one_of_them_is(floor: Floor, desk: Desk) -> None:
    desk.pages["T-1"] = Received((wrote("1"),))
    two_requests(floor)
    floor.drain("read")
    assert desk.read == ["T-1"]
    assert [row.origin for row in floor.messages()] == ["live"]
    assert floor.reads() == []


def two_requests(floor: Floor) -> None:
    """One came back from a lost worker while a newer one waits already."""
    asks_in_bulk(floor)
    floor.execute(sa.update(read_requests).values(worker_id="lost"))
    asks(floor)
    floor.execute(sa.update(read_requests).values(worker_id=None))


def test_a_page_names_the_next_and_all_are_read(floor: Floor, desk: Desk) -> None:
    following = [Target(TargetKind.LISTING, name) for name in ("page 1", "page 2")]
    desk.pages["changes"] = Received(targets=(following[0],))
    desk.pages["page 1"] = Received((wrote("1"),), targets=(following[1],))
    desk.pages["page 2"] = Received((wrote("2", ticket_id="T-2"),))
    asks(floor, CHANGES.name, "listing")
    floor.drain("read")
    assert desk.read == ["changes", "page 1", "page 2"]
    assert len(floor.messages()) == 2


def test_labels_that_a_read_finds_are_taken_over(floor: Floor, desk: Desk) -> None:
    floor.says("This is unacceptable", "T-1", "1", written_at=time.time() - 60)
    floor.drain("score")
    desk.pages["T-1"] = Received(label_changes=(LabelChange("T-1", "positive", "agent", time.time()),))
    asks(floor)
    floor.drain("read")
    assert floor.tickets()[0].label == "positive"


def test_a_ticket_that_is_gone_is_answered(floor: Floor, desk: Desk) -> None:
    desk.gone.add("T-1")
    asks(floor)
    floor.drain("read")
    assert floor.reads() == floor.messages() == []


def test_while_the_workspace_is_off_reading_goes_on_and_no_words_are_kept(floor: Floor, desk: Desk) -> None:
    workspaces.set(floor.runtime, floor.home.slug, {"enabled": "off"})
    desk.pages["T-1"] = Received((wrote("1"),))
    asks(floor)
    floor.drain("read")
    assert desk.read == ["T-1"]
    assert [(row.state, row.text) for row in floor.messages()] == [(State.IGNORED, None)]


@pytest.mark.parametrize(
    ("error", "pause"),
    [(RateLimited(90), 90), (HelpdeskDown("502"), OUTAGE_PAUSE), (Refused("the token is wrong"), REFUSED_PAUSE)],
)
def test_trouble_of_the_helpdesk_puts_the_request_off_and_counts_not(
    floor: Floor, desk: Desk, error: Exception, pause: float
) -> None:
    desk.pages["T-1"] = Received((wrote("1"),))
    desk.errors.append(error)
    asks(floor)
    floor.drain("read")
    (row,) = floor.reads()
    assert (row.state, row.worker_id, row.attempts, row.last_error) == (State.PENDING, None, 0, str(error))
    assert row.due_at - row.created_at == pytest.approx(pause, abs=20)
    floor.all_due()
    floor.drain("read")
    assert len(floor.messages()) == 1


def test_a_failing_connection_is_well_again_once_a_read_works(floor: Floor, desk: Desk) -> None:
    desk.errors.append(HelpdeskDown("502"))
    asks(floor)
    floor.drain("read")
    assert (floor.connection().status, floor.connection().error) == ("failing", "reading: 502")
    floor.all_due()
    floor.drain("read")
    assert (floor.connection().status, floor.connection().error) == ("active", None)


def test_a_read_that_works_says_nothing_about_writing(floor: Floor, desk: Desk) -> None:
    floor.says("This is broken")
    desk.errors.append(Refused("may not write"))
    floor.drain("score", "writeback")
    asks(floor, "T-2")
    floor.drain("read")
    assert (floor.connection().status, floor.connection().error) == ("failing", "writing: may not write")


def test_an_answer_that_cannot_be_read_ends_as_a_dead_letter(floor: Floor, desk: Desk) -> None:
    asks(floor)
    for _ in range(OWN_ERRORS):
        desk.errors.append(Unreadable("posts", "is missing"))
        floor.drain("read")
        floor.all_due()
    (row,) = floor.reads()
    assert (row.state, row.last_error) == (State.DEAD, "posts: is missing")


def test_a_request_of_a_worker_that_died_is_read_again_and_each_message_stored_once(floor: Floor, desk: Desk) -> None:
    desk.pages["T-1"] = Received((wrote("1"),))
    desk.gate = threading.Event()
    asks(floor)
    dying = floor.engine("read")
    dying.look()
    floor.until_called(desk.read)
    floor.kill(dying)
    desk.gate.set()
    floor.drain("read")
    assert desk.read == ["T-1", "T-1"]
    assert len(floor.messages()) == 1
    assert floor.reads() == []


def test_a_request_that_came_while_the_ticket_was_read_is_read_anew(floor: Floor, desk: Desk) -> None:
    desk.gate = threading.Event()
    asks(floor)
    engine = floor.engine("read")
    engine.look()
    floor.until_called(desk.read)
    desk.pages["T-1"] = Received((wrote("2"),))
    asks(floor)
    desk.gate.set()
    floor.drain("read")
    eventually(lambda: len(desk.read) == 2 and floor.reads() == [], "the second read")
    assert [row.message_id for row in floor.messages()] == ["2"]


def test_what_was_read_of_a_connection_that_changed_meanwhile_is_read_again(floor: Floor, desk: Desk) -> None:
    desk.pages["T-1"] = Received((wrote("1"),))
    during(floor, desk, lambda: connections.connect(floor.runtime, floor.home.slug, "desk", {}, rotate=True))
    floor.drain("read")
    assert desk.read == ["T-1", "T-1"]
    assert len(floor.messages()) == 1


def test_what_was_read_of_a_connection_that_is_gone_is_thrown_away(floor: Floor, desk: Desk) -> None:
    desk.pages["T-1"] = Received((wrote("1"),))
    during(floor, desk, lambda: connections.disconnect(floor.runtime, floor.home.connection))
    floor.drain("read")
    assert desk.read == ["T-1"]
    assert floor.messages() == floor.reads() == []


def during(floor: Floor, desk: Desk, then: Any) -> None:
    """`then` happens while the ticket is read."""
    desk.gate = threading.Event()
    asks(floor)
    engine = floor.engine("read")
    engine.look()
    floor.until_called(desk.read)
    then()
    desk.gate.set()
    eventually(lambda: not engine._held, "the read to end")
