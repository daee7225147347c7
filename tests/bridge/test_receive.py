"""Receiving: verified against what the connection is now, sealed, stored, and the right drains woken."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
import sqlalchemy as sa

from bridge import connections
from bridge.connector import BadSignature, Unreadable
from bridge.model import Author
from bridge.receive import Receiver, TooLarge, Unavailable, UnknownHook, sealed
from bridge.runtime import Runtime
from bridge.store.tables import State, messages, read_requests
from bridge.vault import Secret
from bridge.wake import queue_named
from tests import fakes
from tests.fakes import Home
from tests.outage import database_down
from tests.scene import message
from tests.waiting import eventually


@pytest.fixture
def receiver(runtime: Runtime) -> Receiver:
    return Receiver(runtime)


def rows(runtime: Runtime, table: sa.Table = messages) -> list[Any]:
    with runtime.database.read() as connection:
        return list(connection.execute(sa.select(table)))


def waiting(runtime: Runtime, queue: str) -> int:
    with redis.Redis.from_url(str(runtime.settings.redis_url)) as client:
        return queue_named(queue, client).count


def test_the_text_is_stored_encrypted_and_nothing_else_of_it(runtime: Runtime, receiver: Receiver, home: Home) -> None:
    body, headers = home.event([fakes.message(text="My password is hunter2")])
    receiver.receive(home.hook, body, headers)
    (row,) = rows(runtime)
    assert runtime.vault.decrypt(row.text) == "My password is hunter2"
    assert not [value for value in row if isinstance(value, str) and "hunter2" in value]


def test_a_staff_message_loses_its_text(runtime: Runtime) -> None:
    told = sealed(message(author=Author.STAFF, text="internal"), runtime.vault, Secret("workspace"))
    assert told.text is None


def test_a_message_wakes_the_score_drain_once_it_is_committed(runtime: Runtime, receiver: Receiver, home: Home) -> None:
    body, headers = home.event([fakes.message()])
    receiver.receive(home.hook, body, headers)
    eventually(lambda: waiting(runtime, "score") == 1, "the wake")
    assert waiting(runtime, "read") == 0


def test_a_read_request_wakes_the_read_drain(runtime: Runtime, receiver: Receiver, home: Home) -> None:
    body, headers = home.event(targets=[["ticket", "T-1"]])
    receiver.receive(home.hook, body, headers)
    eventually(lambda: waiting(runtime, "read") == 1, "the wake")
    assert waiting(runtime, "score") == 0


def test_many_messages_wake_one_drain(runtime: Runtime, receiver: Receiver, home: Home) -> None:
    for _ in range(20):
        receiver.receive(home.hook, *home.event([fakes.message()]))
    runtime.waker.close()
    assert waiting(runtime, "score") == 1


def test_with_redis_away_messages_are_accepted(runtime: Runtime, home: Home) -> None:
    from bridge.wake import Waker

    nowhere = dataclasses.replace(runtime, waker=Waker("redis://127.0.0.1:1/0"))
    receipt = Receiver(nowhere).receive(home.hook, *home.event([fakes.message()]))
    assert receipt.accepted == 1
    nowhere.waker.close()


def test_with_the_database_away_nothing_is_accepted(
    runtime: Runtime, receiver: Receiver, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.receive.COMMIT_WITHIN", 0.2)
    receiver.receive(home.hook, *home.event())
    with database_down(runtime.database), pytest.raises(Unavailable):
        receiver.receive(home.hook, *home.event([fakes.message()]))


def test_a_renewed_secret_is_taken_at_once_and_the_former_one_for_a_day(
    runtime: Runtime, receiver: Receiver, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.receive(home.hook, *home.event([fakes.message()]))  # the connection is known now
    secret = connections.connect(runtime, home.slug, "fake", {}, rotate=True).secret
    assert secret is not None
    renewed = dataclasses.replace(home, secret=secret)
    assert receiver.receive(home.hook, *renewed.event([fakes.message()])).accepted == 1
    assert receiver.receive(home.hook, *home.event([fakes.message()])).accepted == 1
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + connections.OLD_SECRET_FOR + 1)
    assert receiver.receive(home.hook, *renewed.event([fakes.message()])).accepted == 1
    with pytest.raises(BadSignature):
        receiver.receive(home.hook, *home.event([fakes.message()]))


def test_a_secret_renewed_twice_is_gone(runtime: Runtime, receiver: Receiver, home: Home) -> None:
    receiver.receive(home.hook, *home.event([fakes.message()]))
    for _ in range(2):
        connections.connect(runtime, home.slug, "fake", {}, rotate=True)
    with pytest.raises(BadSignature):
        receiver.receive(home.hook, *home.event([fakes.message()]))


def test_a_connection_renewed_between_check_and_commit_is_checked_again(
    runtime: Runtime, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit sees the new revision; the request was signed with a secret that is no longer good."""
    receiver = Receiver(runtime)
    fake = runtime.connectors["fake"]
    renewals = iter([1, 2])

    def parse_late(request: Any, access: Any) -> Any:
        if next(renewals, None):
            connections.connect(runtime, home.slug, "fake", {}, rotate=True)
        return fake.parse(request, access)

    slow = dataclasses.replace(runtime, connectors={"fake": dataclasses.replace(fake, parse=parse_late)})
    receiver = Receiver(slow)
    with pytest.raises(BadSignature):
        receiver.receive(home.hook, *home.event([fakes.message()]))
    assert rows(runtime) == []


def test_a_disconnected_hook_is_unknown_although_it_was_known(runtime: Runtime, receiver: Receiver, home: Home) -> None:
    receiver.receive(home.hook, *home.event([fakes.message()]))
    connections.disconnect(runtime, home.connection)
    with pytest.raises(UnknownHook):
        receiver.receive(home.hook, *home.event([fakes.message()]))
    assert len(rows(runtime)) == 1


def test_what_is_too_large_or_unreadable_stores_nothing(runtime: Runtime, receiver: Receiver, home: Home) -> None:
    large = b"x" * (fakes.HOOK_LIMIT + 1)
    with pytest.raises(TooLarge):
        receiver.receive(home.hook, large, home.signed(large))
    with pytest.raises(Unreadable):
        receiver.receive(home.hook, b"{", home.signed(b"{"))
    assert rows(runtime) == rows(runtime, read_requests) == []


def test_a_workspace_that_is_off_keeps_no_words(
    runtime: Runtime, receiver: Receiver, add_home: Callable[..., Home]
) -> None:
    home = add_home(enabled="off")
    receipt = receiver.receive(home.hook, *home.event([fakes.message()]))
    (row,) = rows(runtime)
    assert (receipt.accepted, receipt.ignored) == (0, 1)
    assert (row.state, row.text, row.text_hash) == (State.IGNORED, None, None)


def test_accepted_messages_are_counted(receiver: Receiver, home: Home) -> None:
    receiver.receive(home.hook, *home.event([fakes.message("T-1", "m-1"), fakes.message()]))
    receiver.receive(home.hook, *home.event([fakes.message("T-1", "m-1")]))
    eventually(lambda: receiver.accepted == 2, "the count")
