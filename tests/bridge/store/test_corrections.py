"""A person's label in the helpdesk: it moves the newest scored message's score and stands until a newer message."""

import pytest

from bridge.connector import LabelChange
from bridge.store.tables import State, messages, tickets
from tests.scene import NOW, Scene, message


@pytest.fixture
def connection(scene: Scene) -> str:
    return scene.connection()


def says(label: str, at: float = NOW + 50, ticket_id: str = "T-1", by: str | None = "agent-7") -> LabelChange:
    return LabelChange(ticket_id, label, by, at)


def test_the_label_moves_the_score_to_the_nearest_value_of_its_bucket(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    receipt = scene.arrive(connection, says("neutral"), received_at=NOW + 51)
    row = scene.row(messages)
    assert (row.label, row.score, row.corrected_by, row.corrected_at) == ("neutral", -20, "agent-7", NOW + 50)
    assert (receipt.accepted, receipt.duplicates) == (1, 0)


def test_the_ticket_shows_the_label_and_is_not_written(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    scene.arrive(connection, says("neutral"))
    row = scene.row(tickets)
    assert (row.label, row.score, row.state, row.held_at) == ("neutral", -20, State.SETTLED, NOW + 50)
    assert scene.claim(table=tickets) == []


def test_unknown_takes_the_score_away(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    scene.arrive(connection, says("unknown"))
    row = scene.row(messages)
    assert (row.label, row.score) == ("unknown", None)


def test_a_message_that_had_no_score_gets_one(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", None)
    scene.arrive(connection, says("negative"))
    row = scene.row(messages)
    assert (row.label, row.score) == ("negative", -21)


def test_it_applies_to_the_newest_scored_message(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", 60, -80)
    scene.arrive(connection, message("T-1", "pending", at=NOW + 40))
    scene.arrive(connection, says("neutral"))
    assert [row.label for row in scene.rows(messages)] == ["positive", "neutral", None]


def test_a_message_written_after_the_person_labelled_is_left_alone(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80, 60)
    scene.arrive(connection, says("neutral", at=NOW + 0.5))
    assert [row.label for row in scene.rows(messages)] == ["neutral", "positive"]


@pytest.mark.parametrize("order", [("9", "10"), ("10", "9")])
def test_of_two_written_at_the_same_time_the_higher_number_is_the_newest(
    scene: Scene, connection: str, order: tuple[str, str]
) -> None:
    for name in order:
        scene.arrive(connection, message("T-1", name))
        scene.settle(dict.fromkeys(scene.claim(), -80))
    scene.arrive(connection, says("neutral"))
    assert {row.message_id: row.label for row in scene.rows(messages)} == {"9": "urgent", "10": "neutral"}


def test_the_label_stands_until_a_newer_customer_message_is_scored(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    scene.arrive(connection, says("neutral"))
    scene.score(connection, "T-1", -90, at=NOW + 60)
    (one,) = scene.begin(*scene.claim(table=tickets))
    assert one.before is not None
    assert (one.before.label, one.after.label) == ("neutral", "urgent")


def test_an_older_message_scored_late_does_not_end_the_hold(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    scene.arrive(connection, says("neutral"))
    scene.score(connection, "T-1", -90, at=NOW - 60)
    assert scene.claim(table=tickets) == []


def test_the_same_change_told_twice_counts_once(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    scene.arrive(connection, says("neutral"))
    receipt = scene.arrive(connection, says("neutral"))
    assert (receipt.accepted, receipt.duplicates) == (0, 1)


def test_an_older_change_told_late_does_not_undo_a_newer_one(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    scene.arrive(connection, says("positive", at=NOW + 50))
    scene.arrive(connection, says("neutral", at=NOW + 40))
    assert scene.row(tickets).label == "positive"


def test_two_changes_in_one_arrival_are_taken_in_order(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    assert scene.arrive(connection, says("neutral", at=NOW + 40), says("positive", at=NOW + 50)).accepted == 2
    assert scene.row(tickets).label == "positive"


@pytest.mark.parametrize("label", ["very_negative", "made_up", ""])
def test_a_label_of_no_bucket_changes_nothing(scene: Scene, connection: str, label: str) -> None:
    scene.score(connection, "T-1", -80)
    assert scene.arrive(connection, says(label)).accepted == 0
    assert (scene.row(messages).label, scene.row(tickets).held_at) == ("urgent", None)


def test_a_label_on_a_ticket_without_scored_messages_changes_nothing(scene: Scene, connection: str) -> None:
    scene.arrive(connection, message("T-1"))
    assert scene.arrive(connection, says("neutral")).accepted == 0
    assert scene.arrive(connection, says("neutral", ticket_id="never seen")).accepted == 0


def test_while_the_workspace_is_off_labels_are_ignored(scene: Scene) -> None:
    workspace = scene.workspace()
    connection = scene.connection(workspace)
    scene.score(connection, "T-1", -80)
    scene.switch(workspace, enabled=False)
    assert scene.arrive(connection, says("neutral")).ignored == 1
    assert scene.row(messages).label == "urgent"


def test_labels_follow_the_workspaces_own_scale(scene: Scene) -> None:
    connection = scene.connection(scene.workspace(scale="five"))
    scene.score(connection, "T-1", -80)
    scene.arrive(connection, says("very_positive"))
    assert scene.row(messages).score == 60


def test_the_trend_follows_the_corrected_score(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", 80, -90)
    assert scene.row(tickets).trend == "declining"
    scene.arrive(connection, says("positive"))
    assert scene.row(tickets).trend == "stable"
