"""What an event says its ticket showed reaches the write; a ticket that does not show our label is looked at."""

import pytest

from bridge.connector import LabelChange, Seen, WriteStatus
from bridge.model import Author
from bridge.store.reads import pending_reads
from bridge.store.tables import State, messages, read_requests, tickets
from tests.scene import NOW, Scene, message, ticket

STAFF = {"author": Author.STAFF, "text": None}


@pytest.fixture
def connection(scene: Scene) -> str:
    return scene.connection()


def saw(label: str | None, stamp: str = "1", ticket_id: str = "T-1") -> list[Seen]:
    return [Seen(ticket_id, label, stamp)]


def written(scene: Scene, connection: str, score: int = -80) -> None:
    """A ticket that shows our label."""
    scene.score(connection, "T-1", score)
    scene.written(*scene.claim(table=tickets))


def test_what_a_messages_event_saw_reaches_the_write_of_its_ticket(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80, seen=saw(None, "7"))
    (one,) = scene.begin(*scene.claim(table=tickets))
    assert one.seen == Seen("T-1", None, "7")
    assert scene.row(messages).seen is None


def test_of_several_messages_the_latest_stamp_counts_in_any_order(scene: Scene, connection: str) -> None:
    scene.arrive(connection, message(), seen=saw(None, "8"))
    scene.arrive(connection, message(), seen=saw("neutral", "7"))
    scene.settle(dict.fromkeys(scene.claim(), -80))
    scene.score(connection, "T-1", -90, seen=saw("positive", "6"))
    (one,) = scene.begin(*scene.claim(table=tickets))
    assert one.seen == Seen("T-1", None, "8")


def test_what_was_seen_of_another_ticket_is_not_taken_for_this_one(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80, seen=saw(None, ticket_id="T-2"))
    (one,) = scene.begin(*scene.claim(table=tickets))
    assert one.seen is None


def test_after_our_write_it_is_no_longer_true(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80, seen=saw(None))
    scene.written(*scene.claim(table=tickets))
    row = scene.row(tickets)
    assert (row.seen_label, row.seen_stamp) == (None, None)


def test_what_was_seen_while_we_wrote_is_kept_and_looked_into(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80, seen=saw(None, "1"))
    (one,) = scene.begin(*scene.claim(table=tickets))
    scene.score(connection, "T-1", -80, at=NOW + 1, seen=saw(None, "2"))
    scene.answer(one)
    (again,) = scene.begin(*scene.claim(table=tickets))
    assert again.seen == Seen("T-1", None, "2")
    scene.answer(again)
    assert scene.claim(table=tickets) == []


def test_a_write_that_comes_later_still_knows_it(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80, seen=saw(None))
    (one,) = scene.begin(*scene.claim(table=tickets))
    scene.answer(one, WriteStatus.LATER)
    assert scene.row(tickets).seen_stamp == "1"


def test_a_message_that_changes_nothing_makes_nothing_due_where_our_label_stands(scene: Scene, connection: str) -> None:
    written(scene, connection)
    scene.score(connection, "T-1", -80, at=NOW + 1, seen=saw("urgent"))
    assert scene.claim(table=tickets) == []


def test_a_message_that_changes_nothing_has_its_ticket_looked_at_where_another_label_stands(
    scene: Scene, connection: str
) -> None:
    written(scene, connection)
    scene.score(connection, "T-1", -80, at=NOW + 1, seen=saw("positive"))
    (one,) = scene.begin(*scene.claim(table=tickets))
    assert (one.before, one.seen) == (one.after, Seen("T-1", "positive", "1"))


def test_an_unknown_message_does_not_hide_that_another_label_stands(scene: Scene, connection: str) -> None:
    written(scene, connection)
    scene.score(connection, "T-1", None, at=NOW + 1, seen=saw("positive"))
    (one,) = scene.begin(*scene.claim(table=tickets))
    assert one.after.label == "urgent"


def test_a_staff_reply_whose_event_shows_another_label_has_its_ticket_looked_at(scene: Scene, connection: str) -> None:
    written(scene, connection)
    receipt = scene.arrive(connection, message(**STAFF), seen=saw("positive"))
    assert "writeback" in receipt.wakes
    (one,) = scene.begin(*scene.claim(table=tickets, now=NOW + 10**9))
    assert one.seen == Seen("T-1", "positive", "1")


@pytest.mark.parametrize("label", ["urgent", None])
def test_a_label_that_is_gone_is_looked_into_and_our_own_is_not(
    scene: Scene, connection: str, label: str | None
) -> None:
    written(scene, connection)
    scene.arrive(connection, message(**STAFF), seen=saw(label))
    assert scene.row(tickets).state == (State.SETTLED if label else State.PENDING)


def test_of_a_ticket_that_was_never_written_a_staff_reply_tells_nothing(scene: Scene, connection: str) -> None:
    scene.arrive(connection, message(**STAFF), seen=saw("positive"))
    assert scene.rows(tickets) == []


def test_a_persons_label_that_we_know_of_is_not_looked_into(scene: Scene, connection: str) -> None:
    written(scene, connection)
    scene.arrive(connection, LabelChange("T-1", "positive", "agent", NOW + 1))
    scene.arrive(connection, message(**STAFF), seen=saw("neutral"))
    assert scene.row(tickets).state == State.SETTLED


def test_two_events_in_one_transaction_and_the_same_twice_make_one_ticket_due(scene: Scene, connection: str) -> None:
    written(scene, connection)
    one = scene.arrival(connection, message(**STAFF), seen=saw("positive", "3"))
    other = scene.arrival(connection, message(**STAFF), seen=saw("neutral", "2"))
    scene.store(one, other, one)
    row = scene.row(tickets)
    assert (row.state, row.seen_label) == (State.PENDING, "positive")


def test_a_read_request_hands_what_was_seen_to_the_messages_that_it_brings(scene: Scene, connection: str) -> None:
    scene.arrive(connection, ticket("T-1"), seen=saw(None, "5"))
    (request,) = scene.database.write(lambda c: pending_reads(c, [scene.row(read_requests).id]))
    assert request.seen == Seen("T-1", None, "5")
