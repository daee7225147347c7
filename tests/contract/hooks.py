"""The contract of webhooks: where they come from is proven, and each is taken once."""

import time

import pytest

from bridge.connector import Proof
from bridge.signing import new_secret
from tests.contract.bridge import Bridge
from tests.contract.helpdesk import Helpdesk
from tests.contract.needs import events, needs

HOUR = 3600


class HooksContract:
    """What every connector with webhooks does with a good, a bad and a repeated one."""

    @needs(events)
    def test_an_event_is_taken(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        wrote = helpdesk.customer_writes("This is broken")
        assert wrote.events
        assert bridge.post(wrote.events[0]).status_code == 202
        assert bridge.stored() == 1

    @needs(events, lambda can: can.proof is not Proof.PATH)
    def test_an_event_with_another_secret_is_refused(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        wrote = helpdesk.customer_writes("This is broken")
        assert bridge.post(wrote.events[0], secret=new_secret()).status_code == 401
        assert bridge.stored() == 0

    @needs(events, lambda can: can.proof is not Proof.PATH)
    def test_an_event_without_proof_is_refused(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        wrote = helpdesk.customer_writes("This is broken")
        assert bridge.send(wrote.events[0], {"Content-Type": "application/json"}).status_code == 401
        assert bridge.stored() == 0

    @needs(events, lambda can: can.proof is Proof.SIGNED)
    def test_an_event_sent_long_ago_is_refused(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        wrote = helpdesk.customer_writes("This is broken")
        assert bridge.post(wrote.events[0], at=time.time() - HOUR).status_code == 401
        assert bridge.stored() == 0

    @needs(events, lambda can: can.proof is Proof.SIGNED)
    def test_an_event_whose_body_was_changed_is_refused(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        (body, *_) = helpdesk.customer_writes("This is broken").events
        headers = helpdesk.headers(body, bridge.secret(), time.time())
        assert bridge.send(body + b" ", headers).status_code == 401
        assert bridge.stored() == 0

    @needs(events, lambda can: can.proof is not Proof.PATH)
    def test_the_secret_before_a_rotation_is_good_for_what_is_on_its_way(
        self, bridge: Bridge, helpdesk: Helpdesk
    ) -> None:
        wrote = helpdesk.customer_writes("This is broken")
        former = bridge.secret()
        bridge.connect(rotate=True)
        assert bridge.secret() != former
        assert bridge.post(wrote.events[0], secret=former).status_code == 202
        assert bridge.post(wrote.events[0]).status_code == 202

    @needs(events)
    def test_the_same_event_again_stores_nothing(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        wrote = helpdesk.customer_writes("This is broken")
        bridge.hears(wrote)
        before = bridge.messages()
        assert [bridge.post(body).status_code for body in wrote.events] == [202] * len(wrote.events)
        bridge.drain("read")
        assert bridge.messages() == before
        assert len(before) == 1

    @needs(events)
    def test_an_event_of_another_kind_is_none_of_our_business(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        answer = bridge.post(helpdesk.other_event())
        assert answer.status_code == 202
        assert bridge.stored() == 0

    @needs(events)
    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"words"', b"\xff\xfe", b"[" * 5000, b"{}"])
    def test_a_body_that_nobody_sends_stores_nothing(self, bridge: Bridge, helpdesk: Helpdesk, body: bytes) -> None:
        assert bridge.post(body).status_code < 500
        assert bridge.stored() == 0

    @needs(events)
    def test_a_body_larger_than_declared_is_refused(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        body = b" " * (helpdesk.connector.capabilities.hook_limit + 1)
        assert bridge.post(body).status_code == 413
        assert bridge.stored() == 0

    @needs(events)
    def test_a_workspace_that_is_off_keeps_no_words(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        bridge.switch(on=False)
        wrote = helpdesk.customer_writes("This is broken")
        assert [bridge.post(body).status_code for body in wrote.events] == [202] * len(wrote.events)
        bridge.drain("read")
        assert [text for text in bridge.texts() if text is not None] == []
