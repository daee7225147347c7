"""Customer text is kept no longer than it may be."""

import sqlalchemy as sa

from bridge.model import Author
from bridge.store import queue
from bridge.store.queue import OWN_ERRORS, PutOff
from bridge.store.retention import DEAD_LETTER_DAYS, forget_old
from bridge.store.tables import State, messages
from tests.scene import NOW, Scene, message

WEEK = DEAD_LETTER_DAYS * 86_400


def bury(scene: Scene) -> None:
    for _ in range(OWN_ERRORS):
        rows = [PutOff(row_id, NOW, "broken", True) for row_id in scene.claim()]
        scene.database.write(lambda c, rows=rows: queue.put_off(c, messages, rows))  # type: ignore[misc]


def forget(scene: Scene, now: float) -> int:
    return scene.database.write(lambda c: forget_old(c, now))


def test_the_text_of_a_dead_letter_is_kept_for_a_week(scene: Scene) -> None:
    scene.arrive(scene.connection(), message())
    bury(scene)
    assert forget(scene, NOW + WEEK - 1) == 0
    assert scene.row(messages).text == "sealed"


def test_the_text_of_an_older_dead_letter_is_forgotten_and_the_row_stays(scene: Scene) -> None:
    scene.arrive(scene.connection(), message())
    bury(scene)
    assert forget(scene, NOW + WEEK + 1) == 1
    row = scene.row(messages)
    assert (row.state, row.text, row.last_error) == (State.DEAD, None, "broken")


def test_a_pending_message_keeps_its_text_however_long_it_waits(scene: Scene) -> None:
    scene.arrive(scene.connection(), message())
    assert forget(scene, NOW + 10 * WEEK) == 0
    assert scene.row(messages).text == "sealed"


def test_a_scored_message_and_a_staff_message_have_no_text(scene: Scene) -> None:
    connection = scene.connection()
    scene.score(connection, "T-1", -80)
    scene.arrive(connection, message(author=Author.STAFF))
    with scene.database.read() as reading:
        assert reading.execute(sa.select(messages.c.text)).scalars().all() == [None, None]
