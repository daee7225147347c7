"""Read requests: a new one joins one that nobody has begun, and whatever becomes of them, none is ever lost."""

import pytest

from bridge.connector import CHANGES
from bridge.model import Origin
from bridge.store import queue
from bridge.store.inbox import Receipt
from bridge.store.queue import LEASE, OWN_ERRORS, PutOff
from bridge.store.reads import finish_reads, pending_reads
from bridge.store.tables import State, read_requests
from tests.scene import NOW, Scene, ticket

LATER = NOW + 1
LOST = NOW + LEASE + 1


@pytest.fixture
def connection(scene: Scene) -> str:
    return scene.connection()


def claim(scene: Scene, worker: str = "worker", now: float = NOW) -> list[int]:
    return scene.claim(worker, read_requests, now=now)


def put_off(scene: Scene, *ids: int, own: bool = False) -> None:
    rows = [PutOff(row_id, NOW + 5, "later", own) for row_id in ids]
    scene.database.write(lambda c: queue.put_off(c, read_requests, rows))


def test_a_request_is_a_row_and_wakes_the_read_drain(scene: Scene, connection: str) -> None:
    assert scene.arrive(connection, ticket("T-1")) == Receipt(accepted=1, wakes=frozenset({"read"}))


def test_a_second_request_joins_one_that_waits(scene: Scene, connection: str) -> None:
    scene.arrive(connection, ticket("T-1"))
    assert scene.arrive(connection, ticket("T-1"), received_at=LATER) == Receipt(duplicates=1)
    assert len(scene.rows(read_requests)) == 1


def test_requests_of_one_batch_join(scene: Scene, connection: str) -> None:
    receipts = scene.store(*(scene.arrival(connection, ticket("T-1"), ticket("T-1")) for _ in range(2)))
    assert [(one.accepted, one.duplicates) for one in receipts] == [(1, 1), (0, 2)]
    assert len(scene.rows(read_requests)) == 1


def test_other_tickets_listings_and_connections_are_requests_of_their_own(scene: Scene, connection: str) -> None:
    scene.arrive(connection, ticket("T-1"), ticket("T-2"), ticket("changes"), CHANGES)
    scene.arrive(scene.connection(), ticket("T-1"))
    assert len(scene.rows(read_requests)) == 5


def test_a_new_request_never_joins_one_that_is_being_worked_on(scene: Scene, connection: str) -> None:
    scene.arrive(connection, ticket("T-1"))
    claim(scene)
    assert scene.arrive(connection, ticket("T-1"), received_at=LATER).accepted == 1
    assert len(claim(scene, "other", LATER)) == 1


def test_a_new_request_does_not_join_a_dead_letter(scene: Scene, connection: str) -> None:
    scene.arrive(connection, ticket("T-1"))
    for _ in range(OWN_ERRORS):
        put_off(scene, *claim(scene, now=NOW + 5), own=True)
    assert scene.row(read_requests).state == State.DEAD
    assert scene.arrive(connection, ticket("T-1"), received_at=LATER).accepted == 1


def test_a_live_request_makes_a_waiting_bulk_one_live(scene: Scene, connection: str) -> None:
    scene.arrive(connection, ticket("T-1"), origin=Origin.BACKFILL)
    scene.arrive(connection, ticket("T-1"), received_at=LATER)
    row = scene.row(read_requests)
    assert (row.origin, row.bulk) == ("live", 0)


@pytest.mark.parametrize("origins", [(Origin.LIVE, Origin.BACKFILL), (Origin.BACKFILL, Origin.LIVE)])
def test_of_a_live_and_a_bulk_request_in_one_batch_the_live_one_counts(
    scene: Scene, connection: str, origins: tuple[Origin, Origin]
) -> None:
    scene.store(*(scene.arrival(connection, ticket("T-1"), origin=origin) for origin in origins))
    row = scene.row(read_requests)
    assert (row.origin, row.bulk) == ("live", 0)


def test_a_bulk_request_leaves_a_live_one_live(scene: Scene, connection: str) -> None:
    scene.arrive(connection, ticket("T-1"))
    scene.arrive(connection, ticket("T-1"), origin=Origin.BACKFILL, received_at=LATER)
    assert scene.row(read_requests).origin == "live"


def two_of_one_ticket(scene: Scene, connection: str) -> int:
    """A claimed request, and a newer one for the same ticket that waits."""
    scene.arrive(connection, ticket("T-1"))
    (claimed,) = claim(scene)
    scene.arrive(connection, ticket("T-1"), received_at=LATER)
    return claimed


def test_a_request_is_put_off_although_a_newer_one_waits(scene: Scene, connection: str) -> None:
    put_off(scene, two_of_one_ticket(scene, connection))
    assert claim(scene, now=LATER)


def test_requests_of_a_lost_worker_are_freed_although_newer_ones_wait(scene: Scene, connection: str) -> None:
    two_of_one_ticket(scene, connection)
    scene.free_lost(LOST)
    assert claim(scene, "other", LOST)


def test_requests_of_a_stopping_worker_are_freed_although_newer_ones_wait(scene: Scene, connection: str) -> None:
    two_of_one_ticket(scene, connection)
    scene.database.write(lambda c: queue.release(c, "worker", LATER))
    assert claim(scene, "other", LATER)


def test_two_lost_workers_with_the_same_ticket_are_both_freed(scene: Scene, connection: str) -> None:
    two_of_one_ticket(scene, connection)
    claim(scene, "other", LATER)
    scene.free_lost(LOST + 1)
    assert claim(scene, "third", LOST + 1)


def test_a_dead_letter_is_revived_although_a_newer_request_waits(scene: Scene) -> None:
    workspace = scene.workspace()
    connection = scene.connection(workspace)
    for _ in range(2):
        scene.arrive(connection, ticket("T-1"))
        for _ in range(OWN_ERRORS):
            put_off(scene, *claim(scene, now=NOW + 5), own=True)
    scene.arrive(connection, ticket("T-1"), received_at=LATER)
    scene.database.write(lambda c: queue.revive(c, workspace, LATER))
    assert claim(scene, now=LATER)
    assert not [row for row in scene.rows(read_requests) if row.state == State.DEAD]


def test_a_claimed_request_says_whether_its_connection_is_still_there(scene: Scene, connection: str) -> None:
    scene.arrive(connection, ticket("T-1"))
    ids = claim(scene)
    (before,) = scene.database.write(lambda c: pending_reads(c, ids))
    assert (before.connected, before.revision, before.target, before.origin) == (True, 1, ticket("T-1"), Origin.LIVE)


def test_nothing_of_an_answered_request_is_kept(scene: Scene, connection: str) -> None:
    scene.arrive(connection, ticket("T-1"))
    ids = claim(scene)
    scene.database.write(lambda c: finish_reads(c, ids))
    assert scene.rows(read_requests) == []
