"""A clock that is set back does not leave what is pending to wait for the old time."""

import pytest

from bridge.store import clock, queue
from bridge.store.queue import PutOff
from bridge.store.tables import messages
from tests.scene import NOW, Scene, message

HOUR = 3600.0


def put_off(scene: Scene, until: float) -> int:
    """A message that waits for another try."""
    scene.arrive(scene.connection(), message())
    (row_id,) = scene.claim()
    scene.database.write(lambda c: queue.put_off(c, messages, [PutOff(row_id, until, "busy", own_error=False)]))
    return row_id


def test_what_came_before_is_claimed(scene: Scene) -> None:
    scene.arrive(scene.connection(), message(), received_at=NOW + HOUR)
    assert scene.claim() == []
    scene.database.write(lambda c: clock.catch_up(c, NOW))
    assert len(scene.claim()) == 1


def test_what_was_put_off_by_the_old_clock_is_claimed(scene: Scene) -> None:
    row_id = put_off(scene, NOW + 24 * HOUR)
    scene.database.write(lambda c: clock.catch_up(c, NOW))
    assert scene.claim() == [row_id]


@pytest.mark.parametrize("seconds", [15.0, 600.0, 1.5 * HOUR])
def test_what_is_put_off_still_waits(scene: Scene, seconds: float) -> None:
    row_id = put_off(scene, NOW + seconds)
    assert scene.database.write(lambda c: clock.catch_up(c, NOW)) == 0
    assert scene.claim(now=NOW + seconds - 1) == []
    assert scene.claim(now=NOW + seconds) == [row_id]
