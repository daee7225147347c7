"""What endpoints may count on and their admins see: secrets, refusals, the log, and sending again."""

import logging
import time

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook

from bridge import webhook_log, webhooks, workspaces
from bridge.runtime import Runtime
from bridge.signing import new_secret
from bridge.store import connections
from bridge.store.events import EventType
from bridge.store.tables import State, events
from tests.fakes import Home
from tests.told import Listener, Notifying, answers, endpoint, event, happen, receiver, sent


def test_another_secret_does_not_verify_it(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    endpoint(runtime, home, listener.url)
    happen(runtime, event(home))
    notifying.all()
    with pytest.raises(Exception, match="No matching signature"):
        listener.verified(new_secret())


def test_410_disables_the_endpoint_and_gives_up_what_waits(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    endpoint_id, _ = endpoint(runtime, home, listener.url)
    listener.reply = answers(410)
    happen(runtime, event(home, "T-1"), event(home, "T-1"))
    rows = notifying.all()
    assert {row.state for row in rows} == {State.DEAD}
    assert len(listener.calls) == 1
    assert webhooks.show(runtime, home.slug, endpoint_id).status == "disabled"
    assert not happen(runtime, event(home)).told


def test_an_endpoint_enabled_again_gets_what_it_missed_by_a_resend(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    endpoint_id, _ = endpoint(runtime, home, listener.url)
    listener.reply = answers(410)
    happen(runtime, event(home))
    notifying.all()
    listener.reply = answers(204)
    webhooks.enable(runtime, home.slug, endpoint_id)
    assert webhook_log.resend_since(runtime, home.slug, endpoint_id, time.time() - 60) == 1
    assert notifying.all()[0].state == State.SETTLED


def test_a_redirect_is_not_followed(runtime: Runtime, home: Home, listener: Listener, notifying: Notifying) -> None:
    endpoint(runtime, home, listener.url)
    listener.reply = answers(307, headers={"Location": listener.url + "/elsewhere"})
    happen(runtime, event(home))
    (row,) = notifying.tried()
    assert [call.path for call in listener.calls] == ["/told"]
    assert (row.state, row.status) == (State.PENDING, 307)
    assert "redirects are not followed" in row.last_error


def test_an_address_that_turns_private_is_not_called(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a name does that is made to lead elsewhere after it was added (DNS rebinding)."""
    monkeypatch.setattr("bridge.receivers.refuse_private", lambda *_: None)
    endpoint(runtime, home, listener.url.replace("127.0.0.1", "127.0.0.2"))
    happen(runtime, event(home))
    (row,) = notifying.tried()
    assert listener.calls == []
    assert "private address" in row.last_error


def test_a_rotated_secret_and_the_former_one_both_verify(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    endpoint_id, former = endpoint(runtime, home, listener.url)
    renewed = webhooks.rotate(runtime, home.slug, endpoint_id).secret.reveal()
    happen(runtime, event(home))
    notifying.all()
    call = listener.calls[0]
    assert Webhook(former).verify(call.body, call.headers) == Webhook(renewed).verify(call.body, call.headers)


def test_the_former_secret_ends_a_day_after_the_rotation(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "OLD_SECRET_FOR", -1.0)
    endpoint_id, _ = endpoint(runtime, home, listener.url)
    webhooks.rotate(runtime, home.slug, endpoint_id)
    happen(runtime, event(home))
    notifying.all()
    assert len(listener.calls[0].headers["webhook-signature"].split(" ")) == 1


def test_the_log_shows_answer_time_and_status(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    endpoint_id, _ = endpoint(runtime, home, listener.url)
    listener.reply = answers(202, b"thank you" + b"." * 1000)
    happen(runtime, event(home, "T-9"))
    notifying.all()
    (line,) = webhook_log.listed(runtime, home.slug, endpoint_id)
    assert (line.state, line.status, line.attempts, line.ticket_id) == ("delivered", 202, 1, "T-9")
    assert line.answer is not None
    assert line.answer.startswith("thank you.")
    assert len(line.answer) == 500
    assert line.ms is not None
    assert line.ms >= 0


def test_one_delivery_can_be_sent_again_with_the_same_id(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    endpoint_id, _ = endpoint(runtime, home, listener.url)
    happen(runtime, event(home))
    (row,) = notifying.all()
    webhook_log.resend(runtime, home.slug, endpoint_id, row.id)
    notifying.until(lambda: len(listener.calls) == 2, "the second call")
    assert listener.calls[0].webhook_id == listener.calls[1].webhook_id


def test_a_removed_endpoint_gets_nothing_more_and_its_secrets_are_forgotten(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    endpoint_id, _ = endpoint(runtime, home, listener.url)
    happen(runtime, event(home))
    webhooks.remove(runtime, home.slug, endpoint_id)
    notifying.all()
    row = receiver(runtime, endpoint_id)
    assert (row.target, row.secrets, listener.calls) == (None, None, [])
    assert webhooks.listed(runtime, home.slug) == []


def test_no_secret_no_address_and_no_word_of_a_customer_is_logged(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    _, secret = endpoint(runtime, home, listener.url + "/path-secret?token=query-secret")
    listener.reply = answers(500, b"echo: third time I ask")
    happen(runtime, event(home, indicators=runtime.vault.encrypt('["third time I ask"]')))
    notifying.tried()
    told = " ".join(
        f"{record.getMessage()} {record.__dict__}" for record in caplog.records if "moodbridge" in record.name
    )
    assert "not told" in told
    for hidden in ("path-secret", "query-secret", secret, "third time"):
        assert hidden not in told


def test_the_answer_is_kept_encrypted_since_it_may_repeat_a_customers_words(
    runtime: Runtime, home: Home, listener: Listener, notifying: Notifying
) -> None:
    endpoint(runtime, home, listener.url)
    listener.reply = answers(200, b"third time I ask")
    happen(runtime, event(home))
    (row,) = notifying.all()
    assert "third time" not in row.answer
    assert runtime.vault.decrypt(row.answer) == "third time I ask"


def test_deleting_a_workspace_takes_its_events_and_receivers_along(
    runtime: Runtime, home: Home, listener: Listener
) -> None:
    endpoint(runtime, home, listener.url)
    happen(runtime, event(home), event(home, ticket_id=None, connection_id=None, type=EventType.MOOD_SHIFTED))
    workspaces.delete(runtime, home.slug)
    with runtime.database.read() as connection:
        assert connection.execute(sa.select(events)).all() == []
        assert connections.all_active(connection) == []
    assert sent(runtime) == []
