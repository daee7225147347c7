"""A ticket's row is a pure function of its scored messages, whatever the order and the batches they settled in."""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.conversation import state_of
from bridge.model import Author, Origin, ScoredMessage, Sentiment, Trend
from bridge.scale import FOUR, label_of
from bridge.store import queue
from bridge.store.database import Database
from bridge.store.queue import PutOff
from bridge.store.tables import State, messages, tickets
from bridge.store.ticket_state import needs_write
from tests.databases import Postgres
from tests.scene import NOW, Scene, message
from tests.waiting import eventually

SCORES = st.one_of(st.none(), st.integers(-100, 100))
IDS = st.one_of(st.integers(0, 30).map(str), st.sampled_from(["a", "b", "m-1", "m-10", "m-9", "007", "10a"]))
WRITTEN = st.tuples(IDS, st.integers(0, 3).map(float), SCORES)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[ScoredMessage], list[list[tuple[int, Origin]]]]:
    """The messages of a ticket, and in which batches (by their places) and origins they come to be settled."""
    drawn = draw(st.lists(WRITTEN, min_size=1, max_size=9, unique_by=lambda one: one[0]))
    scored = [ScoredMessage(name, NOW + at, score, label_of(FOUR, score)) for name, at, score in drawn]  # type: ignore[arg-type]
    order = draw(st.permutations(range(len(scored))))
    origins = draw(st.lists(st.sampled_from([Origin.LIVE, Origin.BACKFILL]), min_size=len(order), max_size=len(order)))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=4)) | {len(order)})
    arriving = list(zip(order, origins, strict=True))
    return scored, [arriving[start:end] for start, end in zip([0, *cuts], cuts, strict=False)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories())
def test_any_order_and_any_batching_gives_the_same_ticket(
    scene: Scene, history: tuple[list[ScoredMessage], list[list[tuple[int, Origin]]]]
) -> None:
    scored, batches = history
    connection = scene.connection()
    for batch in batches:
        for place, origin in batch:
            one = scored[place]
            scene.arrive(connection, message("T-1", one.message_id, one.written_at), origin=origin)
        scores = {one.message_id: one.score for one in scored}
        names = {row.id: row.message_id for row in scene.rows(messages, messages.c.connection_id == connection)}
        scene.settle({row_id: scores[names[row_id]] for row_id in scene.claim()})
    row = scene.row(tickets, tickets.c.connection_id == connection)
    state = state_of(scored)
    assert state is not None
    assert (row.label, row.score, row.trend, row.direction, row.current_avg) == (
        state.label,
        state.score,
        state.trend,
        state.direction,
        state.current_avg,
    )
    assert (row.messages_scored, row.messages_unknown) == (state.messages_scored, state.messages_unknown)
    assert (row.shown_message_id, row.shown_written_at) == (state.shown_message_id, state.shown_written_at)
    assert row.state == State.PENDING
    live = any(origin is Origin.LIVE for batch in batches for _, origin in batch)
    assert (row.origin, row.bulk) == (("live", 0) if live else ("backfill", 1))


def test_messages_of_one_ticket_scored_at_once_by_two_workers_are_both_counted(postgres: Postgres) -> None:
    with postgres.fresh() as url:
        first, second = Scene(Database(url)), Scene(Database(url))
        connection = first.connection()
        first.arrive(connection, message("T-1"), message("T-1"))
        one, two = first.claim()
        with first.database.engine.connect() as open_transaction:
            first.settle_in(open_transaction, {one: 60})  # not committed yet
            other = threading.Thread(target=second.settle, args=({two: -80},))
            other.start()
            eventually(lambda: waits_for_a_lock(first), "the second worker to reach the ticket")
            open_transaction.commit()
            other.join(10)
        row = first.row(tickets)
        first.database.close()
        second.database.close()
    assert row.messages_scored == 2


def waits_for_a_lock(scene: Scene) -> bool:
    with scene.database.read() as connection:
        waiting = connection.exec_driver_sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(waiting.scalar_one())


def test_a_ticket_of_a_helpdesk_that_takes_no_labels_is_never_due(scene: Scene) -> None:
    scene.arrive(scene.connection(), message())
    scene.settle(dict.fromkeys(scene.claim(), -80), writes=False)
    row = scene.row(tickets)
    assert (row.label, row.state) == ("urgent", State.SETTLED)


def test_staff_messages_and_pending_ones_do_not_count(scene: Scene) -> None:
    connection = scene.connection()
    scene.arrive(connection, message(author=Author.STAFF, text=None))
    scene.score(connection, "T-1", 40)
    scene.arrive(connection, message(at=NOW + 9))
    assert scene.row(tickets).messages_scored == 1


def test_only_the_tickets_touched_are_computed_anew(scene: Scene) -> None:
    connection = scene.connection()
    scene.score(connection, "T-1", 40)
    scene.score(connection, "T-2", -80)
    assert [(row.ticket_id, row.label) for row in scene.rows(tickets)] == [("T-1", "neutral"), ("T-2", "urgent")]


def test_a_message_that_became_live_while_it_was_scored_makes_its_ticket_live(scene: Scene) -> None:
    connection = scene.connection()
    scene.arrive(connection, message("T-1", "m-1"), origin=Origin.BACKFILL)
    loaded = scene.load(*scene.claim())
    scene.arrive(connection, message("T-1", "m-1"), received_at=NOW + 1)
    scene.settle_loaded(loaded, -80)
    row = scene.row(tickets)
    assert (row.origin, row.bulk) == ("live", 0)


def test_bulk_messages_leave_a_live_ticket_live_until_it_is_written(scene: Scene) -> None:
    connection = scene.connection()
    scene.score(connection, "T-1", -80)
    scene.score(connection, "T-1", -90, at=NOW + 1, origin=Origin.BACKFILL)
    assert scene.row(tickets).bulk == 0
    scene.written(*scene.claim(table=tickets))
    scene.score(connection, "T-1", 90, at=NOW + 2, origin=Origin.BACKFILL)
    assert scene.row(tickets).bulk == 1


def test_a_claimed_ticket_stays_claimed_when_its_state_changes(scene: Scene) -> None:
    connection = scene.connection()
    scene.score(connection, "T-1", -80)
    scene.claim("worker", tickets)
    scene.score(connection, "T-1", 80, at=NOW + 1)
    row = scene.row(tickets)
    assert (row.label, row.state, row.worker_id) == ("positive", State.PENDING, "worker")


def test_a_ticket_that_is_put_off_is_not_written_earlier_because_it_changed(scene: Scene) -> None:
    connection = scene.connection()
    scene.score(connection, "T-1", -80)
    (row_id,) = scene.claim(table=tickets)
    scene.database.write(lambda c: queue.put_off(c, tickets, [PutOff(row_id, NOW + 300, "rate limit", False)]))
    scene.score(connection, "T-1", 80, at=NOW + 1)
    assert scene.row(tickets).due_at == NOW + 300


URGENT = Sentiment("urgent", -80, Trend.STABLE)  # type: ignore[arg-type]
UNKNOWN = Sentiment("unknown", None, Trend.STABLE)


@pytest.mark.parametrize(
    ("wanted", "last", "held_at", "due"),
    [
        pytest.param(URGENT, None, None, True, id="never written"),
        pytest.param(URGENT, URGENT, None, False, id="written already"),
        pytest.param(URGENT, Sentiment("urgent", -75, Trend.STABLE), None, True, id="another score"),  # type: ignore[arg-type]
        pytest.param(URGENT, Sentiment("urgent", -80, Trend.DECLINING), None, True, id="another trend"),  # type: ignore[arg-type]
        pytest.param(UNKNOWN, None, None, True, id="unknown on a ticket without a label"),
        pytest.param(UNKNOWN, URGENT, None, False, id="unknown never replaces a real label"),
        pytest.param(URGENT, UNKNOWN, None, True, id="a real label replaces unknown"),
        pytest.param(URGENT, None, NOW, False, id="held by a person who labelled after the message shown"),
        pytest.param(URGENT, None, NOW - 1, True, id="held until a message written later"),
    ],
)
def test_when_the_helpdesk_is_told(wanted: Sentiment, last: Sentiment | None, held_at: float | None, due: bool) -> None:
    assert needs_write(wanted, last, held_at, shown_written_at=NOW) is due
