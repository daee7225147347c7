"""Alert channels: Slack, Microsoft Teams, e-mail and PagerDuty."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bridge import receivers
from bridge.channels.kinds import KINDS, LONGEST_TARGET
from bridge.channels.outcome import Outcome
from bridge.errors import Invalid
from bridge.runtime import Runtime
from bridge.store.events import EventType
from bridge.store.receivers import ReceiverRow
from bridge.telling import policy

TYPES = tuple(one for one in EventType if one not in (EventType.SENTIMENT_CHANGED, EventType.DIGEST, EventType.TEST))
"""What a channel may be told of; a change of a label alone alerts nobody."""

PER_DAY = 20
"""Alerts about tickets a day, unless set; the others come in one digest."""
MOST_PER_DAY = 1000


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as its admins see it: `goes_to` is the host alone."""

    id: str
    kind: str
    goes_to: str
    types: tuple[str, ...] | None
    per_day: int
    status: str
    """active, failing or disabled."""
    error: str | None
    failing_since: float | None
    last_sent_at: float | None
    created_at: float


def add(
    runtime: Runtime, slug: str, kind: str, target: str, types: Sequence[str] | None = None, per_day: int = PER_DAY
) -> Channel:
    """A new channel, told of everything unless types are given. Raises Invalid, naming the field, and NotFound."""
    known = KINDS.get(kind)
    if known is None:
        raise Invalid("kind", "use one of " + ", ".join(KINDS))
    target = target.strip()
    if not target or len(target) > LONGEST_TARGET:
        raise Invalid("target", f"give {known.target}")
    if not 1 <= per_day <= MOST_PER_DAY:
        raise Invalid("per_day", f"give a number from 1 to {MOST_PER_DAY}")
    receivers.refuse_private(runtime, "target", *known.host(target))
    row = receivers.add(
        runtime,
        slug,
        kind,
        target,
        prefix="al",
        endpoints=False,
        types=receivers.checked_types(types, TYPES),
        settings={"per_day": per_day},
    )
    return _channel(runtime, row)


def listed(runtime: Runtime, slug: str) -> Sequence[Channel]:
    """The workspace's channels, the oldest first. Raises NotFound."""
    return [_channel(runtime, row) for row in receivers.listed(runtime, slug, endpoints=False)]


def show(runtime: Runtime, slug: str, channel_id: str) -> Channel:
    """Raises NotFound."""
    return _channel(runtime, receivers.one(runtime, slug, False, channel_id))


def remove(runtime: Runtime, slug: str, channel_id: str) -> None:
    """The channel is told nothing more. Raises NotFound."""
    receivers.remove(runtime, slug, False, channel_id)


def enable(runtime: Runtime, slug: str, channel_id: str) -> Channel:
    """A channel that was disabled (its receiver said 410 Gone) is told of what happens from now on. Raises NotFound."""
    return _channel(runtime, receivers.enable(runtime, slug, False, channel_id))


def test(runtime: Runtime, slug: str, channel_id: str) -> Outcome:
    """What the channel answers to a test message, sent now and once. Raises NotFound."""
    row = receivers.one(runtime, slug, False, channel_id)
    target = runtime.vault.decrypt(row.target)
    return KINDS[row.kind].send(runtime.http, policy(runtime), target, receivers.test_fact(slug))


def _channel(runtime: Runtime, row: ReceiverRow) -> Channel:
    host, _, _ = KINDS[row.kind].host(runtime.vault.decrypt(row.target))
    return Channel(
        id=row.public_id,
        kind=row.kind,
        goes_to=host,
        types=None if row.types is None else tuple(row.types.split(",")),
        per_day=int(json.loads(row.settings).get("per_day", PER_DAY)),
        status=receivers.status(row),
        error=row.error,
        failing_since=row.failing_since,
        last_sent_at=row.last_sent_at,
        created_at=row.created_at,
    )
