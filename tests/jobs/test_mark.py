"""Tickets that need a person are marked in their helpdesk where a rule asks for it, once, and unmarked afterwards."""

import dataclasses
import json
import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from bridge import rules, tickets
from bridge.connector import Access, HelpdeskDown, Mark, WriteResult, WriteStatus
from bridge.runtime import Runtime
from bridge.store.tables import writes
from jobs.mark import mark
from tests.fakes import Home, scored

ANGRY = [{"name": "angry", "latest_below": -0.7, "actions": ["tag", "priority", "note"]}]


class Helpdesk:
    """Remembers what it was asked to show."""

    def __init__(self) -> None:
        self.asked: list[Mark] = []
        self.answer: Callable[[Mark], WriteResult] = lambda one: WriteResult(one.ticket_id, WriteStatus.DONE)

    def mark(self, _access: Access, one: Mark) -> WriteResult:
        self.asked.append(one)
        return self.answer(one)


@pytest.fixture
def desk(runtime: Runtime, home: Home, monkeypatch: pytest.MonkeyPatch) -> Helpdesk:
    made = Helpdesk()
    connector = dataclasses.replace(runtime.connectors["fake"], mark=made.mark)
    monkeypatch.setitem(runtime.connectors, "fake", connector)
    rules.change(runtime, home.slug, json.dumps(ANGRY))
    return made


def states(runtime: Runtime) -> list[str]:
    with runtime.database.read() as connection:
        return list(connection.execute(sa.select(writes.c.state).order_by(writes.c.id)).scalars())


def test_an_escalated_ticket_is_marked_once_with_its_trend_and_the_customers_pieces(
    runtime: Runtime, home: Home, desk: Helpdesk
) -> None:
    scored(runtime, home, "T-1", 40, -90)
    assert mark(runtime, time.time()) == 1
    assert mark(runtime, time.time()) == 0

    (one,) = desk.asked
    assert (one.ticket_id, one.on, one.raise_priority) == ("T-1", True, True)
    assert one.note is not None
    assert all(piece in one.note for piece in ("angry", "urgent", "-0.90", "declining ▆▁", "“broken”"))
    (write,) = tickets.one(runtime, home.slug, home.connection, "T-1").writes
    assert write.after.label == "urgent"


def test_after_its_recovery_the_mark_is_taken_away(runtime: Runtime, home: Home, desk: Helpdesk) -> None:
    scored(runtime, home, "T-1", -90)
    mark(runtime, time.time())
    scored(runtime, home, "T-1", 80, at=time.time() + 1)
    mark(runtime, time.time())

    assert [one.on for one in desk.asked] == [True, False]
    assert desk.asked[1].note is None
    assert mark(runtime, time.time()) == 0


def test_without_a_rule_that_asks_for_it_nothing_is_done(runtime: Runtime, home: Home, desk: Helpdesk) -> None:
    rules.change(runtime, home.slug, None)
    scored(runtime, home, "T-1", -90)
    mark(runtime, time.time())

    assert desk.asked == []


def test_a_helpdesk_that_is_away_is_asked_again_and_leaves_no_row(runtime: Runtime, home: Home, desk: Helpdesk) -> None:
    def away(_one: Mark) -> WriteResult:
        raise HelpdeskDown("no answer")

    desk.answer = away
    scored(runtime, home, "T-1", -90)
    mark(runtime, time.time())
    assert states(runtime) == []

    desk.answer = lambda one: WriteResult(one.ticket_id, WriteStatus.DONE)
    assert mark(runtime, time.time()) == 1
    assert states(runtime) == ["marked"]


def test_a_ticket_that_cannot_be_marked_is_left_alone(runtime: Runtime, home: Home, desk: Helpdesk) -> None:
    desk.answer = lambda one: WriteResult(one.ticket_id, WriteStatus.GONE, reason="closed")
    scored(runtime, home, "T-1", -90)
    mark(runtime, time.time())
    mark(runtime, time.time())

    assert (len(desk.asked), states(runtime)) == (1, ["skipped"])


def test_after_a_worker_died_the_helpdesk_is_asked_again(runtime: Runtime, home: Home, desk: Helpdesk) -> None:
    def die(_one: Mark) -> WriteResult:
        raise KeyboardInterrupt

    desk.answer = die
    scored(runtime, home, "T-1", -90)
    with pytest.raises(KeyboardInterrupt):
        mark(runtime, time.time())
    desk.answer = lambda one: WriteResult(one.ticket_id, WriteStatus.DONE)
    mark(runtime, time.time())

    assert states(runtime) == ["failed", "marked"]
