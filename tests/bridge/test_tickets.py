"""Tickets as people and programs look at them."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from bridge import tickets, workspaces
from bridge.connector import WriteResult, WriteStatus
from bridge.errors import Invalid, NotFound
from bridge.model import Author, Trend
from bridge.receive import Receiver
from bridge.runtime import Runtime
from bridge.scale import FOUR
from bridge.store import ticket_writes
from bridge.store.tables import messages as message_table
from bridge.store.tables import tickets as ticket_table
from bridge.tickets import Filters, Order
from tests.fakes import SCORER, Home, message, scored

Score = Callable[..., list[str]]


@pytest.fixture
def score(runtime: Runtime, home: Home) -> Score:
    """Call it with a ticket and scores: new customer messages of it are settled with these."""
    return partial(scored, runtime, home)


def names(page: tickets.Page) -> list[str]:
    return [ticket.ticket_id for ticket in page.tickets]


def test_the_newest_update_comes_first(runtime: Runtime, home: Home, score: Score) -> None:
    for name in ("T-1", "T-2", "T-3", "T-1"):
        score(name, 10)

    assert names(tickets.listed(runtime, home.slug)) == ["T-1", "T-3", "T-2"]


def test_sorted_by_score_the_worst_comes_first_and_those_without_a_score_last(
    runtime: Runtime, home: Home, score: Score
) -> None:
    for name, value in (("none", None), ("best", 100), ("worst", -90), ("middle", 0)):
        score(name, value)

    assert names(tickets.listed(runtime, home.slug, order=Order.SCORE)) == ["worst", "middle", "best", "none"]


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_pages_show_every_ticket_once_and_in_order(
    runtime: Runtime, home: Home, score: Score, order: Order, limit: int
) -> None:
    for number, value in enumerate([5, -20, None, 5, 5, None, 90]):
        score(f"T-{number}", value)
    whole = names(tickets.listed(runtime, home.slug, order=order))

    paged: list[str] = []
    cursor: str | None = None
    while True:
        page = tickets.listed(runtime, home.slug, order=order, cursor=cursor, limit=limit)
        paged += names(page)
        assert len(page.tickets) <= limit
        cursor = page.next_cursor
        if cursor is None:
            break

    assert paged == whole
    assert len(set(whole)) == 7


def test_a_ticket_that_changes_between_two_pages_hides_none(runtime: Runtime, home: Home, score: Score) -> None:
    for number in range(4):
        score(f"T-{number}", 0)
    first = tickets.listed(runtime, home.slug, limit=2)
    score("T-3", 0)

    second = tickets.listed(runtime, home.slug, limit=2, cursor=first.next_cursor)

    assert (names(first), names(second)) == (["T-3", "T-2"], ["T-1", "T-0"])


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"label": "urgent"}, {"falling"}),
        ({"label": "unknown"}, {"silent"}),
        ({"trend": Trend.DECLINING}, {"falling"}),
        ({"trend": Trend.IMPROVING}, {"rising"}),
        ({"trend": Trend.STABLE}, {"silent"}),
        ({"label": "positive", "trend": Trend.DECLINING}, set()),
        ({"connection": "nobody"}, set()),
        ({"since": 4e9}, set()),
        ({"since": 0.0}, {"falling", "rising", "silent"}),
    ],
)
def test_filters(runtime: Runtime, home: Home, score: Score, filters: dict[str, Any], found: set[str]) -> None:
    score("falling", 60, -80)
    score("rising", -80, 60)
    score("silent", None)

    assert set(names(tickets.listed(runtime, home.slug, Filters(**filters)))) == found


def test_a_connection_is_a_filter(runtime: Runtime, home: Home, score: Score) -> None:
    score("T-1", 0)

    assert names(tickets.listed(runtime, home.slug, Filters(connection=home.connection))) == ["T-1"]


def test_since_takes_the_moment_itself_too(runtime: Runtime, home: Home, score: Score) -> None:
    score("T-1", 0)
    score("T-2", 0)
    newest, _ = tickets.listed(runtime, home.slug).tickets

    assert names(tickets.listed(runtime, home.slug, Filters(since=newest.updated_at))) == ["T-2"]


def test_escalated_tickets_can_be_told_from_the_others(runtime: Runtime, home: Home, score: Score) -> None:
    score("T-1", -100)
    score("T-2", 0)

    assert names(tickets.listed(runtime, home.slug, Filters(escalated=True))) == ["T-1"]
    assert names(tickets.listed(runtime, home.slug, Filters(escalated=False))) == ["T-2"]


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_page_has_1_to_200_tickets(runtime: Runtime, home: Home, limit: int) -> None:
    with pytest.raises(Invalid, match="limit"):
        tickets.listed(runtime, home.slug, limit=limit)


@pytest.mark.parametrize("cursor", ["", "x", "!!!", "W10", "bnVsbA", "é", "WyJ1IiwxZTk5OSwxXQ", "A" * 300])
def test_a_made_up_cursor_is_refused(runtime: Runtime, home: Home, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        tickets.listed(runtime, home.slug, cursor=cursor)


def test_a_cursor_of_another_order_is_refused(runtime: Runtime, home: Home, score: Score) -> None:
    for name in ("T-1", "T-2"):
        score(name, 0)
    cursor = tickets.listed(runtime, home.slug, limit=1).next_cursor

    with pytest.raises(Invalid, match="same sort"):
        tickets.listed(runtime, home.slug, limit=1, cursor=cursor, order=Order.SCORE)


def test_a_label_of_another_scale_is_refused(runtime: Runtime, home: Home) -> None:
    with pytest.raises(Invalid, match="positive, neutral, negative, urgent, unknown"):
        tickets.listed(runtime, home.slug, Filters(label="very_positive"))


def test_a_workspace_sees_its_own_tickets_only(
    runtime: Runtime, home: Home, score: Score, add_home: Callable[..., Home]
) -> None:
    score("T-1", 0)
    other = add_home()
    scored(runtime, other, "T-2", 0)

    assert names(tickets.listed(runtime, home.slug)) == ["T-1"]
    with pytest.raises(NotFound):
        tickets.one(runtime, other.slug, home.connection, "T-1")


def test_a_ticket_tells_where_its_conversation_goes(runtime: Runtime, home: Home, score: Score) -> None:
    score("T-1", 30, None, -10, -60)

    ticket = tickets.one(runtime, home.slug, home.connection, "T-1").ticket

    assert (ticket.label, ticket.score, ticket.trend) == ("negative", -60, Trend.DECLINING)
    assert (ticket.direction, ticket.current_avg) == (-90, -13)
    assert (ticket.messages_scored, ticket.messages_unknown) == (4, 1)


def test_a_ticket_tells_how_each_message_was_scored(runtime: Runtime, home: Home, score: Score) -> None:
    (name,) = score("T-1", -82)

    (told,) = tickets.one(runtime, home.slug, home.connection, "T-1").messages

    assert told.scored_at is not None
    assert dataclasses.replace(told, scored_at=None, written_at=0.0) == tickets.TicketMessage(
        message_id=name,
        author=Author.CUSTOMER,
        written_at=0.0,
        score=-82,  # type: ignore[arg-type]
        label="urgent",
        confidence=0.9,
        indicators=("broken",),
        caveats=("short",),
        scorer=SCORER,
        cached=False,
        scored_at=None,
        corrected_by=None,
        corrected_at=None,
    )


def test_a_score_known_from_before_is_told_as_cached(runtime: Runtime, home: Home, score: Score) -> None:
    score("T-1", 0)
    runtime.database.write(lambda connection: connection.execute(sa.update(message_table).values(cached=1)))

    (told,) = tickets.one(runtime, home.slug, home.connection, "T-1").messages

    assert told.cached


def test_messages_stand_in_the_order_of_writing_with_numbers_as_numbers(
    runtime: Runtime, home: Home, score: Score
) -> None:
    score("T-1", 0, at=1000.0)
    items = [message("T-1", name, written_at=2000.0) for name in ("10", "9", "a")]
    body, headers = home.event([*items, message("T-1", "first", written_at=500.0)])
    Receiver(runtime).receive(home.hook, body, headers)

    found = tickets.one(runtime, home.slug, home.connection, "T-1").messages

    assert [one.message_id for one in found if not one.message_id.startswith("m-")] == ["first", "9", "a", "10"]


def test_messages_of_staff_and_those_that_wait_have_no_label(runtime: Runtime, home: Home, score: Score) -> None:
    score("T-1", 0)
    body, headers = home.event([message("T-1", "answer", author="staff"), message("T-1", "waits")])
    Receiver(runtime).receive(home.hook, body, headers)

    found = {one.message_id: one for one in tickets.one(runtime, home.slug, home.connection, "T-1").messages}

    assert found["answer"].author is Author.STAFF
    assert [(found[name].label, found[name].scorer) for name in ("answer", "waits")] == [(None, None)] * 2


def test_messages_that_came_while_the_workspace_was_off_are_not_shown(
    runtime: Runtime, home: Home, score: Score
) -> None:
    score("T-1", 0)
    workspaces.set(runtime, home.slug, {"enabled": "off"})
    body, headers = home.event([message("T-1", "ignored")])
    Receiver(runtime).receive(home.hook, body, headers)

    found = tickets.one(runtime, home.slug, home.connection, "T-1").messages

    assert "ignored" not in [one.message_id for one in found]


def test_a_ticket_tells_what_was_written_into_the_helpdesk(runtime: Runtime, add_home: Callable[..., Home]) -> None:
    home = add_home(kind="writable")
    for value in (60, -80):
        scored(runtime, home, "T-1", value)
        _write_back(runtime)

    first, second = tickets.one(runtime, home.slug, home.connection, "T-1").writes

    assert (first.before, first.after.label) == (None, "positive")
    assert second.before == first.after
    assert (second.after.label, second.after.score, second.after.trend) == ("urgent", -80, Trend.DECLINING)
    assert first.at <= second.at


def _write_back(runtime: Runtime, status: WriteStatus = WriteStatus.DONE) -> None:
    with runtime.database.read() as connection:
        ids = list(connection.execute(ticket_table.select().with_only_columns(ticket_table.c.id)).scalars())
    begun = runtime.database.write(lambda connection: ticket_writes.begin_writes(connection, ids))
    for one in begun:
        written = ticket_writes.TicketWritten(one, one.after, WriteResult(one.ticket_id, status))
        runtime.database.write(partial(ticket_writes.settle_write, one=written, scale=FOUR, now=1000.0))


def test_a_write_that_did_not_happen_is_not_told(runtime: Runtime, add_home: Callable[..., Home]) -> None:
    home = add_home(kind="writable")
    scored(runtime, home, "T-1", 60)
    _write_back(runtime, WriteStatus.FAILED)

    assert tickets.one(runtime, home.slug, home.connection, "T-1").writes == []


@pytest.mark.parametrize("name", ["T-2", "", "T\x00", "T 1", "x" * 300])
def test_a_ticket_that_is_not_there_is_not_found(runtime: Runtime, home: Home, score: Score, name: str) -> None:
    score("T-1", 0)

    with pytest.raises(NotFound):
        tickets.one(runtime, home.slug, home.connection, name)
