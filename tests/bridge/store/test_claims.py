"""Which due rows a worker gets: fair over workspaces, live before bulk, within limits, oldest first."""

from collections import Counter

from bridge.model import Origin
from bridge.store.queue import Room, is_due
from bridge.store.tables import messages, read_requests, tickets
from tests.scene import NOW, ROOM, Scene, message, ticket


def room(rows: int, bulk: int | None = None, in_flight: int = 1000) -> Room:
    return Room(rows, rows if bulk is None else bulk, in_flight)


def pending(scene: Scene, workspace: int, count: int, origin: Origin = Origin.LIVE, at: float = NOW) -> str:
    connection = scene.connection(workspace)
    scene.arrive(connection, *(message() for _ in range(count)), origin=origin, received_at=at)
    return connection


def by_workspace(scene: Scene, ids: list[int]) -> Counter[int]:
    owner = {row.id: row.workspace_id for row in scene.rows(messages)}
    return Counter(owner[row_id] for row_id in ids)


def test_a_claimed_row_is_not_claimed_again(scene: Scene) -> None:
    pending(scene, scene.workspace(), 3)
    assert len(scene.claim("first")) == 3
    assert scene.claim("second") == []


def test_a_row_that_is_not_due_yet_waits(scene: Scene) -> None:
    pending(scene, scene.workspace(), 1, at=NOW + 1)
    assert scene.claim(now=NOW) == []
    assert len(scene.claim(now=NOW + 1)) == 1


def test_the_oldest_rows_of_a_workspace_come_first(scene: Scene) -> None:
    workspace = scene.workspace()
    for age in (3, 9, 1, 7):
        pending(scene, workspace, 1, at=NOW - age)
    due = {row.id: row.due_at for row in scene.rows(messages)}
    assert sorted(due[row_id] for row_id in scene.claim(room=room(2))) == [NOW - 9, NOW - 7]


def test_workspaces_share_the_room_equally(scene: Scene) -> None:
    workspaces = [scene.workspace() for _ in range(3)]
    for workspace in workspaces:
        pending(scene, workspace, 20)
    assert by_workspace(scene, scene.claim(room=room(9))) == dict.fromkeys(workspaces, 3)


def test_room_that_one_workspace_does_not_need_goes_to_the_others(scene: Scene) -> None:
    small, large = scene.workspace(), scene.workspace()
    pending(scene, small, 1)
    pending(scene, large, 50)
    assert by_workspace(scene, scene.claim(room=room(10))) == {small: 1, large: 9}


def test_a_workspace_with_20_000_rows_does_not_keep_49_others_waiting(scene: Scene) -> None:
    big, *others = (scene.workspace() for _ in range(50))
    pending(scene, big, 20_000, at=NOW - 3600)
    for workspace in others:
        pending(scene, workspace, 1)
    claimed = by_workspace(scene, scene.claim(room=room(100)))
    assert all(claimed[workspace] == 1 for workspace in others)
    assert claimed[big] == 51


def test_with_less_room_than_workspaces_the_same_ones_are_not_always_last(scene: Scene) -> None:
    workspaces = [scene.workspace() for _ in range(8)]
    for workspace in workspaces:
        pending(scene, workspace, 40)
    served = by_workspace(scene, [row_id for turn in range(40) for row_id in scene.claim(f"w{turn}", room=room(2))])
    assert set(served) == set(workspaces)


def test_more_workspaces_than_one_statement_holds_are_all_served(scene: Scene) -> None:
    homes = scene.homes(520)
    scene.store(*(scene.arrival(connection, message()) for connection in homes.values()))
    assert set(by_workspace(scene, scene.claim())) == set(homes)


def test_live_rows_come_before_bulk_rows(scene: Scene) -> None:
    workspace = scene.workspace()
    pending(scene, workspace, 10, Origin.BACKFILL, at=NOW - 3600)
    pending(scene, workspace, 2, Origin.LIVE)
    bulk = {row.id: row.bulk for row in scene.rows(messages)}
    assert sorted(bulk[row_id] for row_id in scene.claim(room=room(4))) == [0, 0, 1, 1]


def test_bulk_rows_take_only_their_part_of_an_empty_pool(scene: Scene) -> None:
    pending(scene, scene.workspace(), 50, Origin.RESCORE)
    assert len(scene.claim(room=room(20, bulk=10))) == 10


def test_live_rows_may_fill_the_whole_pool(scene: Scene) -> None:
    pending(scene, scene.workspace(), 50)
    assert len(scene.claim(room=room(20, bulk=0))) == 20


def test_no_room_claims_nothing(scene: Scene) -> None:
    pending(scene, scene.workspace(), 1)
    assert scene.claim(room=room(0)) == []


def test_a_workspace_never_has_more_rows_claimed_than_its_limit_over_all_workers(scene: Scene) -> None:
    workspace = scene.workspace(in_flight=5)
    pending(scene, workspace, 20)
    assert len(scene.claim("one", room=room(3))) == 3
    assert len(scene.claim("two")) == 2
    assert scene.claim("three") == []


def test_live_and_bulk_rows_count_together_towards_the_limit(scene: Scene) -> None:
    workspace = scene.workspace(in_flight=5)
    pending(scene, workspace, 4, Origin.LIVE)
    pending(scene, workspace, 4, Origin.BACKFILL)
    assert len(scene.claim()) == 5


def test_a_workspace_without_a_limit_of_its_own_has_the_pools(scene: Scene) -> None:
    pending(scene, scene.workspace(), 20)
    assert len(scene.claim(room=room(20, in_flight=18))) == 18


def test_settled_rows_make_room_under_the_limit(scene: Scene) -> None:
    pending(scene, scene.workspace(in_flight=2), 4)
    first = scene.claim()
    scene.settle(dict.fromkeys(first, 10))
    assert len(scene.claim()) == 2


def test_rows_of_a_workspace_that_is_off_wait(scene: Scene) -> None:
    workspace = scene.workspace()
    pending(scene, workspace, 2)
    scene.switch(workspace, enabled=False)
    assert scene.claim() == []
    scene.switch(workspace, enabled=True)
    assert len(scene.claim()) == 2


def test_reading_goes_on_for_a_workspace_that_is_off(scene: Scene) -> None:
    connection = scene.connection(scene.workspace(enabled=False))
    scene.arrive(connection, ticket("T-1"))
    assert scene.claim(table=read_requests) == []
    assert len(scene.claim(table=read_requests, also_off=True)) == 1


def test_with_one_per_connection_a_busy_connection_waits_and_the_others_do_not(scene: Scene) -> None:
    workspace = scene.workspace()
    busy, free = scene.connection(workspace), scene.connection(workspace)
    scene.score(busy, "B-1", -80)
    first = scene.claim("one", tickets, one_per_connection=True)
    scene.score(busy, "B-2", -80)
    scene.score(free, "F-1", -80)
    second = scene.claim("two", tickets, one_per_connection=True)
    names = {row.id: row.ticket_id for row in scene.rows(tickets)}
    assert [names[row_id] for row_id in first + second] == ["B-1", "F-1"]


def test_an_idle_connection_gives_all_its_tickets_to_one_claim(scene: Scene) -> None:
    connection = scene.connection()
    for number in range(5):
        scene.score(connection, f"T-{number}", -80)
    assert len(scene.claim(table=tickets, one_per_connection=True)) == 5


def test_a_due_row_is_due_and_a_claimed_one_is_not(scene: Scene) -> None:
    pending(scene, scene.workspace(), 1)
    with scene.database.read() as connection:
        assert is_due(connection, messages, NOW)
    scene.claim()
    with scene.database.read() as connection:
        assert not is_due(connection, messages, NOW)


def test_a_row_that_is_put_off_or_off_is_not_due(scene: Scene) -> None:
    pending(scene, scene.workspace(), 1, at=NOW + 5)
    pending(scene, scene.workspace(enabled=False), 1)
    off = scene.workspace()
    pending(scene, off, 1)
    scene.switch(off, enabled=False)
    with scene.database.read() as connection:
        assert not is_due(connection, messages, NOW)
        assert is_due(connection, messages, NOW, also_off=True)


def test_a_row_of_a_lost_worker_is_due(scene: Scene) -> None:
    pending(scene, scene.workspace(), 1)
    scene.claim(room=ROOM)
    with scene.database.read() as connection:
        assert is_due(connection, messages, NOW + 11)
