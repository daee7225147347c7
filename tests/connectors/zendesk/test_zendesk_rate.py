"""Half of what an account allows, over all processes."""

import itertools
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.connector import RateLimited
from connectors.zendesk import rate
from connectors.zendesk.desk import Desk
from tests.connectors.zendesk.world import ANGRY as ANGRY
from tests.connectors.zendesk.world import Clock, MemoryState, World


def taken_at_once(state: MemoryState, *buckets: rate.Bucket) -> int:
    for count in itertools.count():
        try:
            rate.take(state, buckets)
        except RateLimited:
            return count
    raise AssertionError


def test_before_zendesk_told_its_limit_half_of_the_smallest_plan_is_used(clock: Clock) -> None:
    assert taken_at_once(MemoryState(), rate.ACCOUNT) == 100


@pytest.mark.parametrize("name", ["ratelimit-limit", "rate-limit", "x-rate-limit"])
def test_half_of_the_limit_that_any_spelling_of_the_header_tells(clock: Clock, name: str) -> None:
    state = MemoryState()
    rate.learn(state, (rate.ACCOUNT,), {name: "700"})
    assert taken_at_once(state, rate.ACCOUNT) == 350


def test_single_updates_keep_to_half_of_the_ticket_limit_too(clock: Clock) -> None:
    state = MemoryState()
    rate.learn(
        state,
        rate.buckets_of("PUT", "/api/v2/tickets/7.json"),
        {"zendesk-ratelimit-tickets-update": "total=20; remaining=19; resets=41"},
    )
    assert taken_at_once(state, *rate.buckets_of("PUT", "/api/v2/tickets/7.json")) == 10


def test_the_bulk_update_does_not_draw_on_the_ticket_limit() -> None:
    assert rate.buckets_of("PUT", "/api/v2/tickets/update_many.json") == (rate.ACCOUNT,)


def test_two_incremental_exports_a_minute(clock: Clock) -> None:
    buckets = rate.buckets_of("GET", "/api/v2/incremental/ticket_events.json")
    assert taken_at_once(MemoryState(), *buckets) == 2


def test_reading_tickets_leaves_a_fifth_of_our_share_to_writes(clock: Clock) -> None:
    state, reading = MemoryState(), rate.buckets_of("GET", "/api/v2/tickets/7/comments.json")
    assert taken_at_once(state, *reading) == 80
    with pytest.raises(RateLimited) as limited:
        rate.take(state, reading)
    assert not limited.value.whole
    assert taken_at_once(state, rate.ACCOUNT) == 20


def test_a_429_to_a_read_is_the_accounts(clock: Clock) -> None:
    state = MemoryState()
    limited = rate.pause(state, rate.buckets_of("GET", "/api/v2/tickets/7/comments.json"), {"retry-after": "9"})
    assert limited.whole
    assert taken_at_once(state, rate.ACCOUNT) == 0


def test_a_refused_call_counts_in_no_bucket(clock: Clock) -> None:
    state = MemoryState()
    taken_at_once(state, rate.ACCOUNT, rate.INCREMENTAL)
    assert taken_at_once(state, rate.ACCOUNT) == 98


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pauses=st.lists(st.floats(0, 20), min_size=20, max_size=120))
def test_no_sixty_seconds_ever_hold_more_than_the_share(clock: Clock, pauses: list[float]) -> None:
    state, times = MemoryState(), []
    rate.learn(state, (rate.ACCOUNT,), {"ratelimit-limit": "20"})
    for pause in pauses:
        clock.advance(pause)
        try:
            rate.take(state, (rate.ACCOUNT,))
            times.append(clock.now)
        except RateLimited:
            continue
    assert all(sum(1 for at in times if start <= at < start + 60) <= 10 for start in times)


def test_after_the_told_wait_there_is_room(clock: Clock) -> None:
    state = MemoryState()
    taken_at_once(state, rate.ACCOUNT)
    with pytest.raises(RateLimited) as limited:
        rate.take(state, (rate.ACCOUNT,))
    clock.advance(limited.value.retry_after)
    rate.take(state, (rate.ACCOUNT,))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"ratelimit-reset": "9"}, 9.0),
        ({"rate-limit-reset": "8"}, 8.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "ratelimit-reset": "7"}, 7.0),
        ({"retry-after": "0"}, 1.0),
        ({"retry-after": "nan"}, 30.0),
        ({}, 30.0),
    ],
)
def test_how_long_a_429_asks_to_wait(headers: dict[str, str], seconds: float) -> None:
    assert rate.retry_after(headers) == seconds


def test_a_429_pauses_every_process_and_nobody_calls_meanwhile(world: World) -> None:
    world.account.faults.next_up.append("429-integer")
    with pytest.raises(RateLimited) as first:
        Desk(world.access).me()
    assert first.value.retry_after == 3.0
    calls = len(world.account.calls)
    with pytest.raises(RateLimited):
        Desk(world.access).me()
    assert len(world.account.calls) == calls
    world.clock.advance(3.1)
    Desk(world.access).me()


def test_what_is_kept_stays_small(clock: Clock) -> None:
    state = MemoryState()
    for _ in range(3000):
        clock.advance(1)
        rate.take(state, (rate.ACCOUNT,))
    assert len(json.dumps(state.values)) < 1000
