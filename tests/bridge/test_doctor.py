"""The doctor: each check says what is well, or what to do."""

import dataclasses
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
import sqlalchemy as sa
from rq import Worker

from bridge import doctor, webhooks, workspaces
from bridge.doctor import Check, check
from bridge.errors import NotFound
from bridge.receive import Receiver
from bridge.runtime import Runtime
from bridge.store.connections import READING, note_failure
from bridge.store.tables import State, messages, receivers
from bridge.vault import Secret, Vault
from bridge.wake import DRAINS, queue_named
from tests import fakes
from tests.fakes import Home


def found(runtime: Runtime, name: str, slug: str | None = None) -> Check:
    (one,) = [one for one in check(runtime, slug) if one.check == name]
    return one


def receive(runtime: Runtime, home: Home, now: float | None = None) -> None:
    body, headers = home.event([fakes.message()])
    Receiver(runtime).receive(home.hook, body, headers, now)


def test_an_installation_that_is_well_has_nothing_but_missing_workers(runtime: Runtime, home: Home) -> None:
    assert [one.check for one in check(runtime) if not one.ok] == ["workers"]


def test_every_check_has_an_answer_in_words(runtime: Runtime, home: Home) -> None:
    assert all(one.check and one.advice for one in check(runtime, home.slug))


def test_before_anything_is_stored_the_key_cannot_be_wrong(runtime: Runtime) -> None:
    assert found(runtime, "secret key").ok


def test_a_key_that_does_not_open_what_is_stored_is_told(runtime: Runtime, home: Home) -> None:
    other = dataclasses.replace(runtime, vault=Vault([Secret("a key that came from another installation")]))
    assert not found(other, "secret key").ok


def test_a_full_disk_is_told(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 10**12, 10**8))
    assert not found(runtime, "disk").ok


def test_a_data_directory_that_is_not_there_yet_is_no_failure(runtime: Runtime, tmp_path: Path) -> None:
    settings = dataclasses.replace(runtime.settings, data_dir=tmp_path / "not" / "yet")
    assert found(dataclasses.replace(runtime, settings=settings), "disk").ok


def test_a_slow_disk_under_sqlite_advises_postgres(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_timed", lambda _work: 0.02)
    one = found(runtime, "database")
    assert one.ok is not runtime.database.is_sqlite
    assert one.ok or "PostgreSQL" in one.advice


def test_a_clock_behind_what_is_stored_is_told(runtime: Runtime, home: Home) -> None:
    assert found(runtime, "clock").ok
    receive(runtime, home, time.time() + 200)
    one = found(runtime, "clock")
    assert not one.ok
    assert "set the time" in one.advice


def test_a_redis_that_does_not_answer_is_told(runtime: Runtime) -> None:
    settings = dataclasses.replace(runtime.settings, redis_url="redis://127.0.0.1:1")
    one = found(dataclasses.replace(runtime, settings=settings), "Redis")
    assert not one.ok
    assert "REDIS_URL" in one.advice


def register(queue: str, client: "redis.Redis") -> None:
    Worker([queue_named(queue, client)], connection=client).register_birth()  # type: ignore[no-untyped-call]


def test_queues_without_a_worker_are_named(runtime: Runtime) -> None:
    with redis.Redis.from_url(str(runtime.settings.redis_url)) as client:
        register("score", client)
        one = found(runtime, "workers")
        assert not one.ok
        assert "score" not in one.advice.partition(";")[0]
        for name in DRAINS:
            register(name, client)
        assert found(runtime, "workers").ok


def test_something_that_waits_long_is_told(runtime: Runtime, home: Home) -> None:
    receive(runtime, home)
    assert found(runtime, "waiting").ok
    runtime.database.write(lambda c: c.execute(sa.update(messages).values(due_at=time.time() - 90)))
    assert not found(runtime, "waiting").ok


def test_what_waits_for_a_workspace_that_is_off_is_no_failure(runtime: Runtime, add_home: Callable[..., Home]) -> None:
    home = add_home("paused")
    receive(runtime, home)
    workspaces.set(runtime, home.slug, {"enabled": "off"})
    runtime.database.write(lambda c: c.execute(sa.update(messages).values(due_at=time.time() - 90)))
    assert found(runtime, "waiting").ok
    assert "off" in found(runtime, "enabled", home.slug).advice


def test_dead_letters_are_told_with_the_reason_and_the_command(runtime: Runtime, home: Home) -> None:
    receive(runtime, home)
    dead = {"state": int(State.DEAD), "last_error": "the scorer broke"}
    runtime.database.write(lambda c: c.execute(sa.update(messages).values(**dead)))
    one = found(runtime, "dead letters in messages", home.slug)
    assert not one.ok
    assert "the scorer broke" in one.advice
    assert f"moodbridge retry {home.slug}" in one.advice


def test_a_receiver_that_does_not_take_its_events_is_told_with_the_reason(runtime: Runtime, home: Home) -> None:
    made = webhooks.add(runtime, home.slug, "http://127.0.0.1:9/").endpoint.id
    failing = {"failing_since": 1.0, "error": "it answers 500"}
    runtime.database.write(lambda c: c.execute(sa.update(receivers).values(**failing)))
    one = found(runtime, f"webhook {made}", home.slug)
    assert (one.ok, one.advice) == (False, "it answers 500")


def test_a_failing_connection_is_told_with_its_error(runtime: Runtime, home: Home) -> None:
    runtime.database.write(lambda c: note_failure(c, home.connection, READING, "the desk refuses the token"))
    one = found(runtime, f"connection {home.connection}", home.slug)
    assert (one.ok, one.advice) == (False, "reading: the desk refuses the token")


def test_a_workspace_that_is_well(runtime: Runtime, home: Home) -> None:
    assert found(runtime, "connections", home.slug).ok


def test_an_unknown_workspace_is_not_found(runtime: Runtime) -> None:
    with pytest.raises(NotFound):
        check(runtime, "nobody")
