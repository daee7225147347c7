"""A write: committed as open before the call, settled by what the helpdesk answers, read back after a crash."""

import pytest
import sqlalchemy as sa

from bridge.connector import LabelChange, WriteStatus
from bridge.model import Origin, Sentiment, Trend
from bridge.store import queue
from bridge.store.connections import disconnect
from bridge.store.queue import LEASE, PutOff
from bridge.store.tables import State, messages, tickets, writes
from bridge.store.ticket_state import from_json
from bridge.store.ticket_writes import PendingTicket
from tests.scene import NOW, Scene

LOST = NOW + LEASE + 1


@pytest.fixture
def connection(scene: Scene) -> str:
    return scene.connection()


def shows(label: str, score: int | None, trend: Trend = Trend.STABLE) -> Sentiment:
    return Sentiment(label, score, trend)  # type: ignore[arg-type]


def begun(scene: Scene, now: float = NOW, worker: str = "worker") -> PendingTicket:
    """The one ticket that is due, claimed and with its write open."""
    (one,) = scene.begin(*scene.claim(worker, tickets, now=now))
    return one


def test_a_write_is_open_before_the_helpdesk_is_called(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    one = begun(scene)
    assert (one.before, one.after, one.unsure) == (None, shows("urgent", -80), ())
    row = scene.row(writes)
    assert (row.state, row.before, from_json(row.after), row.origin) == ("sending", None, one.after, "live")
    assert row.cause == scene.row(messages).message_id


def test_what_was_written_lets_the_ticket_rest(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    scene.answer(begun(scene), now=NOW + 1)
    row = scene.row(tickets)
    assert (row.state, row.worker_id) == (State.SETTLED, None)
    assert (row.written_label, row.written_score, row.written_trend) == ("urgent", -80, "stable")
    assert (scene.row(writes).state, scene.row(writes).done_at) == ("done", NOW + 1)


def test_the_next_write_begins_from_what_was_written_last(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    scene.answer(begun(scene))
    scene.score(connection, "T-1", 60, at=NOW + 1)
    one = begun(scene)
    assert (one.before, one.after.label) == (shows("urgent", -80), "positive")


def test_a_ticket_that_changed_while_it_was_written_is_due_at_once(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    one = begun(scene)
    scene.score(connection, "T-1", 60, at=NOW + 1)
    scene.answer(one)
    again = begun(scene)
    assert (again.before, again.after.label) == (one.after, "positive")


def test_a_ticket_that_changed_and_changed_back_is_not_written_again(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    one = begun(scene)
    scene.score(connection, "T-1", None, at=NOW + 1)  # unknown: the ticket shows what it showed
    scene.answer(one)
    assert scene.claim(table=tickets) == []


def test_unknown_is_written_on_a_ticket_without_a_label_and_never_over_one(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", None)
    scene.answer(begun(scene))
    assert scene.row(tickets).written_label == "unknown"
    scene.score(connection, "T-1", -80, at=NOW + 1)
    scene.answer(begun(scene))
    scene.arrive(connection, LabelChange("T-1", "unknown", "agent", NOW + 2))
    assert scene.row(tickets).label == "unknown"
    assert scene.claim(table=tickets) == []


def test_a_ticket_that_is_gone_rests(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    scene.answer(begun(scene), WriteStatus.GONE, reason="deleted")
    row = scene.row(tickets)
    assert (row.state, row.worker_id, row.last_error, row.written_label) == (State.SETTLED, None, "deleted", None)
    assert scene.row(writes).state == "skipped"


def test_a_write_that_did_not_work_leaves_the_ticket_to_the_queue(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    one = begun(scene)
    scene.answer(one, WriteStatus.FAILED, reason="not now")
    row = scene.row(tickets)
    assert (row.state, row.worker_id, row.written_label) == (State.PENDING, "worker", None)
    assert (scene.row(writes).state, scene.row(writes).reason) == ("failed", "not now")


def later(scene: Scene, one: PendingTicket) -> None:
    """The helpdesk asks to wait: nothing was written."""
    scene.answer(one, WriteStatus.LATER)
    scene.database.write(lambda c: queue.put_off(c, tickets, [PutOff(one.row_id, NOW, "later", False)]))


def test_a_write_that_was_put_off_leaves_no_row_and_is_tried_anew(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    later(scene, begun(scene))
    assert scene.rows(writes) == []
    assert begun(scene).unsure == ()
    assert [row.state for row in scene.rows(writes)] == ["sending"]


def test_a_ticket_that_a_person_labelled_while_it_was_put_off_is_not_written(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    one = begun(scene)
    scene.arrive(connection, LabelChange("T-1", "neutral", "agent", NOW + 1))
    later(scene, one)
    assert scene.begin(*scene.claim(table=tickets)) == []
    row = scene.row(tickets)
    assert (row.state, row.worker_id, row.last_error) == (State.SETTLED, None, None)


def test_a_ticket_of_a_connection_that_is_gone_is_not_written(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    one = begun(scene)
    scene.database.write(lambda c: disconnect(c, connection))
    later(scene, one)
    assert scene.begin(*scene.claim(table=tickets)) == []
    assert scene.row(tickets).state == State.SETTLED


# A person's label that a write finds


def test_a_persons_label_that_a_write_finds_becomes_the_tickets_own(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    scene.answer(begun(scene), WriteStatus.PERSON, label="neutral", now=NOW + 5)
    row = scene.row(tickets)
    assert (row.label, row.score, row.state, row.worker_id) == ("neutral", -20, State.SETTLED, None)
    assert scene.row(messages).label == "neutral"
    assert (scene.row(writes).state, scene.row(writes).reason) == ("skipped", "neutral")


def test_a_persons_label_stands_until_a_newer_message_and_is_then_expected(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    scene.answer(begun(scene), WriteStatus.PERSON, label="neutral", now=NOW + 5)
    assert scene.claim(table=tickets, now=NOW + 99) == []
    scene.score(connection, "T-1", -90, at=NOW + 10)
    one = begun(scene)
    assert one.before is not None
    assert (one.before.label, one.after.label) == ("neutral", "urgent")


def test_a_label_older_than_the_newest_message_is_written_over(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -30, -80)
    scene.answer(begun(scene), WriteStatus.PERSON, label="positive", label_at=NOW + 0.5, now=NOW + 5)
    one = begun(scene, NOW + 5)
    assert one.before is not None
    assert (one.before.label, one.after.label) == ("positive", "urgent")
    assert [row.label for row in scene.rows(messages)] == ["positive", "urgent"]


def test_a_persons_label_stands_although_our_clock_is_behind_the_helpdesks(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80, at=NOW + 30)
    scene.answer(begun(scene), WriteStatus.PERSON, label="neutral", now=NOW)
    assert scene.row(messages).label == "neutral"
    assert scene.claim(table=tickets, now=NOW + 99) == []


def test_a_persons_label_of_no_bucket_is_written_over(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    scene.answer(begun(scene), WriteStatus.PERSON, label="made_up")
    one = begun(scene)
    assert one.before is not None
    assert one.before.label == "made_up"
    assert scene.row(messages).label == "urgent"


def test_a_label_told_of_while_our_write_was_under_way_is_what_the_helpdesk_shows(
    scene: Scene, connection: str
) -> None:
    scene.score(connection, "T-1", -80)
    one = begun(scene)
    scene.arrive(connection, LabelChange("T-1", "neutral", "agent", NOW + 1))
    scene.answer(one)  # it was written before the person changed it
    scene.score(connection, "T-1", -90, at=NOW + 10)
    again = begun(scene)
    assert again.before is not None
    assert again.before.label == "neutral"


# After a crash


def test_a_write_of_a_lost_worker_is_unsure_and_not_opened_twice(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    begun(scene)
    scene.free_lost(LOST)
    one = begun(scene, LOST, "other")
    assert one.unsure == (shows("urgent", -80),)
    assert [row.state for row in scene.rows(writes)] == ["sending"]


def test_an_unsure_write_that_is_settled_is_done(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    begun(scene)
    scene.free_lost(LOST)
    scene.answer(begun(scene, LOST, "other"))
    assert [row.state for row in scene.rows(writes)] == ["done"]
    scene.score(connection, "T-1", 60, at=NOW + 1)
    assert begun(scene, LOST).unsure == ()


def test_after_two_crashes_either_value_may_be_shown(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    begun(scene)
    scene.score(connection, "T-1", 60, at=NOW + 1)
    scene.free_lost(LOST)
    begun(scene, LOST)
    scene.score(connection, "T-1", 0, at=NOW + 2)
    scene.free_lost(LOST + LEASE + 1)
    one = begun(scene, LOST + LEASE + 1)
    assert one.after.label == "neutral"
    assert {sentiment.label for sentiment in one.unsure} == {"urgent", "positive"}
    assert len(open_writes(scene)) == 1


def test_an_unsure_ticket_is_looked_at_although_it_should_show_what_was_written_before(
    scene: Scene, connection: str
) -> None:
    scene.score(connection, "T-1", 60)
    scene.answer(begun(scene))
    scene.score(connection, "T-1", -80, at=NOW + 1)
    begun(scene)
    scene.free_lost(LOST)
    scene.score(connection, "T-1", 60, at=NOW + 2)
    one = begun(scene, LOST)
    assert one.before == one.after == shows("positive", 60)
    assert [sentiment.label for sentiment in one.unsure] == ["urgent"]


def test_an_unsure_ticket_that_a_person_labelled_rests(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    begun(scene)
    scene.free_lost(LOST)
    scene.arrive(connection, LabelChange("T-1", "positive", "agent", NOW + 2))
    assert scene.begin(*scene.claim(table=tickets, now=LOST)) == []
    scene.score(connection, "T-1", -80, at=NOW + 3)
    assert [sentiment.label for sentiment in begun(scene, LOST).unsure] == ["urgent"]


def test_an_unsure_ticket_that_became_unknown_keeps_its_real_label(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", 60)
    scene.answer(begun(scene))
    scene.score(connection, "T-1", -80, at=NOW + 1)
    begun(scene)
    scene.free_lost(LOST)
    scene.settle({row.id: None for row in scene.rows(messages)})  # scored anew
    assert begun(scene, LOST).after == shows("positive", 60)


def test_what_was_settled_after_a_crash_is_the_audit_rows_value(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    begun(scene)
    scene.score(connection, "T-1", 60, at=NOW + 1)
    scene.free_lost(LOST)
    one = begun(scene, LOST)
    scene.answer(one)
    done = [row for row in scene.rows(writes) if row.state == "done"]
    assert [from_json(row.after) for row in done] == [one.after]
    assert open_writes(scene) == []


# A write whose end nobody saw


def unsure(scene: Scene, one: PendingTicket) -> None:
    scene.answer(one, WriteStatus.UNSURE)
    scene.database.write(lambda c: queue.put_off(c, tickets, [PutOff(one.row_id, NOW, "not seen", False)]))


def test_a_write_whose_end_was_not_seen_stays_open_and_is_looked_into(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    unsure(scene, begun(scene))
    assert [row.state for row in scene.rows(writes)] == ["sending"]
    assert begun(scene).unsure == (shows("urgent", -80),)


def test_a_ticket_with_an_unseen_end_stays_due_although_it_should_show_what_was_written_before(
    scene: Scene, connection: str
) -> None:
    scene.score(connection, "T-1", 60)
    scene.answer(begun(scene))
    scene.score(connection, "T-1", -80, at=NOW + 1)
    unsure(scene, begun(scene))
    scene.score(connection, "T-1", 60, at=NOW + 2)
    one = begun(scene)
    assert one.before == one.after == shows("positive", 60)
    assert [sentiment.label for sentiment in one.unsure] == ["urgent"]


def test_a_dead_letter_with_an_open_write_is_due_again_with_the_next_message(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", 60)
    scene.answer(begun(scene))
    scene.score(connection, "T-1", -80, at=NOW + 1)
    begun(scene)
    bury = sa.update(tickets).values(state=int(State.DEAD), worker_id=None)
    scene.database.write(lambda c: c.execute(bury))
    scene.score(connection, "T-1", 60, at=NOW + 2)
    assert [sentiment.label for sentiment in begun(scene).unsure] == ["urgent"]


# Bulk work


@pytest.mark.parametrize(
    ("choice", "origin", "unsolved_only"),
    [
        ("open", Origin.BACKFILL, True),
        ("open", Origin.RESCORE, True),
        ("open", Origin.LIVE, False),
        ("all", Origin.BACKFILL, False),
    ],
)
def test_bulk_work_is_for_unsolved_tickets_only_unless_the_workspace_says_all(
    scene: Scene, choice: str, origin: Origin, unsolved_only: bool
) -> None:
    connection = scene.connection(scene.workspace(backfill_write=choice))
    scene.score(connection, "T-1", -80, origin=origin)
    assert begun(scene).unsolved_only is unsolved_only


def test_a_persons_correction_is_written_whatever_the_workspace_says_of_bulk_work(scene: Scene) -> None:
    connection = scene.connection(scene.workspace(backfill_write="none"))
    scene.score(connection, "T-1", -80, origin=Origin.CORRECTION)
    assert not begun(scene).unsolved_only


def test_bulk_work_of_a_workspace_that_wants_none_written_rests_until_a_live_message(scene: Scene) -> None:
    connection = scene.connection(scene.workspace(backfill_write="none"))
    scene.score(connection, "T-1", -80, origin=Origin.BACKFILL)
    assert scene.begin(*scene.claim(table=tickets)) == []
    assert scene.row(tickets).state == State.SETTLED
    scene.score(connection, "T-1", -80, at=NOW + 1)
    assert begun(scene).after.label == "urgent"


def open_writes(scene: Scene) -> list[sa.Row[*tuple[object, ...]]]:
    return [row for row in scene.rows(writes) if row.state == "sending"]
