"""Taking a run back: helpdesks show what they showed before, and what others changed since stays."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bridge import runs, tickets, undo
from bridge.connector import HelpdeskDown
from bridge.errors import Invalid, NotFound
from bridge.runtime import Runtime
from tests import fakes
from tests.jobs.desk import Floor, label
from tests.jobs.test_backfill import OldDesk, listing, work


@pytest.fixture
def old() -> OldDesk:
    return OldDesk(4)


@pytest.fixture
def house(runtime: Runtime, old: OldDesk) -> Iterator[Floor]:
    made = Floor(runtime, old, replace(listing(old), clear=old.on_clear))
    yield made
    made.close()


@pytest.fixture
def run(house: Floor) -> str:
    """A run that has written all four tickets."""
    begun = runs.begin(house.runtime, house.home.slug)
    work(house)
    return begun.run


def live(house: Floor, ticket: str, text: str) -> None:
    house.receiver.receive(house.home.hook, *house.home.event([fakes.message(ticket, "m-live", text=text)]))
    house.drain("score", "writeback")


def test_every_ticket_shows_again_what_it_showed_before(house: Floor, old: OldDesk, run: str) -> None:
    done = undo.undo(house.runtime, run)
    assert (done.put_back, done.skipped) == (4, {})
    assert set(old.shows.values()) == {None}


def test_what_was_put_back_is_not_written_again(house: Floor, old: OldDesk, run: str) -> None:
    undo.undo(house.runtime, run)
    house.drain("writeback")
    assert set(old.shows.values()) == {None}


def test_a_new_customer_message_is_written_over_an_undo(house: Floor, old: OldDesk, run: str) -> None:
    undo.undo(house.runtime, run)
    live(house, "T-1", "Thank you so much, this is great!")
    shown = old.shows["T-1"]
    assert shown is not None
    assert shown.label == "positive"


def test_a_persons_label_stays(house: Floor, old: OldDesk, run: str) -> None:
    old.shows["T-2"] = label("urgent")
    done = undo.undo(house.runtime, run)
    assert (done.put_back, done.skipped) == (3, {"person": 1})
    assert old.shows["T-2"] == label("urgent")


def test_what_was_written_later_stays(house: Floor, old: OldDesk, run: str) -> None:
    live(house, "T-3", "Thank you so much, this is great!")
    done = undo.undo(house.runtime, run)
    assert (done.put_back, done.skipped) == (3, {"changed_since": 1})
    assert old.shows["T-3"] is not None


def test_a_second_undo_has_nothing_left_to_do(house: Floor, run: str) -> None:
    undo.undo(house.runtime, run)
    assert undo.undo(house.runtime, run).put_back == 0


def test_an_undo_that_was_cut_off_goes_on(house: Floor, old: OldDesk, run: str) -> None:
    old.errors.append(HelpdeskDown("no answer"))
    with pytest.raises(HelpdeskDown):
        undo.undo(house.runtime, run)
    assert undo.undo(house.runtime, run).put_back == 4


def test_the_log_tells_of_it(house: Floor, run: str) -> None:
    undo.undo(house.runtime, run)
    told = [(row.state, row.after) for row in house.writes() if row.run == f"undo:{run}"]
    assert told == [("done", "null")] * 4


def test_a_run_under_way_is_not_undone(house: Floor) -> None:
    begun = runs.begin(house.runtime, house.home.slug)
    with pytest.raises(Invalid, match="under way"):
        undo.undo(house.runtime, begun.run)


def test_a_run_that_never_was_is_said(house: Floor) -> None:
    with pytest.raises(NotFound, match="no run"):
        undo.undo(house.runtime, "nothing")


def test_the_tickets_history_shows_that_its_label_was_taken_away(house: Floor, run: str) -> None:
    undo.undo(house.runtime, run)
    shown = tickets.one(house.runtime, house.home.slug, house.home.connection, "T-1")
    assert [(one.before is None, one.after is None) for one in shown.writes] == [(True, False), (False, True)]
