"""Old tickets: the day's run and the catch-up, on a helpdesk that lists its tickets."""

import datetime
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bridge import dry_run, runs, workspaces
from bridge.connector import Access, Backlog, Connector, Gone, Listed, Received, Target, TargetKind
from bridge.errors import Invalid
from bridge.model import Author, Message
from bridge.runtime import Runtime
from jobs import backfill
from tests import fakes
from tests.jobs.desk import Desk, Floor

PAGE = 5
DAY = datetime.date(2026, 11, 25)
NOON = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC).timestamp()
LAST_YEAR = time.time() - 365 * 86_400


class OldDesk(Desk):
    """A desk with tickets of last year, listed five a page. A page tells the words of even tickets only."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.names = [f"T-{number}" for number in range(count, 0, -1)]
        self.skip: dict[str, str] = {}

    def on_read(self, access: Access, target: Target) -> Received:
        self.read.append(target.name)
        self._enter()
        if target.kind is TargetKind.TICKET:
            if target.name not in self.names:
                raise Gone("deleted")
            return Received((self._message(target.name),))
        begin = self.names.index(target.name) + 1 if target.name else 0
        page = self.names[begin : begin + PAGE]
        more = len(self.names) - begin - len(page)
        return Received(backlog=Backlog(tuple(map(self._listed, page)), page[-1] if more else None, more))

    def _listed(self, name: str) -> Listed:
        told = int(name[2:]) % 2 == 0
        return Listed(name, (self._message(name),) if told else None, self.skip.get(name))

    def _message(self, name: str) -> Message:
        number = int(name[2:])
        return Message(name, f"m-{number}", Author.CUSTOMER, "c-1", f"This is broken, {number}", LAST_YEAR + number)


def listing(desk: Desk) -> Connector:
    made = desk.connector()
    return replace(made, capabilities=replace(made.capabilities, backlog=True))


@pytest.fixture
def old() -> OldDesk:
    return OldDesk(12)


@pytest.fixture
def house(runtime: Runtime, old: OldDesk) -> Iterator[Floor]:
    made = Floor(runtime, old, listing(old))
    yield made
    made.close()


def work(house: Floor) -> None:
    house.drain("read", "score", "writeback")
    runs.end_finished(house.runtime)


def shown(house: Floor, run: str) -> runs.Run:
    return runs.show(house.runtime, house.home.slug, run)


def test_a_catch_up_scores_and_writes_every_ticket_once(house: Floor, old: OldDesk) -> None:
    run = runs.begin(house.runtime, house.home.slug)
    work(house)
    done = shown(house, run.run)
    assert (done.state, done.found, done.scored, done.written) == ("done", 12, 12, 12)
    assert (done.pending, done.remaining) == (0, 0)
    assert {old.writes_of(name) for name in old.names} == {1}


def test_a_limit_takes_the_newest_and_the_next_run_goes_on_below(house: Floor, old: OldDesk) -> None:
    first = runs.begin(house.runtime, house.home.slug, 7)
    work(house)
    assert {row.ticket_id for row in house.tickets()} == set(old.names[:7])
    assert shown(house, first.run).found == 7
    second = runs.begin(house.runtime, house.home.slug, 7)
    work(house)
    done = shown(house, second.run)
    assert (done.found, done.skipped) == (5, {"scored": 2})
    assert len(house.tickets()) == 12


def test_what_is_remembered_is_not_asked_for_again(house: Floor, old: OldDesk) -> None:
    runs.begin(house.runtime, house.home.slug, 10)
    work(house)
    old.read.clear()
    runs.begin(house.runtime, house.home.slug, 10)
    work(house)
    assert old.read[0] == old.names[9]


def test_tickets_that_hold_nothing_to_score_are_counted_by_reason(house: Floor, old: OldDesk) -> None:
    old.skip = {"T-12": "spam", "T-11": "spam", "T-3": "by_staff"}
    run = runs.begin(house.runtime, house.home.slug)
    work(house)
    assert shown(house, run.run).skipped == {"spam": 2, "by_staff": 1}
    assert len(house.tickets()) == 9


def test_old_tickets_alert_nobody(house: Floor) -> None:
    runs.begin(house.runtime, house.home.slug)
    work(house)
    assert {row.origin for row in house.messages()} == {"backfill"}
    assert {row.escalated_by for row in house.tickets()} == {None}


def test_the_writes_carry_the_runs_name(house: Floor) -> None:
    run = runs.begin(house.runtime, house.home.slug)
    work(house)
    assert {row.run for row in house.writes()} == {run.run}


def test_a_second_run_waits_for_the_first(house: Floor) -> None:
    runs.begin(house.runtime, house.home.slug)
    with pytest.raises(Invalid, match="under way"):
        runs.begin(house.runtime, house.home.slug)


def test_a_cancelled_run_leaves_nothing_waiting(house: Floor) -> None:
    run = runs.begin(house.runtime, house.home.slug)
    house.drain("read")
    done = runs.cancel(house.runtime, house.home.slug, run.run)
    assert (done.state, done.pending) == ("cancelled", 0)
    work(house)
    assert house.tickets() == []


def test_a_workspace_that_is_off_begins_no_run(house: Floor) -> None:
    workspaces.set(house.runtime, house.home.slug, {"enabled": "off"})
    with pytest.raises(Invalid, match="off"):
        runs.begin(house.runtime, house.home.slug)
    assert backfill.begin_due(house.runtime, NOON) == 0


def test_a_run_stops_when_its_workspace_is_switched_off(house: Floor) -> None:
    run = runs.begin(house.runtime, house.home.slug)
    workspaces.set(house.runtime, house.home.slug, {"enabled": "off"})
    house.drain("read")
    assert shown(house, run.run).state == "stopped"
    assert house.messages() == []


def test_switched_on_again_it_begins_with_what_came_meanwhile(house: Floor, old: OldDesk) -> None:
    runs.begin(house.runtime, house.home.slug)
    work(house)
    workspaces.set(house.runtime, house.home.slug, {"enabled": "off"})
    old.names.insert(0, "T-13")
    workspaces.set(house.runtime, house.home.slug, {"enabled": "on"})
    run = runs.begin(house.runtime, house.home.slug)
    work(house)
    assert shown(house, run.run).found == 1


def test_the_days_run_takes_what_the_workspace_allows(house: Floor) -> None:
    workspaces.set(house.runtime, house.home.slug, {"backfill_daily": "4"})
    assert backfill.begin_due(house.runtime, NOON) == 1
    work(house)
    done = shown(house, f"{house.home.slug}-{DAY}")
    assert (done.kind, done.found, done.scored, done.remaining, done.days_left) == ("daily", 4, 4, 7, 2)


def test_no_day_is_run_twice(house: Floor) -> None:
    workspaces.set(house.runtime, house.home.slug, {"backfill_daily": "2"})
    begun = [backfill.begin_due(house.runtime, at) for at in (NOON, NOON + 60, NOON - 3600, NOON + 86_400, NOON)]
    assert begun == [1, 0, 0, 1, 0]


def test_before_its_time_of_day_nothing_begins(house: Floor) -> None:
    workspaces.set(house.runtime, house.home.slug, {"backfill_at": "12:30"})
    assert backfill.begin_due(house.runtime, NOON) == 0
    assert backfill.begin_due(house.runtime, NOON + 1800) == 1


def test_a_live_message_of_a_listed_ticket_is_written_as_live(house: Floor, old: OldDesk) -> None:
    runs.begin(house.runtime, house.home.slug)
    house.drain("read")
    body, headers = house.home.event([fakes.message("T-12", "m-live", text="I need this fixed NOW")])
    house.receiver.receive(house.home.hook, body, headers)
    work(house)
    row = next(row for row in house.tickets() if row.ticket_id == "T-12")
    assert (row.label, row.shown_message_id) == ("urgent", "m-live")


def test_a_dry_run_reads_what_a_run_would_and_stores_nothing(house: Floor, old: OldDesk) -> None:
    told = list(dry_run.unscored(house.runtime, house.home.slug, 7))
    assert [one.ticket for one in told] == old.names[:7]
    assert (house.messages(), house.reads(), house.tickets(), runs.listed(house.runtime, house.home.slug)) == (
        [],
        [],
        [],
        [],
    )


def test_a_dry_run_passes_over_what_is_scored(house: Floor, old: OldDesk) -> None:
    runs.begin(house.runtime, house.home.slug, 3)
    work(house)
    assert [one.ticket for one in dry_run.unscored(house.runtime, house.home.slug, 100)] == old.names[3:]
