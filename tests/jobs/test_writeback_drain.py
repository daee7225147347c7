"""The write-back drain: each ticket's label lands once, and a crash, a person or trouble never makes it wrong."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from bridge import workspaces
from bridge.connector import (
    Access,
    HelpdeskDown,
    RateLimited,
    Refused,
    Seen,
    TicketWrite,
    WriteResult,
    WriteStatus,
)
from bridge.receive import Receiver
from bridge.runtime import Runtime
from bridge.store.queue import OWN_ERRORS
from bridge.store.tables import State
from jobs.helpdesk import OUTAGE_PAUSE, REFUSED_PAUSE
from tests import fakes
from tests.jobs.desk import Desk, Floor, label
from tests.waiting import eventually

URGENT, THANKS, QUESTION = "This is unacceptable", "Thanks!", "How do I do X?"


def scored(floor: Floor, *texts: str, ticket_id: str = "T-1") -> None:
    for text in texts:
        floor.says(text, ticket_id)
    floor.drain("score")


def test_a_scored_message_becomes_the_tickets_label(floor: Floor, desk: Desk) -> None:
    scored(floor, URGENT)
    floor.drain("writeback")
    shown = desk.shows["T-1"]
    assert shown is not None
    assert shown.label == "urgent"
    assert shown.score == floor.tickets()[0].score


def test_what_is_written_is_not_written_again(floor: Floor, desk: Desk) -> None:
    scored(floor, URGENT)
    floor.drain("writeback", "writeback")
    assert desk.written == [["T-1"]]


def test_many_tickets_are_one_call(floor: Floor, desk: Desk) -> None:
    for number in range(30):
        floor.says(URGENT, f"T-{number}")
    floor.drain("score", "writeback")
    assert [len(call) for call in desk.written] == [30]


def test_a_call_holds_no_more_tickets_than_the_helpdesk_takes(runtime: Runtime, desk: Desk) -> None:
    floor = Floor(runtime, desk, desk.connector(bulk_size=10))
    for number in range(25):
        floor.says(URGENT, f"T-{number}")
    floor.drain("score", "writeback")
    assert sorted(len(call) for call in desk.written) == [5, 10, 10]
    floor.close()


def test_one_connection_is_written_to_by_one_worker_at_a_time(floor: Floor, desk: Desk) -> None:
    desk.gate = threading.Event()
    scored(floor, URGENT)
    first, second = floor.engine("writeback"), floor.engine("writeback")
    first.look()
    scored(floor, URGENT, ticket_id="T-2")
    assert second.look() == 0
    desk.gate.set()
    eventually(lambda: not first._held, "the first call to end")
    second.run()
    eventually(lambda: desk.writes_of("T-2") == 1, "the second ticket")
    assert desk.most_at_once == 1


def test_a_ticket_that_changed_while_it_was_written_is_written_again(floor: Floor, desk: Desk) -> None:
    desk.gate = threading.Event()
    scored(floor, URGENT)
    engine = floor.engine("writeback")
    engine.look()
    floor.until_called(desk.written)
    scored(floor, THANKS)
    desk.gate.set()
    eventually(lambda: desk.writes_of("T-1") == 2, "the second write")
    eventually(lambda: not engine._held, "its end")
    shown = desk.shows["T-1"]
    assert shown is not None
    assert shown.label == "positive"


def test_while_the_workspace_is_off_nothing_is_written(floor: Floor, desk: Desk) -> None:
    scored(floor, URGENT)
    workspaces.set(floor.runtime, floor.home.slug, {"enabled": "off"})
    floor.drain("writeback")
    assert desk.written == []
    workspaces.set(floor.runtime, floor.home.slug, {"enabled": "on"})
    floor.drain("writeback")
    assert desk.written == [["T-1"]]


# People


def test_a_persons_label_is_left_alone_and_becomes_the_tickets(floor: Floor, desk: Desk) -> None:
    scored(floor, URGENT)
    desk.shows["T-1"] = label("neutral")
    floor.drain("writeback")
    assert desk.shows["T-1"] == label("neutral")
    assert (floor.tickets()[0].label, floor.messages()[0].label) == ("neutral", "neutral")
    assert [row.state for row in floor.writes()] == ["skipped"]


def test_a_persons_label_stands_until_the_next_customer_message(floor: Floor, desk: Desk) -> None:
    scored(floor, URGENT)
    desk.shows["T-1"] = label("neutral")
    floor.drain("writeback", "writeback")
    scored(floor, THANKS)
    floor.drain("writeback")
    shown = desk.shows["T-1"]
    assert shown is not None
    assert shown.label == "positive"


def test_among_many_only_the_ticket_that_a_person_labelled_is_held(floor: Floor, desk: Desk) -> None:
    for name in ("T-1", "T-2", "T-3"):
        floor.says(URGENT, name)
    floor.drain("score")
    desk.shows["T-2"] = label("positive")
    floor.drain("writeback")
    assert {name: shown and shown.label for name, shown in desk.shows.items()} == {
        "T-1": "urgent",
        "T-2": "positive",
        "T-3": "urgent",
    }


# Crashes


def killed_while_writing(floor: Floor, desk: Desk, then: Callable[[], None]) -> None:
    """A worker dies in its call; `then` says what the helpdesk made of it; another worker goes on."""
    desk.gate = threading.Event()
    scored(floor, URGENT)
    dying = floor.engine("writeback")
    dying.look()
    floor.until_called(desk.written)
    floor.kill(dying)
    # The call of the dead process ends without any effect: what it would have done is up to `then`.
    desk.errors.append(HelpdeskDown("nobody is there to hear it"))
    desk.gate.set()
    eventually(lambda: not desk.errors, "the dead call to end")
    desk.gate = None
    desk.written.clear()
    then()
    floor.drain("writeback")


def test_what_was_written_before_the_crash_is_not_written_again(floor: Floor, desk: Desk) -> None:
    def done() -> None:
        desk.shows["T-1"] = label("urgent", floor.tickets()[0].score)

    killed_while_writing(floor, desk, done)
    assert (desk.written, desk.looked) == ([], [["T-1"]])
    assert [row.state for row in floor.writes()] == ["done"]
    assert floor.tickets()[0].written_label == "urgent"


def test_what_was_not_written_before_the_crash_is_written_once(floor: Floor, desk: Desk) -> None:
    killed_while_writing(floor, desk, lambda: None)
    assert desk.written == [["T-1"]]
    assert [row.state for row in floor.writes()] == ["done"]


def test_a_label_that_a_person_set_during_the_crash_stands(floor: Floor, desk: Desk) -> None:
    def person() -> None:
        desk.shows["T-1"] = label("positive")

    killed_while_writing(floor, desk, person)
    assert [row.state for row in floor.writes()] == ["skipped"]
    assert desk.shows["T-1"] == label("positive")
    assert floor.tickets()[0].label == "positive"


def test_a_ticket_deleted_during_the_crash_rests(floor: Floor, desk: Desk) -> None:
    killed_while_writing(floor, desk, lambda: desk.gone.add("T-1"))
    assert desk.written == []
    assert floor.tickets()[0].state == State.SETTLED
    assert [row.state for row in floor.writes()] == ["skipped"]


def test_our_own_label_of_before_the_crash_is_not_taken_for_a_persons(floor: Floor, desk: Desk) -> None:
    def written_and_changed() -> None:
        desk.shows["T-1"] = label("urgent", floor.tickets()[0].score)
        scored(floor, THANKS)

    killed_while_writing(floor, desk, written_and_changed)
    shown = desk.shows["T-1"]
    assert shown is not None
    assert shown.label == "positive"
    assert floor.messages()[-1].corrected_by is None


def test_without_a_way_to_look_it_is_written_again(runtime: Runtime, desk: Desk) -> None:
    floor = Floor(runtime, desk, replace(desk.connector(), look=None))
    killed_while_writing(floor, desk, lambda: None)
    assert desk.written == [["T-1"]]
    floor.close()


# Trouble


def test_an_answer_that_was_lost_is_looked_for_and_nothing_written_twice(floor: Floor, desk: Desk) -> None:
    desk.lost.append(HelpdeskDown("timed out"))
    scored(floor, URGENT)
    floor.drain("writeback")
    floor.all_due()
    floor.drain("writeback")
    assert desk.written == [["T-1"]]
    assert floor.tickets()[0].written_label == "urgent"


@pytest.mark.parametrize(
    ("error", "pause"),
    [(RateLimited(90), 90), (HelpdeskDown("502"), OUTAGE_PAUSE), (Refused("the token is wrong"), REFUSED_PAUSE)],
)
def test_trouble_of_the_helpdesk_puts_all_its_tickets_off_and_counts_against_none(
    floor: Floor, desk: Desk, error: Exception, pause: float
) -> None:
    desk.errors.append(error)
    scored(floor, URGENT)
    scored(floor, URGENT, ticket_id="T-2")
    floor.drain("writeback")
    for row in floor.tickets():
        assert (row.state, row.worker_id, row.attempts) == (State.PENDING, None, 0)
        assert row.due_at - row.updated_at == pytest.approx(pause, abs=20)
    floor.all_due()
    floor.drain("writeback")
    assert set(desk.shows) == {"T-1", "T-2"}


def test_outages_and_refusals_show_as_the_connections_health_until_a_write_works(floor: Floor, desk: Desk) -> None:
    desk.errors.append(Refused("the token is wrong"))
    scored(floor, URGENT)
    floor.drain("writeback")
    assert (floor.connection().status, floor.connection().error) == ("failing", "writing: the token is wrong")
    floor.all_due()
    floor.drain("writeback")
    assert (floor.connection().status, floor.connection().error) == ("active", None)
    assert floor.connection().last_write_at is not None


def test_a_rate_limit_is_no_failure_of_the_connection(floor: Floor, desk: Desk) -> None:
    desk.errors.append(RateLimited(5))
    scored(floor, URGENT)
    floor.drain("writeback")
    assert (floor.connection().status, floor.connection().last_write_at) == ("active", None)


def test_a_refused_ticket_does_not_keep_others_out_and_ends_as_a_dead_letter(floor: Floor, desk: Desk) -> None:
    desk.refused.add("T-1")
    scored(floor, URGENT)
    scored(floor, URGENT, ticket_id="T-2")
    for _ in range(OWN_ERRORS):
        floor.drain("writeback")
        floor.all_due()
    bad, good = floor.tickets()
    assert (bad.state, bad.last_error, bad.attempts) == (State.DEAD, "a required field is empty", OWN_ERRORS)
    assert good.state == State.SETTLED
    assert desk.writes_of("T-2") == 1


def test_a_ticket_that_is_gone_is_not_asked_for_again(floor: Floor, desk: Desk) -> None:
    desk.gone.add("T-1")
    scored(floor, URGENT)
    floor.drain("writeback", "writeback")
    assert desk.written == [["T-1"]]
    assert floor.tickets()[0].state == State.SETTLED


def test_a_connector_that_answers_for_fewer_tickets_than_asked_loses_none(runtime: Runtime, desk: Desk) -> None:
    def short(access: Access, wanted: Sequence[TicketWrite]) -> list[WriteResult]:
        return list(desk.on_write(access, wanted))[:1]

    floor = Floor(runtime, desk, replace(desk.connector(), write=short))
    scored(floor, URGENT)
    scored(floor, URGENT, ticket_id="T-2")
    floor.drain("writeback")
    floor.all_due()
    floor.drain("writeback")
    assert all(row.written_label == "urgent" for row in floor.tickets())
    assert desk.written == [["T-1", "T-2"]]
    floor.close()


def test_a_helpdesk_that_asks_for_a_pause_is_called_for_no_ticket(floor: Floor, desk: Desk) -> None:
    desk.errors.append(RateLimited(90))
    scored(floor, URGENT)
    floor.drain("writeback")
    scored(floor, URGENT, ticket_id="T-2")
    floor.drain("writeback")
    assert desk.written == [["T-1"]]
    floor.all_due()
    floor.drain("writeback")
    assert set(desk.shows) == {"T-1", "T-2"}


def test_a_ticket_whose_end_is_not_seen_is_looked_at_and_keeps_no_other_from_ending(
    runtime: Runtime, desk: Desk
) -> None:
    def half_seen(access: Access, wanted: Sequence[TicketWrite]) -> list[WriteResult]:
        results = list(desk.on_write(access, wanted))
        return [WriteResult("T-1", WriteStatus.UNSURE) if one.ticket_id == "T-1" else one for one in results]

    floor = Floor(runtime, desk, replace(desk.connector(), write=half_seen))
    scored(floor, URGENT)
    scored(floor, URGENT, ticket_id="T-2")
    floor.drain("writeback")
    assert [(row.ticket_id, row.written_label) for row in floor.tickets()] == [("T-1", None), ("T-2", "urgent")]
    assert (floor.connection().status, floor.connection().error) == ("active", None)
    floor.all_due()
    floor.drain("writeback")
    assert (desk.written, desk.looked) == ([["T-1", "T-2"]], [["T-1"]])
    assert [row.written_label for row in floor.tickets()] == ["urgent", "urgent"]
    floor.close()


def test_what_an_event_saw_is_handed_to_the_write(floor: Floor, desk: Desk) -> None:
    handed: list[Seen | None] = []

    def listening(access: Access, wanted: Sequence[TicketWrite]) -> Sequence[WriteResult]:
        handed.extend(one.seen for one in wanted)
        return desk.on_write(access, wanted)

    told = Seen("T-1", None, "1")
    connector = replace(
        desk.connector(),
        write=listening,
        parse=lambda request, access: replace(fakes.FAKE.parse(request, access), seen=(told,)),
    )
    floor.runtime = replace(floor.runtime, connectors={"desk": connector})
    floor.receiver = Receiver(floor.runtime)
    scored(floor, URGENT)
    floor.drain("writeback")
    assert handed == [told]
