"""A helpdesk that begins to fail is told of once, not with every call that fails."""

from bridge.store.connections import READING, WRITING, disconnect, note_answer
from bridge.store.outages import TOLD_EVERY, note_outage
from bridge.store.tables import connections, deliveries, events
from tests.scene import NOW, Scene


def fail(scene: Scene, connection: str, now: float = NOW, doing: str = READING) -> bool:
    return scene.database.write(lambda c: note_outage(c, connection, doing, "it refuses the token", now))


def answer(scene: Scene, connection: str, now: float = NOW) -> None:
    scene.database.write(lambda c: note_answer(c, connection, READING, now))


def test_the_first_failure_is_noted_and_told(scene: Scene) -> None:
    workspace = scene.workspace()
    connection = scene.connection(workspace)
    scene.receiver(workspace)
    assert fail(scene, connection)
    event = scene.row(events)
    assert (event.type, event.connection_id, event.ticket_id) == ("connection.failing", connection, None)
    assert "it refuses the token" in event.data
    assert scene.row(deliveries).event_id == event.id
    with scene.database.read() as read:
        row = read.execute(connections.select()).one()
    assert (row.status, row.error) == ("failing", "reading: it refuses the token")


def test_while_it_fails_nothing_more_is_told(scene: Scene) -> None:
    connection = scene.connection()
    fail(scene, connection)
    fail(scene, connection, NOW + 10)
    fail(scene, connection, NOW + 20, WRITING)
    assert len(scene.rows(events)) == 1


def test_one_that_fails_on_and_off_is_told_of_once_in_six_hours(scene: Scene) -> None:
    connection = scene.connection()
    for minute in range(0, 700, 10):
        fail(scene, connection, NOW + minute * 60)
        answer(scene, connection, NOW + minute * 60 + 1)
    assert [row.created_at for row in scene.rows(events)] == [NOW, NOW + TOLD_EVERY]


def test_another_connection_is_told_of_by_itself(scene: Scene) -> None:
    workspace = scene.workspace()
    first, second = scene.connection(workspace), scene.connection(workspace)
    fail(scene, first)
    fail(scene, second)
    assert {row.connection_id for row in scene.rows(events)} == {first, second}


def test_a_disconnected_one_is_not_told_of(scene: Scene) -> None:
    connection = scene.connection()
    scene.database.write(lambda c: disconnect(c, connection))
    assert not fail(scene, connection)
    assert scene.rows(events) == []
