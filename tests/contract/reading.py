"""The contract of what counts as a message: customers' words as they wrote them, staff's replies without words."""

import pytest

from tests.contract.bridge import Bridge
from tests.contract.helpdesk import Helpdesk
from tests.contract.needs import events, html, needs, polled, readable

ONE_BY_ONE = "Ça ne marche pas… 😡 «не работает» & <b>it's</b> 100% broken\n\nline two\n  int x = 1;"


class ReadingContract:
    """What every connector makes of what people write."""

    def test_the_first_message_of_a_ticket_is_taken_once(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        wrote = helpdesk.customer_writes("This is broken")
        bridge.hears(wrote)
        assert bridge.messages() == [(wrote.ticket_id, wrote.message_id, "customer")]
        assert bridge.texts() == ["This is broken"]

    def test_each_further_message_of_a_ticket_is_taken(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        first = helpdesk.customer_writes("This is broken")
        second = helpdesk.customer_writes("It works now, thanks!", first.ticket_id)
        bridge.hears(first, second)
        assert [message for _, message, _ in bridge.messages()] == [first.message_id, second.message_id]

    def test_a_public_reply_of_staff_is_kept_without_its_words(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        first = helpdesk.customer_writes("This is broken")
        reply = helpdesk.staff_writes(first.ticket_id, "We look into it.")
        bridge.hears(first, reply)
        assert bridge.messages()[1] == (first.ticket_id, reply.message_id, "staff")
        assert bridge.texts() == ["This is broken", None]

    def test_an_internal_note_is_not_taken(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        first = helpdesk.customer_writes("This is broken")
        note = helpdesk.staff_notes(first.ticket_id, "He always complains, urgently.")
        bridge.hears(first, *([] if note is None else [note]))
        assert [author for _, _, author in bridge.messages()] == ["customer"]

    @pytest.mark.parametrize("text", [ONE_BY_ONE, "x", "ああ", "a" * 50_000], ids=["odd", "one letter", "wide", "long"])
    def test_words_arrive_as_they_were_written(self, bridge: Bridge, helpdesk: Helpdesk, text: str) -> None:
        bridge.hears(helpdesk.customer_writes(text))
        assert bridge.texts() == [text]

    @needs(html)
    def test_html_alone_becomes_text(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        page = "<p>This is <b>broken</b> &amp; slow</p><style>p{color:red}</style>"
        bridge.hears(helpdesk.customer_writes_html(page))
        assert [text.split() for text in bridge.texts() if text] == [["This", "is", "broken", "&", "slow"]]

    @needs(events, readable, polled)
    def test_what_an_event_did_not_bring_the_poll_finds(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        bridge.poll()  # from here on
        bridge.drain("read")
        wrote = helpdesk.customer_writes("This is broken")
        helpdesk.catches_up()
        bridge.poll()
        bridge.drain("read")
        assert (wrote.ticket_id, wrote.message_id, "customer") in bridge.messages()

    @needs(events, readable, polled)
    def test_what_an_event_brought_the_poll_does_not_bring_again(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        bridge.poll()
        bridge.drain("read")
        bridge.hears(helpdesk.customer_writes("This is broken"))
        helpdesk.catches_up()
        bridge.poll()
        bridge.drain("read")
        assert len(bridge.messages()) == 1
