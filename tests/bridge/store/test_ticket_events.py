"""What is told of tickets: every change of label once, escalations of live messages alone, recoveries."""

import json
from typing import Any

import pytest

from bridge.connector import LabelChange
from bridge.model import Origin
from bridge.store import alert_rules
from bridge.store.digests import send_digests
from bridge.store.tables import events, receivers, tickets
from tests.scene import NOW, Scene, message

CHANGED, ESCALATED, RECOVERED = "ticket.sentiment_changed", "ticket.escalated", "ticket.recovered"


@pytest.fixture
def connection(scene: Scene) -> str:
    return scene.connection()


def told(scene: Scene, *types: str) -> list[tuple[str, str | None, str]]:
    """The events' types with the label before and after."""
    found = []
    for row in scene.rows(events):
        data = json.loads(row.data)
        before = data["before"] and data["before"]["label"]
        if not types or row.type in types:
            found.append((row.type, before, data["after"]["label"]))
    return found


def channel(scene: Scene, kind: str = "slack", settings: str = "{}") -> None:
    """An alert channel (or endpoint) of the only workspace."""
    workspace_id = scene.rows(tickets)[0].workspace_id

    def insert(db: Any) -> None:
        db.execute(
            receivers.insert().values(
                workspace_id=workspace_id,
                public_id=f"r-{kind}",
                kind=kind,
                target="sealed",
                origins="live,correction",
                settings=settings,
                created_at=NOW,
            )
        )

    scene.database.write(insert)


def deliveries(scene: Scene) -> list[str]:
    """The types of the events that somebody is to be told of."""
    with scene.database.read() as db:
        rows = db.exec_driver_sql(
            "SELECT e.type FROM deliveries d JOIN events e ON e.id = d.event_id ORDER BY d.id"
        ).all()
    return [row[0] for row in rows]


def test_the_first_label_is_told_with_nothing_before(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", 10)
    assert told(scene) == [(CHANGED, None, "neutral")]


def test_another_score_under_the_same_label_is_not_told(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", 10, 20)
    assert told(scene) == [(CHANGED, None, "neutral")]


def test_each_change_of_label_is_told(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", 60, 10, 60)
    assert [after for _, _, after in told(scene, CHANGED)] == ["positive", "neutral", "positive"]
    assert json.loads(scene.rows(events)[1].data)["before"] == {"label": "positive", "score": 0.6}


def test_unknown_is_not_told_and_does_not_make_the_next_label_new(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", None, 10, None, 15)
    assert told(scene) == [(CHANGED, None, "neutral")]


def test_an_event_tells_which_message_and_where_the_conversation_goes(scene: Scene, connection: str) -> None:
    scene.arrive(connection, message("T-1", "m-77"))
    scene.settle(dict.fromkeys(scene.claim(), -40))
    row = scene.row(events)
    data = json.loads(row.data)
    assert (row.message_id, row.ticket_id, row.origin) == ("m-77", "T-1", "live")
    assert data["trend"] == {"trend": "stable", "direction": 0.0, "current_avg": -0.4}
    assert data["scorer"] == {"provider": "test", "model": "test", "prompt": "1"}


def test_a_very_negative_message_escalates_its_ticket_once(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80, -90)
    assert told(scene, ESCALATED) == [(ESCALATED, None, "urgent")]
    assert scene.row(tickets).escalated_by == "very_negative_message"


def test_a_declining_conversation_with_a_low_average_escalates(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", 10, -60, -70, -70)
    (row,) = [row for row in scene.rows(events) if row.type == ESCALATED]
    assert json.loads(row.data)["reason"] == "sentiment_declining"


def test_what_a_backfill_scores_never_alerts(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80, -90, origin=Origin.BACKFILL)
    assert told(scene, ESCALATED) == []
    assert {row.origin for row in scene.rows(events)} == {"backfill"}


def test_a_live_message_that_is_too_old_does_not_alert(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80, at=NOW - 90_000)
    assert told(scene, ESCALATED) == []


def test_a_recovery_needs_a_margin_beyond_the_cut(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80, -65)
    assert told(scene, RECOVERED) == []
    scene.score(connection, "T-1", -40, at=NOW + 10)
    assert [kind for kind, _, _ in told(scene, RECOVERED)] == [RECOVERED]
    assert scene.row(tickets).escalated_by is None


def test_a_flapping_ticket_alerts_once(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", *([-80, 80] * 25))
    assert len(told(scene, ESCALATED)) == 1
    assert len(told(scene, RECOVERED)) == 1


def test_a_correction_is_told_as_one(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-1", -80)
    scene.arrive(connection, LabelChange("T-1", "neutral", "agent-1", NOW + 5), received_at=NOW + 6)
    row = scene.rows(events)[-1]
    assert (row.type, row.origin) == (RECOVERED, "correction")
    assert told(scene, CHANGED)[-1] == (CHANGED, "urgent", "neutral")


def test_alert_channels_are_told_of_escalations_and_recoveries_alone(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-0", 10)
    channel(scene)
    scene.score(connection, "T-1", -80, 60)
    assert deliveries(scene) == [ESCALATED, RECOVERED]


def test_endpoints_are_told_of_everything_live(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-0", 10)
    channel(scene, "webhook")
    scene.score(connection, "T-1", -80, origin=Origin.BACKFILL)
    scene.score(connection, "T-2", -80)
    assert deliveries(scene) == [CHANGED, ESCALATED]


def test_a_channel_is_told_of_twenty_escalations_a_day(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-0", 10)
    channel(scene)
    for number in range(25):
        scene.score(connection, f"T-{number + 1}", -80)
    assert len(told(scene, ESCALATED)) == 25
    assert deliveries(scene) == [ESCALATED] * 20


def test_a_channel_may_have_a_budget_of_its_own(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-0", 10)
    channel(scene, settings='{"per_day": 2}')
    for number in range(4):
        scene.score(connection, f"T-{number + 1}", -80)
    assert deliveries(scene) == [ESCALATED] * 2


def test_what_the_budget_held_back_comes_in_one_digest_the_worst_first(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-0", 10)
    channel(scene, settings='{"per_day": 1}')
    for name, score in (("T-1", -75), ("T-2", -80), ("T-3", -99), ("T-4", -90)):
        scene.score(connection, name, score)
    tomorrow = NOW + 86_400
    assert scene.database.write(lambda db: send_digests(db, tomorrow)) == 1
    assert scene.database.write(lambda db: send_digests(db, tomorrow + 60)) == 0
    (row,) = [row for row in scene.rows(events) if row.type == "workspace.digest"]
    assert [one["ticket_id"] for one in json.loads(row.data)["tickets"]] == ["T-3", "T-4", "T-2"]
    assert deliveries(scene) == [ESCALATED, "workspace.digest"]


def test_a_day_within_the_budget_has_no_digest(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-0", 10)
    channel(scene)
    scene.score(connection, "T-1", -80)
    assert scene.database.write(lambda db: send_digests(db, NOW + 86_400)) == 0


def test_a_workspaces_own_rules_hold_instead_of_the_usual_ones(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-0", 10)
    workspace_id = scene.rows(tickets)[0].workspace_id
    own = '[{"name":"low","latest_below":-0.3,"not_first":true}]'
    scene.database.write(lambda db: alert_rules.store(db, workspace_id, own))
    scene.score(connection, "T-1", -90)
    assert told(scene, ESCALATED) == []
    scene.score(connection, "T-1", -40, at=NOW + 10)
    assert scene.rows(tickets)[1].escalated_by == "low"


def test_two_thousand_old_angry_tickets_raise_no_alert_and_tell_no_endpoint(scene: Scene, connection: str) -> None:
    scene.score(connection, "T-0", 10)
    channel(scene)
    channel(scene, "webhook")
    old = [message(f"T-{number + 1}", at=NOW - 90 * 86_400) for number in range(2000)]
    scene.arrive(connection, *old, origin=Origin.BACKFILL)
    for _ in range(2):
        scene.settle(dict.fromkeys(scene.claim(), -90))
    assert len(scene.rows(tickets)) == 2001
    assert told(scene, ESCALATED) == []
    assert deliveries(scene) == []
