"""What arrives becomes rows, once; what an arrival is told about it; and nothing while the workspace is off."""

from typing import Any

import pytest

from bridge.model import Author, Origin
from bridge.store.connections import by_id, change, disconnect
from bridge.store.inbox import EVENT_STAMP_EVERY, Receipt
from bridge.store.tables import State, messages, read_requests
from tests.scene import NOW, Scene, message, ticket


@pytest.fixture
def connection(scene: Scene) -> str:
    return scene.connection()


def off(scene: Scene) -> tuple[int, str]:
    workspace = scene.workspace(enabled=False)
    return workspace, scene.connection(workspace)


def test_a_customer_message_becomes_a_pending_row_with_its_text(scene: Scene, connection: str) -> None:
    assert scene.arrive(connection, message("T-1", "m-1")) == Receipt(accepted=1, wakes=frozenset({"score"}))
    row = scene.row(messages)
    assert (row.ticket_id, row.message_id, row.author, row.text) == ("T-1", "m-1", "customer", "sealed")
    assert (row.state, row.bulk, row.due_at, row.origin) == (State.PENDING, 0, NOW, "live")


def test_a_staff_message_is_kept_without_text_and_wakes_nobody(scene: Scene, connection: str) -> None:
    receipt = scene.arrive(connection, message(author=Author.STAFF, text="secret advice"))
    row = scene.row(messages)
    assert (row.state, row.text) == (State.KEPT, None)
    assert receipt == Receipt(accepted=1)


def test_the_same_message_again_is_a_duplicate(scene: Scene, connection: str) -> None:
    scene.arrive(connection, message("T-1", "m-1"))
    again = scene.arrive(connection, message("T-1", "m-1", text="changed"), received_at=NOW + 1)
    assert again == Receipt(duplicates=1)
    assert scene.row(messages).text == "sealed"


def test_the_same_message_twice_in_one_arrival_is_one_row(scene: Scene, connection: str) -> None:
    receipt = scene.arrive(connection, message("T-1", "m-1"), message("T-1", "m-1"))
    assert (receipt.accepted, receipt.duplicates) == (1, 1)
    assert len(scene.rows(messages)) == 1


def test_the_same_message_twice_in_one_batch_is_one_row(scene: Scene, connection: str) -> None:
    receipts = scene.store(*(scene.arrival(connection, message("T-1", "m-1")) for _ in range(3)))
    assert sorted(one.accepted for one in receipts) == [0, 0, 1]
    assert sorted(one.duplicates for one in receipts) == [0, 1, 1]
    assert len(scene.rows(messages)) == 1


@pytest.mark.parametrize("origins", [(Origin.LIVE, Origin.BACKFILL), (Origin.BACKFILL, Origin.LIVE)])
def test_of_a_live_and_a_bulk_arrival_in_one_batch_the_live_one_counts(
    scene: Scene, connection: str, origins: tuple[Origin, Origin]
) -> None:
    scene.store(*(scene.arrival(connection, message("T-1", "m-1"), origin=origin) for origin in origins))
    row = scene.row(messages)
    assert (row.origin, row.bulk) == ("live", 0)


def test_the_same_ids_in_another_ticket_or_connection_are_other_messages(scene: Scene, connection: str) -> None:
    scene.arrive(connection, message("T-1", "m-1"))
    assert scene.arrive(connection, message("T-2", "m-1")).accepted == 1
    assert scene.arrive(scene.connection(), message("T-1", "m-1")).accepted == 1


def test_each_arrival_of_a_batch_gets_its_own_count(scene: Scene, connection: str) -> None:
    other = scene.connection()
    receipts = scene.store(
        scene.arrival(connection, message(), message()),
        scene.arrival(other, message(), ignored=2),
        scene.arrival(connection),
    )
    assert [(one.accepted, one.ignored) for one in receipts] == [(2, 0), (1, 2), (0, 0)]


def test_a_scored_message_that_comes_again_stays_scored(scene: Scene, connection: str) -> None:
    scene.arrive(connection, message("T-1", "m-1"))
    scene.settle(dict.fromkeys(scene.claim(), -80))
    scene.arrive(connection, message("T-1", "m-1"), received_at=NOW + 9)
    row = scene.row(messages)
    assert (row.state, row.score, row.text) == (State.SETTLED, -80, None)


def test_a_live_duplicate_makes_a_pending_bulk_row_live(scene: Scene, connection: str) -> None:
    scene.arrive(connection, message("T-1", "m-1"), origin=Origin.BACKFILL)
    receipt = scene.arrive(connection, message("T-1", "m-1"), received_at=NOW + 1)
    row = scene.row(messages)
    assert (row.origin, row.bulk, row.received_at) == ("live", 0, NOW)
    assert (receipt.accepted, receipt.duplicates) == (0, 1)


def test_a_bulk_duplicate_leaves_a_live_row_live(scene: Scene, connection: str) -> None:
    scene.arrive(connection, message("T-1", "m-1"))
    scene.arrive(connection, message("T-1", "m-1"), origin=Origin.BACKFILL, received_at=NOW + 1)
    assert scene.row(messages).origin == "live"


def test_a_live_duplicate_of_a_settled_bulk_row_changes_nothing(scene: Scene, connection: str) -> None:
    scene.arrive(connection, message("T-1", "m-1"), origin=Origin.BACKFILL)
    scene.settle(dict.fromkeys(scene.claim(), -80))
    scene.arrive(connection, message("T-1", "m-1"), received_at=NOW + 1)
    assert scene.row(messages).origin == "backfill"


def test_while_the_workspace_is_off_ids_and_time_are_kept_and_no_words(scene: Scene) -> None:
    _, connection = off(scene)
    receipt = scene.arrive(connection, message("T-1", "m-1"), message("T-1", "m-2", author=Author.STAFF), ignored=1)
    assert receipt == Receipt(ignored=3)
    assert [(row.message_id, row.state, row.text) for row in scene.rows(messages)] == [
        ("m-1", State.IGNORED, None),
        ("m-2", State.IGNORED, None),
    ]


def test_what_was_ignored_comes_alive_with_a_resend_once_the_workspace_is_on(scene: Scene) -> None:
    workspace, connection = off(scene)
    scene.arrive(connection, message("T-1", "m-1", at=NOW - 5))
    scene.switch(workspace, enabled=True)
    receipt = scene.arrive(connection, message("T-1", "m-1", at=NOW - 5), received_at=NOW + 60)
    row = scene.row(messages)
    assert receipt == Receipt(accepted=1, wakes=frozenset({"score"}))
    assert (row.state, row.text, row.received_at, row.due_at) == (State.PENDING, "sealed", NOW + 60, NOW + 60)


def test_what_was_ignored_comes_alive_with_a_backfill_as_bulk_work(scene: Scene) -> None:
    workspace, connection = off(scene)
    scene.arrive(connection, message("T-1", "m-1"))
    scene.switch(workspace, enabled=True)
    scene.arrive(connection, message("T-1", "m-1"), origin=Origin.BACKFILL, received_at=NOW + 60)
    row = scene.row(messages)
    assert (row.state, row.origin, row.bulk) == (State.PENDING, "backfill", 1)


def test_ignored_again_while_still_off_changes_nothing(scene: Scene) -> None:
    _, connection = off(scene)
    scene.arrive(connection, message("T-1", "m-1"))
    assert scene.arrive(connection, message("T-1", "m-1"), received_at=NOW + 1).ignored == 1
    assert scene.row(messages).received_at == NOW


def test_a_pending_message_that_comes_again_while_off_keeps_its_text(scene: Scene) -> None:
    workspace = scene.workspace()
    connection = scene.connection(workspace)
    scene.arrive(connection, message("T-1", "m-1"))
    scene.switch(workspace, enabled=False)
    scene.arrive(connection, message("T-1", "m-1"), received_at=NOW + 1)
    row = scene.row(messages)
    assert (row.state, row.text) == (State.PENDING, "sealed")


def test_read_requests_are_taken_while_off(scene: Scene) -> None:
    _, connection = off(scene)
    assert scene.arrive(connection, ticket("T-1")) == Receipt(ignored=1, wakes=frozenset({"read"}))
    assert len(scene.rows(read_requests)) == 1


def test_a_connection_that_changed_stores_nothing_until_the_request_is_verified_anew(
    scene: Scene, connection: str
) -> None:
    scene.database.write(lambda c: change(c, connection, options="new", secrets="new", prefix="sentiment"))
    assert scene.arrive(connection, message(), ticket("T-1")) == Receipt(stale=True)
    assert scene.rows(messages) == scene.rows(read_requests) == []
    assert scene.arrive(connection, message(), revision=2).accepted == 1


def test_a_connection_that_is_gone_stores_nothing(scene: Scene, connection: str) -> None:
    scene.database.write(lambda c: disconnect(c, connection))
    assert scene.arrive(connection, message(), revision=2).stale
    assert scene.arrive("never-there", message()).stale


def test_a_stale_arrival_does_not_keep_its_neighbours_out(scene: Scene, connection: str) -> None:
    receipts = scene.store(
        scene.arrival(connection, message("T-1", "m-1"), revision=7), scene.arrival(connection, message("T-1", "m-1"))
    )
    assert [(one.stale, one.accepted) for one in receipts] == [(True, 0), (False, 1)]


def test_a_webhook_is_a_sign_of_life_of_its_connection_and_a_read_is_not(scene: Scene, connection: str) -> None:
    scene.arrive(connection, message())
    assert last_event(scene, connection) is None
    scene.arrive(connection, message(), event=True)
    assert last_event(scene, connection) == NOW


def test_signs_of_life_are_stored_every_few_seconds_only(scene: Scene, connection: str) -> None:
    for after in (0, 1, EVENT_STAMP_EVERY - 0.1):
        scene.arrive(connection, event=True, received_at=NOW + after)
    assert last_event(scene, connection) == NOW
    scene.arrive(connection, event=True, received_at=NOW + EVENT_STAMP_EVERY)
    assert last_event(scene, connection) == NOW + EVENT_STAMP_EVERY


def last_event(scene: Scene, connection_id: str) -> float | None:
    with scene.database.read() as connection:
        return by_id(connection, connection_id).last_event_at


@pytest.mark.parametrize(
    "value",
    [
        {"author_id": None},
        {"author_id": "'; DROP TABLE messages --"},
        {"text": ""},
        {"text": "\x7f\u2028😀 \\ \" ' $[0]"},
    ],
)
def test_whatever_the_values_hold_is_stored_as_it_is(scene: Scene, connection: str, value: dict[str, Any]) -> None:
    import dataclasses

    wanted = dataclasses.replace(message(), **value)
    scene.arrive(connection, wanted)
    row = scene.row(messages)
    assert (row.author_id, row.text) == (wanted.author_id, wanted.text)


def test_times_keep_their_fractions(scene: Scene, connection: str) -> None:
    scene.arrive(connection, message(at=1764000000.123456), received_at=1764000001.654321)
    row = scene.row(messages)
    assert row.written_at == pytest.approx(1764000000.123456, abs=1e-6)
    assert row.received_at == pytest.approx(1764000001.654321, abs=1e-6)
