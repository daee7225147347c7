"""What follows when the workspace's provider does not score a message, by the real drain."""

import json
import time

import pytest
import sqlalchemy as sa

from bridge import connections, providers, workspaces
from bridge.runtime import Runtime
from bridge.store.tables import State, events, messages
from tests.fakes import Home
from tests.hosts.provider import KEY, FakeProvider
from tests.jobs.provided import Draining, age, caveats, receive, scorer, use

COMPLAINT = "I have been waiting for a week, where is my order?"


@pytest.mark.parametrize("fault", ["bad_key", "no_money", "bad_model"])
def test_a_fault_that_a_person_must_mend_stops_the_route_and_is_told_once(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    use(runtime, home, provider)
    provider.state.fail_next(fault)
    receive(runtime, home, [COMPLAINT])
    (row,) = drain.all(home)
    receive(runtime, home, ["This is broken", "Love it"])
    found = drain.all(home)
    assert {scorer(row) for row in found} == {"offline"}
    assert all("offline_fallback" in caveats(row) for row in found)
    assert provider.state.calls == 1, "nobody calls a stopped provider"
    shown = providers.shown(runtime, home.slug)
    assert shown.state == "stopped"
    assert shown.problem == row.last_error
    assert [record.message for record in caplog.records].count("the provider is stopped") == 1
    assert [told["error"] for told in _failing(runtime)] == [shown.problem], "one event, however many messages"
    (connection,) = connections.listed(runtime, home.slug)
    assert (connection.status, connection.error) == ("degraded", f"scoring: {shown.problem}")


def _failing(runtime: Runtime) -> list[dict[str, str]]:
    told = sa.select(events.c.data).where(events.c.type == "connection.failing")
    with runtime.database.read() as connection:
        return [json.loads(data) for data in connection.execute(told).scalars()]


def test_a_working_test_call_starts_a_stopped_route_again(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider
) -> None:
    use(runtime, home, provider)
    provider.state.fail_next("no_money")
    receive(runtime, home, [COMPLAINT])
    drain.all(home)
    assert providers.test(runtime, home.slug).ok
    receive(runtime, home, ["Where is it?"])
    assert scorer(drain.all(home)[1]) == "openai"
    assert providers.shown(runtime, home.slug).state == "ok"
    assert [one.status for one in connections.listed(runtime, home.slug)] == ["active"]


def test_the_late_answer_of_a_former_route_does_not_stop_the_new_one(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider
) -> None:
    use(runtime, home, provider, key="sk-wrong-key-of-before")
    provider.state.held = True
    receive(runtime, home, [COMPLAINT])
    drain.until(lambda: provider.state.in_flight == 1, "the call")
    use(runtime, home, provider)
    provider.state.held = False
    drain.all(home)
    assert providers.shown(runtime, home.slug).state == "ok"


@pytest.mark.parametrize("fault", ["rate_limited", "overloaded", "closed", "html_error"])
def test_a_busy_provider_puts_the_message_off_and_is_asked_again(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.scoring.consult.FIRST_WAIT", 0.2)
    provider.state.retry_after = "1"
    use(runtime, home, provider)
    provider.state.fail_next(fault)
    receive(runtime, home, [COMPLAINT])
    (row,) = drain.all(home)
    assert (scorer(row), row.attempts) == ("openai", 0)
    assert provider.state.calls == 2


def test_retry_after_is_kept_without_a_thread(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider
) -> None:
    provider.state.retry_after = "40"
    use(runtime, home, provider)
    provider.state.fail_next("rate_limited")
    receive(runtime, home, [COMPLAINT])
    row = drain.put_off(home)
    assert row.state == State.PENDING
    assert row.worker_id is None
    assert 39 < row.due_at - time.time() < 51
    assert "slow down" in row.last_error


def test_a_live_message_is_scored_offline_ten_minutes_after_its_arrival(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider
) -> None:
    use(runtime, home, provider)
    provider.state.fail_next("overloaded")
    receive(runtime, home, [COMPLAINT])
    age(runtime, home, 601)
    (row,) = drain.all(home)
    assert (scorer(row), caveats(row)) == ("offline", ["offline_fallback"])
    assert "overloaded" in row.last_error


def test_a_put_off_never_goes_beyond_the_ten_minutes(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider
) -> None:
    provider.state.retry_after = "100"
    use(runtime, home, provider)
    provider.state.fail_next("rate_limited")
    receive(runtime, home, [COMPLAINT])
    age(runtime, home, 550)
    row = drain.put_off(home)
    assert row.due_at == pytest.approx(row.received_at + 600, abs=0.01)


def test_bulk_work_waits_for_a_provider_that_is_only_slow(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider
) -> None:
    use(runtime, home, provider)
    provider.state.fail_next("rate_limited")
    receive(runtime, home, [COMPLAINT])
    runtime.database.write(lambda connection: connection.execute(sa.update(messages).values(bulk=1, origin="backfill")))
    age(runtime, home, 3600)
    row = drain.put_off(home)
    assert row.state == State.PENDING


@pytest.mark.parametrize("fault", ["refused", "too_long", "bad_request"])
def test_what_will_not_change_is_scored_offline_at_once(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider, fault: str
) -> None:
    use(runtime, home, provider)
    provider.state.fail_next(fault)
    receive(runtime, home, [COMPLAINT])
    (row,) = drain.all(home)
    assert (scorer(row), provider.state.calls) == ("offline", 1)
    assert "offline_fallback" in caveats(row)


def test_a_bad_reply_is_asked_for_once_more(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider
) -> None:
    use(runtime, home, provider)
    provider.state.fail_next("prose")
    receive(runtime, home, [COMPLAINT])
    (row,) = drain.all(home)
    assert (scorer(row), provider.state.calls) == ("openai", 2)
    assert row.cost > 0
    total = providers.usage(runtime, home.slug).total
    assert (total.calls, total.failed) == (2, 1)


def test_two_bad_replies_fall_to_the_embedded_scorer_and_are_paid(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider
) -> None:
    use(runtime, home, provider)
    provider.state.fail_next("prose", "html")
    receive(runtime, home, [COMPLAINT])
    (row,) = drain.all(home)
    assert (scorer(row), provider.state.calls) == ("offline", 2)
    total = providers.usage(runtime, home.slug).total
    assert (total.calls, total.failed, total.offline) == (2, 2, 1)
    assert total.cost > 0


def test_the_fallbacks_score_is_not_kept_for_the_next_one(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider
) -> None:
    use(runtime, home, provider)
    provider.state.fail_next("refused")
    receive(runtime, home, [COMPLAINT])
    drain.all(home)
    receive(runtime, home, [COMPLAINT])
    assert [scorer(row) for row in drain.all(home)] == ["offline", "openai"]


def test_a_failing_provider_is_left_alone_then_one_call_tries_for_all(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.scoring.breaker.SHORTEST_PAUSE", 1.0)
    monkeypatch.setattr("bridge.scoring.consult.FIRST_WAIT", 0.1)
    workspaces.set(runtime, home.slug, {"in_flight": "6"})
    provider.state.fault_share, provider.state.fault_names = 1.0, ("overloaded",)
    use(runtime, home, provider)
    receive(runtime, home, [f"Where is order {number}?" for number in range(40)])
    drain.until(lambda: providers.shown(runtime, home.slug).state == "paused", "the pause")
    calls = provider.state.calls
    assert calls <= 12
    provider.state.held, provider.state.fault_share = True, 0.0
    drain.until(lambda: provider.state.in_flight > 0, "the try")
    assert provider.state.in_flight == 1
    provider.state.held = False
    found = drain.all(home)
    assert {scorer(row) for row in found} == {"openai"}
    assert sum(provider.state.scored.values()) == 40


def test_a_dead_redis_does_not_stop_scoring(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.score.redis_url", lambda settings: "redis://127.0.0.1:1/0")
    provider.state.requests_per_minute = 100
    use(runtime, home, provider)
    receive(runtime, home, ["Where is it?"])
    drain.all(home)
    receive(runtime, home, ["Where is it now?", "And now?"])
    assert [scorer(row) for row in drain.all(home)] == ["openai"] * 3


def test_a_workspaces_key_that_cannot_be_opened_falls_to_the_embedded_scorer(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider
) -> None:
    from bridge.store.tables import providers as table

    use(runtime, home, provider)
    runtime.database.write(lambda connection: connection.execute(sa.update(table).values(key="gAAAAA-of-another-key")))
    receive(runtime, home, [COMPLAINT])
    (row,) = drain.all(home)
    assert scorer(row) == "offline"
    assert row.last_error


def test_neither_key_nor_words_stand_in_any_log(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    use(runtime, home, provider)
    provider.state.fail_next("bad_request", "prose", "prose", "overloaded", "bad_key")
    receive(runtime, home, [COMPLAINT, "Where is the purple giraffe?", "One more thing", "And another"])
    age(runtime, home, 601)
    drain.all(home)
    told = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert "purple giraffe" not in told
    assert KEY not in told
