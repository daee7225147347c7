"""The contract of trouble: the helpdesk's is waited out and counts against no ticket."""

from tests.contract.bridge import SAYS, Bridge
from tests.contract.helpdesk import Helpdesk
from tests.contract.needs import many_at_once, needs, readable, writes
from tests.waiting import eventually

WAIT = 1
"""Seconds that the helpdesk asks for."""


class TroubleContract:
    """What every connector does when its helpdesk is busy, away, or refuses one ticket."""

    @needs(writes)
    def test_a_busy_helpdesk_is_called_again_when_it_said(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        wrote = helpdesk.customer_writes(SAYS["urgent"])
        bridge.hears(wrote)
        bridge.drain("score")
        helpdesk.limits(WAIT)
        bridge.drain("writeback")
        put_off = bridge.pending(wrote.ticket_id)
        assert put_off is not None
        assert put_off.attempts == 0
        assert helpdesk.label(wrote.ticket_id) is None

        def written() -> bool:
            bridge.waits()
            bridge.drain("writeback")
            return helpdesk.label(wrote.ticket_id) == "urgent"

        eventually(written, "the label after the pause")

    @needs(writes)
    def test_a_helpdesk_that_is_down_is_waited_for(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        wrote = helpdesk.customer_writes(SAYS["urgent"])
        bridge.hears(wrote)
        bridge.drain("score")
        helpdesk.goes_down()
        bridge.drain("writeback")
        put_off = bridge.pending(wrote.ticket_id)
        assert put_off is not None
        assert put_off.attempts == 0
        assert bridge.health().error
        helpdesk.comes_back()
        bridge.waits()
        bridge.drain("writeback")
        assert helpdesk.label(wrote.ticket_id) == "urgent"
        assert bridge.health().error is None

    @needs(readable)
    def test_reading_waits_for_a_helpdesk_that_is_down(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        wrote = helpdesk.customer_writes(SAYS["urgent"])
        helpdesk.goes_down()
        bridge.reads(wrote.ticket_id)
        bridge.drain("read")
        assert bridge.messages() == []
        helpdesk.comes_back()
        bridge.waits()
        bridge.drain("read")
        assert bridge.messages() == [(wrote.ticket_id, wrote.message_id, "customer")]

    @needs(many_at_once)
    def test_one_refused_ticket_takes_none_of_the_others_with_it(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        wrote = [helpdesk.customer_writes(SAYS["negative"]) for _ in range(3)]
        bridge.hears(*wrote)
        bridge.drain("score")
        helpdesk.refuses(wrote[1].ticket_id)
        bridge.drain("writeback")
        assert [helpdesk.label(one.ticket_id) for one in wrote] == ["negative", None, "negative"]
        assert "done" not in {row.state for row in bridge.write_rows(wrote[1].ticket_id)}
