"""What becomes of claimed rows: their worker lives, is lost, comes back, puts them off or gives them back."""

import pytest
import sqlalchemy as sa

from bridge.model import Author
from bridge.store import queue
from bridge.store.queue import LEASE, OWN_ERRORS, WORKER_DEATHS, PutOff, backoff
from bridge.store.tables import State, deliveries, messages, read_requests, tickets, workers
from tests.scene import NOW, Scene, message, ticket

AFTER = NOW + LEASE + 0.1


@pytest.fixture
def row_id(scene: Scene) -> int:
    """A message held by `worker` since NOW."""
    scene.arrive(scene.connection(), message())
    (claimed,) = scene.claim("worker")
    return claimed


def held(scene: Scene, worker: str, *ids: int, table: sa.Table = messages) -> set[int]:
    return scene.database.write(lambda c: queue.still_held(c, table, worker, ids))


def put_off(scene: Scene, *rows: PutOff, table: sa.Table = messages) -> None:
    scene.database.write(lambda c: queue.put_off(c, table, rows))


def test_rows_of_a_living_worker_stay_its_own(scene: Scene, row_id: int) -> None:
    assert scene.free_lost(NOW + LEASE) == 0
    assert held(scene, "worker", row_id) == {row_id}


def test_a_renewed_lease_runs_from_the_renewal(scene: Scene, row_id: int) -> None:
    scene.database.write(lambda c: queue.hold_lease(c, "worker", "score", "host", 1, NOW + 8))
    assert scene.free_lost(AFTER) == 0
    assert scene.free_lost(NOW + 8 + LEASE + 0.1) == 1


def test_rows_of_a_lost_worker_are_due_at_once(scene: Scene, row_id: int) -> None:
    assert scene.free_lost(AFTER) == 1
    assert scene.claim("other", now=AFTER) == [row_id]


def test_a_lost_worker_is_forgotten(scene: Scene, row_id: int) -> None:
    scene.free_lost(AFTER)
    with scene.database.read() as connection:
        assert connection.execute(sa.select(workers.c.id)).all() == []


def test_a_lost_worker_loses_its_rows_of_every_queue(scene: Scene) -> None:
    connection = scene.connection()
    scene.arrive(connection, message(), ticket("T-2"))
    scene.claim("worker")
    scene.claim("worker", read_requests)
    assert scene.free_lost(AFTER) == 2


def test_a_paused_worker_that_comes_back_holds_nothing(scene: Scene, row_id: int) -> None:
    scene.free_lost(AFTER)
    assert held(scene, "worker", row_id) == set()


def test_a_paused_worker_that_comes_back_does_not_hold_what_another_claimed(scene: Scene, row_id: int) -> None:
    scene.free_lost(AFTER)
    scene.claim("other", now=AFTER)
    assert held(scene, "worker", row_id) == set()
    assert held(scene, "other", row_id) == {row_id}


def test_a_worker_does_not_hold_what_is_settled_already(scene: Scene, row_id: int) -> None:
    scene.settle({row_id: 10})
    assert held(scene, "worker", row_id) == set()


def test_a_lease_from_a_clock_that_jumped_back_does_not_hold_rows_for_hours(scene: Scene) -> None:
    scene.arrive(scene.connection(), message())
    scene.claim("worker", now=NOW + 3600)
    assert scene.free_lost(NOW) == 1


def test_each_death_is_counted_and_the_thirtieth_buries_the_row(scene: Scene, row_id: int) -> None:
    for death in range(1, WORKER_DEATHS + 1):
        row = scene.row(messages)
        assert (row.state, row.deaths) == (State.PENDING, death - 1)
        scene.free_lost(NOW + 100 * death)
        scene.claim(f"worker {death}", now=NOW + 100 * death)
    row = scene.row(messages)
    assert (row.state, row.worker_id) == (State.DEAD, None)
    assert "died 30 times" in row.last_error


def test_a_worker_that_stops_gives_its_rows_back_without_a_death(scene: Scene, row_id: int) -> None:
    assert scene.database.write(lambda c: queue.release(c, "worker", NOW + 1)) == 1
    assert scene.row(messages).deaths == 0
    assert scene.claim("other", now=NOW + 1) == [row_id]


def test_rows_of_a_commit_whose_answer_was_lost_are_freed_and_known_ones_kept(scene: Scene) -> None:
    scene.arrive(scene.connection(), message(), message(), message())
    known, *unknown = scene.claim("worker")
    scene.database.write(lambda c: queue.free_unknown(c, messages, "worker", [known], NOW))
    assert held(scene, "worker", known, *unknown) == {known}
    assert sorted(scene.claim("other")) == sorted(unknown)


def test_all_rows_are_freed_when_the_worker_knows_of_none(scene: Scene, row_id: int) -> None:
    scene.database.write(lambda c: queue.free_unknown(c, messages, "worker", [], NOW))
    assert scene.claim("other") == [row_id]


def test_a_row_that_is_put_off_waits_and_keeps_the_reason(scene: Scene, row_id: int) -> None:
    put_off(scene, PutOff(row_id, NOW + 60, "the helpdesk asks to wait", own_error=False))
    assert scene.row(messages).last_error == "the helpdesk asks to wait"
    assert scene.claim(now=NOW + 59) == []
    assert scene.claim(now=NOW + 60) == [row_id]


def test_the_fifth_own_error_buries_the_row(scene: Scene, row_id: int) -> None:
    for number in range(1, OWN_ERRORS + 1):
        assert scene.row(messages).state == State.PENDING
        put_off(scene, PutOff(row_id, NOW, f"error {number}", own_error=True))
        scene.claim("worker")
    row = scene.row(messages)
    assert (row.state, row.attempts, row.last_error, row.worker_id) == (State.DEAD, 5, "error 5", None)


def test_outages_and_rate_limits_never_bury_a_row(scene: Scene, row_id: int) -> None:
    for _ in range(OWN_ERRORS - 1):
        put_off(scene, PutOff(row_id, NOW, "our error", own_error=True))
    for _ in range(50):
        put_off(scene, PutOff(row_id, NOW, "rate limit", own_error=False))
    assert scene.row(messages).state == State.PENDING


def test_rows_are_put_off_each_in_its_own_way(scene: Scene) -> None:
    scene.arrive(scene.connection(), message(), message())
    first, second = scene.claim()
    put_off(scene, PutOff(first, NOW + 5, "one", True), PutOff(second, NOW + 9, "two", False))
    found = [(row.due_at - NOW, row.last_error, row.attempts) for row in scene.rows(messages)]
    assert found == [(5, "one", 1), (9, "two", 0)]


def test_the_pause_grows_with_each_failure_and_stays_bounded() -> None:
    for attempts in range(60):
        wait = backoff(attempts)
        assert 0.75 * min(600, 2**attempts) <= wait <= 1.25 * min(600, 2**attempts)


def bury(scene: Scene, worker: str = "worker", table: sa.Table = messages) -> None:
    """Buries every due row of the table."""
    for _ in range(OWN_ERRORS):
        put_off(scene, *(PutOff(row, NOW, "broken", True) for row in scene.claim(worker, table)), table=table)


def revive(scene: Scene, workspace: int) -> dict[str, int]:
    return scene.database.write(lambda c: queue.revive(c, workspace, NOW))


def test_a_revived_dead_letter_starts_afresh(scene: Scene) -> None:
    workspace = scene.workspace()
    scene.arrive(scene.connection(workspace), message())
    bury(scene)
    assert revive(scene, workspace) == {"read_requests": 0, "messages": 1, "tickets": 0, "deliveries": 0}
    row = scene.row(messages)
    assert (row.state, row.attempts, row.deaths, row.last_error) == (State.PENDING, 0, 0, None)
    assert scene.claim() == [row.id]


def test_dead_letters_of_every_queue_are_revived(scene: Scene) -> None:
    workspace = scene.workspace()
    connection = scene.connection(workspace)
    scene.receiver(workspace, types=["ticket.sentiment_changed"])
    scene.score(connection, "T-1", -80)
    scene.arrive(connection, message("T-2"), ticket("T-3"))
    for table in (messages, tickets, read_requests, deliveries):
        bury(scene, table=table)
    assert revive(scene, workspace) == {"read_requests": 1, "messages": 1, "tickets": 1, "deliveries": 1}


def test_other_workspaces_dead_letters_stay_dead(scene: Scene) -> None:
    scene.arrive(scene.connection(), message())
    bury(scene)
    assert revive(scene, scene.workspace())["messages"] == 0
    assert scene.row(messages).state == State.DEAD


def test_a_dead_letter_without_its_text_stays_dead(scene: Scene) -> None:
    workspace = scene.workspace()
    scene.arrive(scene.connection(workspace), message())
    bury(scene)
    scene.database.write(lambda c: c.execute(sa.update(messages).values(text=None)))
    assert revive(scene, workspace)["messages"] == 0


def test_what_is_settled_or_kept_is_not_revived(scene: Scene) -> None:
    workspace = scene.workspace()
    connection = scene.connection(workspace)
    scene.score(connection, "T-1", -80)
    scene.arrive(connection, message(author=Author.STAFF, text=None))
    assert revive(scene, workspace) == {"read_requests": 0, "messages": 0, "tickets": 0, "deliveries": 0}


def test_deaths_of_a_ticket_count_from_its_last_write(scene: Scene) -> None:
    scene.score(scene.connection(), "T-1", -80)
    scene.claim("doomed", tickets)
    scene.free_lost(AFTER)
    scene.written(*scene.claim("worker", tickets, now=AFTER))
    assert scene.row(tickets).deaths == 0


def test_a_dead_ticket_starts_afresh_with_its_next_message(scene: Scene) -> None:
    connection = scene.connection()
    scene.score(connection, "T-1", -80)
    bury(scene, table=tickets)
    scene.score(connection, "T-1", 80, at=NOW + 1)
    row = scene.row(tickets)
    assert (row.state, row.attempts, row.deaths, row.last_error) == (State.PENDING, 0, 0, None)
