"""Events and their deliveries as rows: in order, in few statements, and gone when their time is over."""

import functools
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from bridge.model import Origin
from bridge.store import receivers as rows
from bridge.store.database import Database
from bridge.store.deliveries import disable
from bridge.store.events import Event, EventType, Inserted, insert_events, send_to
from bridge.store.retention import TOLD_DAYS, forget_told
from bridge.store.tables import State, deliveries, events
from tests.scene import NOW, Scene


@pytest.fixture
def statements(database: Database) -> Iterator[list[str]]:
    """Every statement that is executed."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT")):
            seen.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(database.engine, "before_cursor_execute", note)


def event(workspace: int, connection: str | None, ticket: str | None, **more: object) -> Event:
    given: dict[str, object] = {"type": EventType.SENTIMENT_CHANGED, "origin": Origin.LIVE, "data": {"n": 1}}
    given |= {"created_at": NOW, "connection_id": connection, "ticket_id": ticket}
    return Event(workspace, **(given | more))  # type: ignore[arg-type]


def insert(scene: Scene, *made: Event) -> Inserted:
    return scene.database.write(lambda connection: insert_events(connection, made))


def test_ids_rise_in_the_order_of_the_events(scene: Scene) -> None:
    workspace = scene.workspace()
    connection = scene.connection(workspace)
    inserted = insert(scene, *(event(workspace, connection, f"T-{n}") for n in (5, 3, 9, 1)))
    assert list(inserted.ids) == sorted(inserted.ids)
    assert [row.ticket_id for row in scene.rows(events)] == ["T-5", "T-3", "T-9", "T-1"]


def test_every_event_has_an_id_of_its_own_for_receivers(scene: Scene) -> None:
    workspace = scene.workspace()
    insert(scene, *(event(workspace, None, None) for _ in range(50)))
    ids = {row.webhook_id for row in scene.rows(events)}
    assert len(ids) == 50
    assert all(one.startswith("msg_") and "." not in one for one in ids)


def test_nothing_is_asked_of_the_database_for_no_events(scene: Scene, statements: list[str]) -> None:
    assert insert(scene) == Inserted((), False)
    assert statements == []


def test_two_statements_store_any_number_of_events_that_nobody_is_told_of(scene: Scene, statements: list[str]) -> None:
    workspace = scene.workspace()
    statements.clear()
    inserted = insert(scene, *(event(workspace, None, None) for _ in range(30)))
    assert not inserted.told
    assert len(statements) == 2


def test_a_third_makes_all_their_deliveries(scene: Scene, statements: list[str]) -> None:
    first, second = scene.workspace(), scene.workspace()
    for workspace in (first, second):
        scene.receiver(workspace)
        scene.receiver(workspace)
    statements.clear()
    inserted = insert(scene, *(event(workspace, None, None) for workspace in (first, second) * 10))
    assert inserted.told
    assert len(statements) == 3
    found = scene.rows(deliveries)
    assert len(found) == 40
    assert all(row.state == State.PENDING and row.bulk == 0 and row.due_at == NOW for row in found)


def test_a_disabled_or_removed_receiver_is_told_nothing(scene: Scene) -> None:
    workspace = scene.workspace()
    one, other = scene.receiver(workspace), scene.receiver(workspace)
    scene.database.write(lambda c: rows.remove(c, one, NOW))
    scene.database.write(lambda c: disable(c, other, "410", NOW))
    assert not insert(scene, event(workspace, None, None)).told


def test_channels_get_events_of_workspaces_and_no_tickets_digests_or_tests_by_themselves(scene: Scene) -> None:
    workspace = scene.workspace()
    scene.receiver(workspace, kind="slack")
    insert(scene, *(event(workspace, None, None, type=one) for one in EventType))
    told = {row.event_id for row in scene.rows(deliveries)}
    assert {row.type for row in scene.rows(events) if row.id in told} == {
        "workspace.mood_shifted",
        "workspace.budget_reached",
        "connection.failing",
    }


def test_an_event_is_sent_to_whom_the_caller_chooses_and_once(scene: Scene) -> None:
    workspace = scene.workspace()
    channel = scene.receiver(workspace, kind="slack")
    one = event(workspace, None, None, type=EventType.DIGEST)
    (event_id,) = insert(scene, one).ids
    for _ in range(2):
        scene.database.write(lambda c: send_to(c, one, event_id, [channel]))
    assert scene.row(deliveries).receiver_id == channel


def test_bulk_origins_wait_for_live_ones(scene: Scene) -> None:
    workspace = scene.workspace()
    channel = scene.receiver(workspace, kind="slack")
    for origin in Origin:
        one = event(workspace, None, None, origin=origin)
        (event_id,) = insert(scene, one).ids
        scene.database.write(functools.partial(send_to, event=one, event_id=event_id, receiver_ids=[channel]))
    assert [row.bulk for row in scene.rows(deliveries)] == [0, 1, 1, 1, 0]


def test_events_and_their_deliveries_are_forgotten_after_a_month(scene: Scene) -> None:
    workspace = scene.workspace()
    scene.receiver(workspace)
    old = NOW - (TOLD_DAYS * 86_400 + 1)
    insert(scene, *(event(workspace, None, None, created_at=old) for _ in range(3)), event(workspace, None, None))
    assert scene.database.write(lambda c: forget_told(c, NOW)) == 3
    assert scene.database.write(lambda c: forget_told(c, NOW)) == 0
    assert scene.row(events).created_at == NOW
    assert scene.row(deliveries).event_id == scene.row(events).id
