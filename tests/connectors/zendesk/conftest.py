"""Fixtures of the Zendesk connector's tests."""

import time
from collections.abc import Iterator

import pytest

from connectors.zendesk.breaker import Breaker
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
