"""The contract of `connect` and `disconnect`: what it says is what it does, twice is once, and it can be taken back."""

import json
import time

from tests.contract.bridge import SAYS, Bridge
from tests.contract.helpdesk import Helpdesk
from tests.contract.needs import events, needs, writes


class InstallingContract:
    """What every connector sets up in its helpdesk, and what it leaves."""

    def test_connect_says_in_words_what_it_did(self, bridge: Bridge) -> None:
        assert bridge.connected.installed
        assert all(step.endswith(".") and step[0].isupper() for step in bridge.connected.installed)

    def test_twice_changes_nothing(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        before = json.dumps(helpdesk.set_up(), sort_keys=True, default=str)
        again = bridge.connect()
        assert again.connection == bridge.connection
        assert again.secret is None
        assert json.dumps(helpdesk.set_up(), sort_keys=True, default=str) == before

    def test_a_dry_run_changes_nothing(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        bridge.disconnect()
        before = json.dumps(helpdesk.set_up(), sort_keys=True, default=str)
        assert bridge.connect(dry_run=True).installed
        assert json.dumps(helpdesk.set_up(), sort_keys=True, default=str) == before

    def test_no_secret_is_said(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        asked = {option.name for option in helpdesk.connector.options if option.secret}
        secrets = [value for name, value in helpdesk.options().items() if name in asked]
        assert not [step for step in bridge.connected.installed for secret in secrets if secret in step]

    @needs(events)
    def test_after_disconnect_no_webhook_is_sent_and_none_is_taken(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        wrote = helpdesk.customer_writes(SAYS["negative"])
        headers = helpdesk.headers(wrote.events[0], bridge.secret(), time.time())
        bridge.disconnect()
        assert helpdesk.hooks() == 0
        assert bridge.send(wrote.events[0], headers).status_code == 404

    @needs(writes)
    def test_disconnect_leaves_labels_and_history(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        wrote = helpdesk.customer_writes(SAYS["negative"])
        bridge.settles(wrote)
        bridge.disconnect()
        assert helpdesk.label(wrote.ticket_id) == "negative"
        assert bridge.label(wrote.ticket_id) == "negative"

    def test_connected_again_it_works_as_before(self, bridge: Bridge, helpdesk: Helpdesk) -> None:
        bridge.disconnect()
        bridge.connects_again()
        wrote = helpdesk.customer_writes(SAYS["negative"])
        bridge.hears(wrote)
        assert (wrote.ticket_id, wrote.message_id, "customer") in bridge.messages()
