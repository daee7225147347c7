"""Keeps us at half of what an account allows, counted over all processes in the connection's state.

Limits: developer.zendesk.com "Rate limits" (2026-08): an account's calls a minute by its plan; 100 ticket updates a
minute for the whole account, agents' own saves included (20 on trials); 10 incremental exports a minute.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from bridge.connector import ConnectionState, RateLimited

KEY = "rate"
MINUTE = 60
SLOT = 5
"""Calls are counted in slots of 5 s; a slot counts until all of it is older than a minute."""


@dataclass(frozen=True, slots=True)
class Bucket:
    name: str
    limit: int
    """Calls a minute until an answer tells better: the smallest current plan's."""
    share: float


ACCOUNT = Bucket("account", 200, 0.5)
UPDATES = Bucket("updates", 100, 0.5)
INCREMENTAL = Bucket("incremental", 10, 0.2)
READS = Bucket("reads", 200, 0.4)
"""Our own: many new tickets to read leave a part of our share to writes."""


def buckets_of(method: str, path: str) -> tuple[Bucket, ...]:
    """The buckets that a call draws on."""
    if method == "PUT" and re.fullmatch(r"/api/v2/tickets/\d+(\.json)?", path):
        return (ACCOUNT, UPDATES)
    if path.startswith("/api/v2/incremental/"):
        return (ACCOUNT, INCREMENTAL)
    if re.fullmatch(r"/api/v2/tickets/\d+/(comments|conversation_log)(\.json)?", path):
        return (ACCOUNT, READS)
    return (ACCOUNT,)


@dataclass
class Count:
    """What is known of one bucket: its limit, a pause that Zendesk asked for, and our calls by slot."""

    limit: int
    until: float = 0.0
    slots: dict[str, int] = field(default_factory=dict)


Counts = dict[str, Count]


def take(state: ConnectionState, buckets: tuple[Bucket, ...]) -> None:
    """Counts one call. Raises RateLimited, and counts nothing, when our share of a bucket is used up; for the whole
    connection when it is the account's."""

    def one_more(counts: Counts) -> None:
        now = time.time()
        for bucket in buckets:
            count = counts.setdefault(bucket.name, Count(bucket.limit))
            wait = _wait(count, bucket.share, now)
            if wait > 0:
                raise RateLimited(wait, whole=bucket is ACCOUNT)
            slot = str(int(now // SLOT))
            count.slots[slot] = count.slots.get(slot, 0) + 1

    _change(state, one_more)


def _wait(count: Count, share: float, now: float) -> float:
    """Seconds until the bucket has room; drops the slots that no longer count."""
    count.slots = {slot: calls for slot, calls in count.slots.items() if _end(slot) > now}
    if count.until > now:
        return count.until - now
    if sum(count.slots.values()) < max(1, int(count.limit * share)):
        return 0
    return min(_end(slot) for slot in count.slots) - now


def _end(slot: str) -> float:
    return (int(slot) + 1) * SLOT + MINUTE


def _change(state: ConnectionState, change: Callable[[Counts], None]) -> None:
    while True:
        text = state.get(KEY)
        counts = {name: Count(**kept) for name, kept in json.loads(text).items()} if text else {}
        change(counts)
        changed = json.dumps({name: asdict(count) for name, count in counts.items()})
        if changed == text or state.set(KEY, changed, text):
            return


def learn(state: ConnectionState, buckets: tuple[Bucket, ...], headers: Mapping[str, str]) -> None:
    """Remembers the limits that an answer's headers (lower-case names) tell."""
    whole = account_limit(headers)
    told = {ACCOUNT.name: whole, READS.name: whole, UPDATES.name: update_limit(headers)}

    def remember(counts: Counts) -> None:
        for bucket in buckets:
            count = counts.setdefault(bucket.name, Count(bucket.limit))
            count.limit = told.get(bucket.name) or count.limit

    _change(state, remember)


def pause(state: ConnectionState, buckets: tuple[Bucket, ...], headers: Mapping[str, str]) -> RateLimited:
    """Holds the narrowest bucket of Zendesk's as long as a 429 asks, for every process. What to raise."""
    wait, narrowest = retry_after(headers), [bucket for bucket in buckets if bucket is not READS][-1]

    def hold(counts: Counts) -> None:
        counts.setdefault(narrowest.name, Count(narrowest.limit)).until = time.time() + wait

    _change(state, hold)
    return RateLimited(wait, whole=narrowest is ACCOUNT)


def account_limit(headers: Mapping[str, str]) -> int | None:
    """Calls a minute: `ratelimit-limit` since 2024, `rate-limit` before, `x-rate-limit` on some endpoints only."""
    for name in ("ratelimit-limit", "rate-limit", "x-rate-limit"):
        value = headers.get(name, "").strip()
        if value.isdigit() and int(value) > 0:
            return int(value)
    return None


def update_limit(headers: Mapping[str, str]) -> int | None:
    """Ticket updates a minute, from `zendesk-ratelimit-tickets-update: total=100; remaining=99; resets=41`."""
    found = re.search(r"total=(\d+)", headers.get("zendesk-ratelimit-tickets-update", ""))
    return int(found[1]) if found and int(found[1]) > 0 else None


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that an answer asks to wait: Retry-After (whole or decimal), else the window's reset, else 30."""
    for name in ("retry-after", "ratelimit-reset", "rate-limit-reset"):
        try:
            seconds = float(headers.get(name, ""))
        except ValueError:
            continue
        if 0 <= seconds <= 3600:
            return max(1.0, seconds)
    return 30.0
