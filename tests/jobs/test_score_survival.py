"""What must survive: providers that fail in every way at once, and workers that are killed with calls in flight."""

import os
import random
import subprocess
import sys

import pytest

from bridge import providers, workspaces
from bridge.runtime import Runtime
from bridge.store.tables import State
from tests.fakes import Home
from tests.hosts.provider import FakeProvider, faults
from tests.jobs.provided import Draining, caveats, receive, scorer, use
from tests.waiting import eventually

STOPPING = ("bad_key", "no_money", "bad_model", "redirect", "no_money_inside")
"""Faults that only a person can mend."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product's times, shortened."""
    monkeypatch.setattr("bridge.scoring.providers.ask.READ_TIMEOUT", 2.0)
    monkeypatch.setattr("bridge.scoring.providers.ask.DEADLINE", 3.0)
    monkeypatch.setattr("bridge.scoring.consult.FIRST_WAIT", 0.2)
    monkeypatch.setattr("bridge.scoring.consult.LONGEST_WAIT", 0.5)
    monkeypatch.setattr("bridge.scoring.breaker.SHORTEST_PAUSE", 0.2)
    monkeypatch.setattr("bridge.scoring.breaker.LONGEST_PAUSE", 0.5)


def texts(unique: int, messages: int) -> list[str]:
    """So many messages with so many different texts, mixed."""
    told = [f"Order {number} is broken and I am waiting for it" for number in range(unique)]
    mixed = told + random.Random(1).choices(told, k=messages - unique)
    random.Random(2).shuffle(mixed)
    return mixed


@pytest.mark.timeout(180)
@pytest.mark.usefixtures("impatient")
def test_with_30_per_cent_of_calls_failing_in_every_way_every_message_is_scored_and_no_text_twice(
    runtime: Runtime, second_runtime: Runtime, home: Home, provider: FakeProvider
) -> None:
    provider.state.retry_after = "1"
    provider.state.fault_share = 0.3
    provider.state.fault_names = tuple(name for name in faults.NAMES if name not in STOPPING)
    use(runtime, home, provider)
    receive(runtime, home, texts(unique=400, messages=600))
    both = Draining(runtime, second_runtime)
    found = both.all(home, within=150)
    both.close()
    assert {row.state for row in found} == {State.SETTLED}
    assert all(scorer(row) == "openai" or "offline_fallback" in caveats(row) for row in found)
    assert all(row.last_error for row in found if scorer(row) == "offline")
    assert sum(provider.state.scored.values()) <= 400 + provider.state.answers["cut_off"]
    assert len(provider.state.scored) > 300, "most texts are scored by the provider nevertheless"


@pytest.mark.usefixtures("impatient")
def test_with_faults_among_them_that_stop_the_route_every_message_is_still_scored(
    runtime: Runtime, home: Home, drain: Draining, provider: FakeProvider
) -> None:
    provider.state.retry_after = "1"
    provider.state.fault_share, provider.state.fault_names = 0.3, faults.NAMES
    use(runtime, home, provider)
    receive(runtime, home, texts(unique=200, messages=200))
    found = drain.all(home, within=60)
    assert {row.state for row in found} == {State.SETTLED}
    assert providers.shown(runtime, home.slug).state == "stopped"


@pytest.mark.timeout(120)
def test_a_worker_killed_with_calls_in_flight_costs_those_calls_and_no_more(
    runtime: Runtime, home: Home, drain: Draining, provider: FakeProvider
) -> None:
    provider.state.latency = 0.2
    workspaces.set(runtime, home.slug, {"in_flight": "40"})
    use(runtime, home, provider)
    receive(runtime, home, texts(unique=300, messages=400))
    settings = runtime.settings
    environment = os.environ | {
        "MOODBRIDGE_SECRET_KEY": settings.secret_keys[0].reveal(),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url or "",
        "MOODBRIDGE_DATA_DIR": str(settings.data_dir),
        "MOODBRIDGE_ALLOW_HOSTS": "127.0.0.1",
    }
    worker = subprocess.Popen([sys.executable, "-m", "tests.jobs.worker_process"], env=environment)
    eventually(lambda: provider.state.calls > 100, "calls in flight")
    worker.kill()
    worker.wait()
    found = drain.all(home, within=60)
    assert {scorer(row) for row in found} == {"openai"}
    assert 0 <= sum(provider.state.scored.values()) - 300 <= 40
