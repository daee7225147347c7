"""What a helpdesk takes back is forgotten: no word, score or author stays, and nothing brings it back."""

import json

import pytest
import sqlalchemy as sa

from bridge.connector import Forgotten, WriteStatus
from bridge.model import Origin
from bridge.store import queue
from bridge.store.events import Event, EventType, insert_events
from bridge.store.tables import State, events, messages, read_requests, tickets, writes
from tests.scene import NOW, Scene, message, ticket


@pytest.fixture
def connection(scene: Scene) -> str:
    return scene.connection()


def forget(scene: Scene, connection: str, message_id: str | None, ticket_id: str = "T-1") -> tuple[int, int]:
    """How many things were accepted and how many known."""
    receipt = scene.arrive(connection, forgotten=[Forgotten(ticket_id, message_id)])
    return receipt.accepted, receipt.duplicates


def says(scene: Scene, connection: str, message_id: str, score: int, at: float = NOW) -> None:
    scene.arrive(connection, message("T-1", message_id, at))
    scene.settle(dict.fromkeys(scene.claim(), score))


def told(scene: Scene, connection: str, message_id: str) -> None:
    """Others were told of the ticket."""
    (workspace_id,) = {row.workspace_id for row in scene.rows(messages)}
    event = Event(
        workspace_id, EventType.SENTIMENT_CHANGED, Origin.LIVE, {}, NOW, connection, "T-1", message_id, "sealed words"
    )
    scene.database.write(lambda c: insert_events(c, [event]))


def test_nothing_of_a_forgotten_message_stays_but_its_ids(scene: Scene, connection: str) -> None:
    says(scene, connection, "m-1", -80)
    assert forget(scene, connection, "m-1") == (1, 0)
    row = scene.row(messages)
    assert (row.state, row.ticket_id, row.message_id) == (State.FORGOTTEN, "T-1", "m-1")
    for name in ("author_id", "text", "text_hash", "score", "label", "indicators", "caveats", "scorer", "seen"):
        assert getattr(row, name) is None


def test_the_ticket_shows_the_message_before_it_again(scene: Scene, connection: str) -> None:
    says(scene, connection, "m-1", 60)
    says(scene, connection, "m-2", -80, NOW + 1)
    scene.written(*scene.claim(table=tickets))
    forget(scene, connection, "m-2")
    (one,) = scene.begin(*scene.claim(table=tickets))
    assert one.before is not None
    assert (one.before.label, one.after.label, scene.row(tickets).messages_scored) == ("urgent", "positive", 1)


def test_a_ticket_without_another_message_is_gone_here(scene: Scene, connection: str) -> None:
    says(scene, connection, "m-1", -80)
    forget(scene, connection, "m-1")
    assert scene.rows(tickets) == []


def test_while_its_helpdesk_shows_the_label_it_waits_empty_for_that_to_be_taken_away(
    scene: Scene, connection: str
) -> None:
    says(scene, connection, "m-1", -80)
    scene.written(*scene.claim(table=tickets))
    forget(scene, connection, "m-1")
    row = scene.row(tickets)
    assert (row.state, row.messages_scored, row.label) == (State.PENDING, 0, "unknown")
    for name in ("score", "known_label", "first_score", "lowest_score", "shown_message_id", "newest_at", "earlier"):
        assert getattr(row, name) is None
    (one,) = scene.begin(*scene.claim(table=tickets))
    assert one.before is not None
    assert (one.before.label, one.after) == ("urgent", None)
    scene.answer(one)
    assert scene.rows(tickets) == []


@pytest.mark.parametrize("status", [WriteStatus.GONE, WriteStatus.PERSON])
def test_where_there_is_nothing_of_ours_to_take_away_nothing_is_kept(
    scene: Scene, connection: str, status: WriteStatus
) -> None:
    says(scene, connection, "m-1", -80)
    scene.written(*scene.claim(table=tickets))
    forget(scene, connection, "m-1")
    (one,) = scene.begin(*scene.claim(table=tickets))
    scene.answer(one, status, label="negative")
    assert scene.rows(tickets) == []


def test_what_a_customer_writes_meanwhile_is_written_over_it(scene: Scene, connection: str) -> None:
    says(scene, connection, "m-1", -80)
    scene.written(*scene.claim(table=tickets))
    forget(scene, connection, "m-1")
    (away,) = scene.begin(*scene.claim(table=tickets))
    says(scene, connection, "m-2", 60, NOW + 1)
    scene.answer(away)
    (one,) = scene.begin(*scene.claim(table=tickets))
    assert one.after is not None
    assert (one.before, one.after.label) == (None, "positive")


def test_the_audit_and_what_others_were_told_stay_without_the_words(scene: Scene, connection: str) -> None:
    says(scene, connection, "m-1", -80)
    scene.written(*scene.claim(table=tickets))
    told(scene, connection, "m-1")
    forget(scene, connection, "m-1")
    assert (scene.row(writes).state, scene.row(writes).cause) == ("done", None)
    assert {row.indicators for row in scene.rows(events)} == {None}


def test_a_late_event_of_it_brings_nothing_back(scene: Scene, connection: str) -> None:
    says(scene, connection, "m-1", -80)
    forget(scene, connection, "m-1")
    assert scene.arrive(connection, message("T-1", "m-1")).accepted == 0
    assert scene.claim() == []


def test_what_is_taken_back_before_it_came_does_not_come(scene: Scene, connection: str) -> None:
    assert forget(scene, connection, "m-1") == (1, 0)
    scene.arrive(connection, message("T-1", "m-1"))
    assert scene.claim() == []
    assert scene.rows(tickets) == []


def test_the_same_twice_is_known(scene: Scene, connection: str) -> None:
    says(scene, connection, "m-1", -80)
    forget(scene, connection, "m-1")
    assert forget(scene, connection, "m-1") == (0, 1)


def test_a_message_that_is_taken_back_while_it_is_scored_is_not_stored(scene: Scene, connection: str) -> None:
    scene.arrive(connection, message("T-1", "m-1"))
    (row_id,) = scene.claim("worker")
    forget(scene, connection, "m-1")
    assert scene.database.write(lambda c: queue.still_held(c, messages, "worker", [row_id])) == set()


def test_of_a_deleted_ticket_nothing_stays(scene: Scene, connection: str) -> None:
    says(scene, connection, "m-1", -80)
    scene.written(*scene.claim(table=tickets))
    told(scene, connection, "m-1")
    scene.arrive(connection, ticket("T-1"))
    scene.score(connection, "T-2", -80)
    assert forget(scene, connection, None) == (1, 0)
    for table in (messages, tickets, writes, events):
        assert {row.ticket_id for row in scene.rows(table)} <= {"T-2"}
    assert scene.rows(read_requests) == []
    assert forget(scene, connection, None) == (0, 1)


def test_a_ticket_that_is_deleted_while_it_is_written_is_let_go(scene: Scene, connection: str) -> None:
    says(scene, connection, "m-1", -80)
    ids = scene.claim("worker", tickets)
    scene.begin(*ids)
    forget(scene, connection, None)
    assert scene.database.write(lambda c: queue.still_held(c, tickets, "worker", ids)) == set()


def test_another_connections_ticket_of_the_same_id_stays(scene: Scene, connection: str) -> None:
    other = scene.connection()
    says(scene, other, "m-1", -80)
    forget(scene, connection, "m-1")
    forget(scene, connection, None)
    assert len(scene.rows(tickets)) == 1


def test_while_the_workspace_is_off_it_is_forgotten_too(scene: Scene) -> None:
    workspace = scene.workspace()
    connection = scene.connection(workspace)
    says(scene, connection, "m-1", -80)
    scene.switch(workspace, enabled=False)
    forget(scene, connection, "m-1")
    assert scene.row(messages).state == State.FORGOTTEN


def test_where_no_labels_are_taken_the_ticket_is_not_due(scene: Scene, connection: str) -> None:
    for number, score in enumerate((60, -80)):
        scene.arrive(connection, message("T-1", f"m-{number}", NOW + number))
        scene.settle(dict.fromkeys(scene.claim(), score), writes=False)
    forget(scene, connection, "m-1")
    assert (scene.row(tickets).label, scene.row(tickets).state) == ("positive", State.SETTLED)


def test_a_write_that_was_open_is_looked_into_when_the_customer_writes_again(scene: Scene, connection: str) -> None:
    says(scene, connection, "m-1", -80)
    (one,) = scene.begin(*scene.claim(table=tickets))
    scene.answer(one, WriteStatus.UNSURE)
    put_off = queue.PutOff(one.row_id, NOW, "nobody saw what became of it", own_error=False)
    scene.database.write(lambda c: queue.put_off(c, tickets, [put_off]))
    forget(scene, connection, "m-1")
    says(scene, connection, "m-2", 60, NOW + 1)
    (again,) = scene.begin(*scene.claim(table=tickets))
    assert [sentiment.label for sentiment in again.unsure] == ["urgent"]


def test_no_forgotten_word_is_left_anywhere(scene: Scene, connection: str) -> None:
    says(scene, connection, "m-1", -80)
    words = sa.update(messages).values(indicators="sealed words", text="sealed words", author_id="c-77")
    scene.database.write(lambda c: c.execute(words))
    told(scene, connection, "m-1")
    forget(scene, connection, "m-1")
    whole = json.dumps([[str(value) for value in row] for table in (messages, events) for row in scene.rows(table)])
    assert "sealed words" not in whole
    assert "c-77" not in whole
