"""Fixtures of the Zendesk connector's tests."""

import time
from collections.abc import Iterator

import pytest

from bridge.runtime import open_runtime
from bridge.settings import Settings
from connectors.zendesk import CONNECTOR
from connectors.zendesk.breaker import Breaker
from tests.connectors.zendesk import product as products
from tests.connectors.zendesk.product import Product, RunningClock
from tests.connectors.zendesk.world import Clock, World, access_for
from tests.hosts.zendesk.account import Account
from tests.hosts.zendesk.server import serve


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """One clock for Zendesk and for us; waiting for a job turns it."""
    turned = Clock()
    monkeypatch.setattr(time, "time", turned)
    monkeypatch.setattr("connectors.zendesk.bulk.sleep", turned.advance)
    monkeypatch.setattr("connectors.zendesk.client._breaker", Breaker())
    return turned


@pytest.fixture
def bare(clock: Clock) -> Iterator[World]:
    """An account that nothing was installed into."""
    account = Account(clock=clock)
    with serve(account) as running:
        yield World(running, access_for(running.url), clock)


@pytest.fixture
def world(bare: World) -> World:
    """A connected account."""
    bare.connect()
    return bare


@pytest.fixture
def product(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Product]:
    """The whole product, connected to an account."""
    turned = RunningClock(time.time)
    monkeypatch.setattr(time, "time", turned)
    monkeypatch.setattr("bridge.store.queue.LEASE", 36_000.0)
    monkeypatch.setattr("bridge.store.queue.FAR_LEASE", 360_000.0)
    monkeypatch.setattr("connectors.zendesk.bulk.POLLS", (0.05, 0.1, 0.3, 1.0))
    monkeypatch.setattr("connectors.zendesk.client._breaker", Breaker())
    runtime = open_runtime(settings, {"zendesk": CONNECTOR})
    with serve(Account(clock=turned, job_seconds=0.02)) as running, products.product(runtime, running, turned) as made:
        yield made
    runtime.close()
