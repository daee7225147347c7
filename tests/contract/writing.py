"""The contract of writing: what changed, once, nobody else's things, and never against a person."""

from tests.contract.bridge import SAYS, Bridge
from tests.contract.helpdesk import Helpdesk
from tests.contract.needs import closes, corrections, many_at_once, needs, readable, tags, writes


class WritingContract:
    """What every connector that writes shows in its helpdesk."""

    @needs(writes)
    def test_the_ticket_shows_the_label_of_its_newest_message(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        first = helpdesk.customer_writes(SAYS["urgent"])
        bridge.settles(first)
        assert helpdesk.label(first.ticket_id) == "urgent"
        bridge.settles(helpdesk.customer_writes(SAYS["positive"], first.ticket_id))
        assert helpdesk.label(first.ticket_id) == "positive"

    @needs(writes)
    def test_what_was_written_is_seen_when_looked_at(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        wrote = helpdesk.customer_writes(SAYS["negative"])
        bridge.settles(wrote)
        (shown,) = bridge.look(wrote.ticket_id)
        row = bridge.ticket(wrote.ticket_id)
        assert shown.sentiment is not None
        assert (shown.sentiment.label, shown.sentiment.score, str(shown.sentiment.trend)) == (
            row.label,
            row.score,
            row.trend,
        )

    @needs(writes)
    def test_nothing_is_written_when_nothing_changed(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        first = helpdesk.customer_writes(SAYS["negative"])
        bridge.settles(first)
        assert len(bridge.write_rows(first.ticket_id)) == 1
        bridge.hears(helpdesk.customer_writes(SAYS["negative"], first.ticket_id))
        before = helpdesk.calls()
        bridge.drain("score", "writeback")
        assert helpdesk.calls() == before

    @needs(writes, readable)
    def test_our_own_write_brings_no_message(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        wrote = helpdesk.customer_writes(SAYS["negative"])
        bridge.settles(wrote)
        helpdesk.catches_up()
        bridge.poll()
        bridge.settles()
        assert bridge.messages() == [(wrote.ticket_id, wrote.message_id, "customer")]
        assert len(bridge.write_rows(wrote.ticket_id)) == 1

    @needs(many_at_once)
    def test_many_tickets_are_written_at_once(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        wrote = [helpdesk.customer_writes(SAYS["negative"]) for _ in range(8)]
        bridge.hears(*wrote)
        bridge.drain("score", "writeback")
        assert {helpdesk.label(one.ticket_id) for one in wrote} == {"negative"}

    @needs(writes, corrections)
    def test_a_label_that_a_person_set_is_not_written_over(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        first = helpdesk.customer_writes(SAYS["positive"])
        bridge.settles(first)
        second = helpdesk.customer_writes(SAYS["negative"], first.ticket_id)
        bridge.hears(second)
        told = helpdesk.person_labels(first.ticket_id, "neutral")
        for body in told:
            bridge.post(body)
        bridge.drain("score", "writeback")
        assert helpdesk.label(first.ticket_id) == "neutral"

    @needs(writes, corrections)
    def test_what_a_customer_writes_after_it_is_shown_again(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        first = helpdesk.customer_writes(SAYS["positive"])
        bridge.settles(first)
        for body in helpdesk.person_labels(first.ticket_id, "neutral"):
            bridge.post(body)
        bridge.drain("read", "writeback")
        bridge.settles(helpdesk.customer_writes(SAYS["urgent"], first.ticket_id))
        assert helpdesk.label(first.ticket_id) == "urgent"

    @needs(writes, tags)
    def test_tags_of_agents_stay(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        first = helpdesk.customer_writes(SAYS["negative"])
        helpdesk.adds_tag(first.ticket_id, "vip")
        bridge.settles(first)
        helpdesk.adds_tag(first.ticket_id, "refund")
        bridge.settles(helpdesk.customer_writes(SAYS["positive"], first.ticket_id))
        assert {"vip", "refund"} <= helpdesk.tags(first.ticket_id)

    @needs(writes, tags)
    def test_one_tag_of_ours_at_a_time(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        first = helpdesk.customer_writes(SAYS["negative"])
        bridge.settles(first)
        bridge.settles(helpdesk.customer_writes(SAYS["positive"], first.ticket_id))
        ours = {tag for tag in helpdesk.tags(first.ticket_id) if tag.startswith("sentiment_")}
        assert {tag for tag in ours if "trend" not in tag} == {"sentiment_positive"}

    @needs(writes, closes)
    def test_a_closed_ticket_is_left_alone_for_good(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        wrote = helpdesk.customer_writes(SAYS["negative"])
        bridge.hears(wrote)
        helpdesk.closes(wrote.ticket_id)
        bridge.drain("score", "writeback")
        assert helpdesk.label(wrote.ticket_id) is None
        assert bridge.pending(wrote.ticket_id) is None
        assert bridge.label(wrote.ticket_id) == "negative"

    @needs(writes)
    def test_a_ticket_that_is_gone_is_final(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        gone, stays = helpdesk.customer_writes(SAYS["negative"]), helpdesk.customer_writes(SAYS["negative"])
        bridge.hears(gone, stays)
        helpdesk.deletes(gone.ticket_id)
        bridge.drain("score", "writeback")
        assert bridge.pending(gone.ticket_id) is None
        assert helpdesk.label(stays.ticket_id) == "negative"
