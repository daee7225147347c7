"""A helpdesk that asks for a pause is not called for any row of its connection; everything else goes on."""

import pytest

from bridge.store import connections, queue
from bridge.store.queue import FAR_PAUSE, is_due
from bridge.store.tables import messages, read_requests, tickets
from tests.scene import NOW, Scene, message, ticket

SOON = NOW + 30


@pytest.fixture
def workspace(scene: Scene) -> int:
    return scene.workspace()


@pytest.fixture
def paused(scene: Scene, workspace: int) -> str:
    """A connection that rests until SOON, with something due in each queue."""
    made = scene.connection(workspace)
    fill(scene, made)
    pause(scene, made, SOON)
    return made


def fill(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    scene.arrive(connection, message("T-2"))
    scene.arrive(connection, ticket("T-3"))


def pause(scene: Scene, connection: str, until: float) -> None:
    scene.database.write(lambda c: connections.pause(c, connection, until))


@pytest.mark.parametrize("table", [tickets, read_requests], ids=lambda table: table.name)
def test_until_then_nothing_is_claimed_and_nothing_is_due(scene: Scene, paused: str, table: object) -> None:
    with scene.database.read() as connection:
        assert not is_due(connection, table, NOW)  # type: ignore[arg-type]
    assert scene.claim(table=table) == []  # type: ignore[arg-type]
    assert len(scene.claim(table=table, now=SOON)) == 1  # type: ignore[arg-type]


def test_scoring_goes_on(scene: Scene, paused: str) -> None:
    with scene.database.read() as connection:
        assert is_due(connection, messages, NOW)
    assert len(scene.claim()) == 1


@pytest.mark.parametrize("same_workspace", [True, False])
def test_other_connections_go_on(scene: Scene, workspace: int, paused: str, same_workspace: bool) -> None:
    other = scene.connection(workspace if same_workspace else None)
    fill(scene, other)
    with scene.database.read() as connection:
        assert is_due(connection, tickets, NOW)
    (row_id,) = scene.claim(table=tickets)
    assert scene.row(tickets, tickets.c.id == row_id).connection_id == other


def test_where_one_connection_is_busy_and_the_other_rests_nothing_is_claimed(
    scene: Scene, workspace: int, paused: str
) -> None:
    other = scene.connection(workspace)
    fill(scene, other)
    scene.claim(table=tickets, one_per_connection=True)
    scene.score(other, "T-9", -80)
    assert scene.claim("second", tickets, one_per_connection=True) == []


def test_a_disconnected_neighbour_is_no_reason_to_look(scene: Scene, workspace: int, paused: str) -> None:
    gone = scene.connection(workspace)
    scene.database.write(lambda c: connections.disconnect(c, gone))
    with scene.database.read() as connection:
        assert queue._at_rest(connection, {paused}) == {workspace}


def test_the_longest_pause_counts(scene: Scene, paused: str) -> None:
    pause(scene, paused, SOON + 60)
    pause(scene, paused, SOON - 20)
    assert scene.claim(table=tickets, now=SOON) == []


def test_a_pause_of_a_clock_that_jumped_back_is_none(scene: Scene, paused: str) -> None:
    pause(scene, paused, NOW + FAR_PAUSE + 1)
    assert len(scene.claim(table=tickets)) == 1


def test_connecting_again_ends_the_pause(scene: Scene, paused: str) -> None:
    scene.database.write(lambda c: connections.change(c, paused, options="sealed", secrets="sealed", prefix="mood"))
    assert len(scene.claim(table=tickets)) == 1
