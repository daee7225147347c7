"""What rules ask beyond the conversation: tags and priority in the helpdesk, and repeated contact."""

import json

import pytest

from bridge import alerts
from bridge.connector import TicketFacts
from bridge.store import alert_rules
from bridge.store.mood_tables import ticket_facts, ticket_tags
from bridge.store.tables import events
from tests.scene import NOW, Scene, message

DAY = 86_400.0


@pytest.fixture
def connection(scene: Scene) -> str:
    return scene.connection()


def use(scene: Scene, connection: str, **rule: object) -> None:
    """The workspace's only rule."""
    scene.score(connection, "T-0", 90)
    workspace = scene.rows(events)[0].workspace_id
    rules = alerts.to_json(alerts.from_json(json.dumps([{"name": "own", **rule}])))
    scene.database.write(lambda db: alert_rules.store(db, workspace, rules))


def escalated(scene: Scene) -> list[str]:
    return [row.ticket_id for row in scene.rows(events) if row.type == "ticket.escalated"]


def test_a_rule_asks_for_one_of_some_tags(scene: Scene, connection: str) -> None:
    use(scene, connection, latest_below=-0.2, tags=["vip", "gold"])
    for name, tags in (("T-1", ("gold", "eu")), ("T-2", ("eu",)), ("T-3", ())):
        scene.arrive(connection, message(name), facts=[TicketFacts(name, tags=tags)])
    scene.settle(dict.fromkeys(scene.claim(), -60))
    assert escalated(scene) == ["T-1"]


def test_a_rule_asks_for_a_priority(scene: Scene, connection: str) -> None:
    use(scene, connection, latest_below=-0.2, priorities=["urgent"])
    for name, priority in (("T-1", "low"), ("T-2", "urgent")):
        scene.arrive(connection, message(name), facts=[TicketFacts(name, priority=priority)])
    scene.settle(dict.fromkeys(scene.claim(), -60))
    assert escalated(scene) == ["T-2"]


def test_a_rule_asks_for_repeated_contact_of_the_same_customer(scene: Scene, connection: str) -> None:
    use(scene, connection, contacts=3, within_days=7)
    for name, at in (("T-1", NOW - 8 * DAY), ("T-2", NOW - 2 * DAY), ("T-3", NOW - 3600)):
        scene.score(connection, name, 10, at=at)
    assert escalated(scene) == []
    scene.score(connection, "T-4", 10, at=NOW)
    assert escalated(scene) == ["T-4"]


def test_facts_of_an_older_version_are_passed_over_and_what_is_not_said_stays(scene: Scene, connection: str) -> None:
    scene.arrive(connection, facts=[TicketFacts("T-1", ("a", "b"), "high", "billing", "2")])
    scene.arrive(connection, facts=[TicketFacts("T-1", ("old",), "low", None, "1")])
    scene.arrive(connection, facts=[TicketFacts("T-1", tags=("b",), stamp="3")])
    with scene.database.read() as db:
        (row,) = db.execute(ticket_facts.select()).all()
        tags = [one.tag for one in db.execute(ticket_tags.select())]
    assert (row.priority, row.group_name, row.stamp, tags) == ("high", "billing", "3", ["b"])
