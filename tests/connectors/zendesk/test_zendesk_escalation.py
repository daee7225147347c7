"""Marking Zendesk tickets that need a person: one update, nobody's tag lost, never twice."""

import pytest

from bridge.connector import Mark, WriteStatus
from connectors.zendesk import escalation
from connectors.zendesk.desk import Ticket as Seen
from tests.connectors.zendesk.world import World


def test_a_mark_adds_the_tag_beside_those_of_others_and_is_done_once(world: World) -> None:
    ticket = world.account.open_ticket(world.account.person("Ann"), "hi", tags=["mobile"])
    wanted = Mark(str(ticket.id), on=True, raise_priority=True, note="needs a person")
    calls = world.calls_of(lambda: [escalation.mark(world.access, wanted) for _ in range(2)])

    assert set(ticket.tags) == {"mobile", "sentiment_escalated"}
    assert [verb for verb, _ in calls] == ["GET", "PUT", "GET"]


def test_a_recovery_takes_our_tag_away_and_no_other(world: World) -> None:
    ticket = world.account.open_ticket(world.account.person("Ann"), "hi", tags=["mobile"])
    escalation.mark(world.access, Mark(str(ticket.id), on=True))
    assert escalation.mark(world.access, Mark(str(ticket.id), on=False)).status is WriteStatus.DONE

    assert list(ticket.tags) == ["mobile"]


def test_a_ticket_that_is_gone_is_told_as_such(world: World) -> None:
    assert escalation.mark(world.access, Mark("999999", on=True)).status is WriteStatus.GONE


@pytest.mark.parametrize(("priority", "raised"), [(None, "high"), ("normal", "high"), ("high", None), ("urgent", None)])
def test_a_priority_is_raised_and_never_lowered(priority: str | None, raised: str | None) -> None:
    seen = Seen("1", "open", "2026-11-22T10:00:00Z", ("vip",), {}, priority)
    change = escalation._change(Mark("1", True, True, "note"), seen, "sentiment_escalated")
    assert change.get("priority") == raised
    assert change["comment"] == {"body": "note", "public": False}
    assert (change["safe_update"], change["updated_stamp"]) == (True, "2026-11-22T10:00:00Z")
