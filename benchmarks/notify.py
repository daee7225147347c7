"""Telling: how fast events reach a slow receiver, and whether a dead one slows others; `-m benchmarks.notify`."""

import time
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from benchmarks.load import open_loop, request
from benchmarks.machine import cpu_seconds, family, heading, quantile, table
from benchmarks.rig import DATABASES, Rig, provider, rig, until
from benchmarks.stub import HANGS
from bridge import connections, webhooks, workspaces
from bridge.model import Origin
from bridge.store.events import Event, EventType, insert_events
from bridge.store.tables import deliveries, events

EVENTS = 1000
LATENCY = 0.1
OTHERS = 10
STEADY = 300
STEADY_SECONDS = 15.0
DEAD = 2000
"""Events for the endpoint that hangs."""

DATA: dict[str, object] = {
    "before": {"label": "neutral", "score": 0.1},
    "after": {"label": "urgent", "score": -0.82},
    "trend": {"trend": "declining", "direction": -0.61, "current_avg": -0.55},
    "confidence": 0.86,
    "caveats": [],
    "scorer": {"provider": "openai", "model": "gpt-6-luna", "prompt": "3"},
    "scored_at": "2026-11-22T10:00:00Z",
}


def main() -> None:
    """Prints both tables."""
    heading(f"Telling: {EVENTS:,} events to one receiver that takes {LATENCY * 1000:.0f} ms, one notify worker")
    table(("database", "seconds for all", "events/s", "CPU s of the worker"), (_speed(one) for one in DATABASES))
    heading(
        f"Telling: {EVENTS:,} events of {OTHERS} workspaces, each to its own receiver ({LATENCY * 1000:.0f} ms);"
        " seconds from an event's commit to its delivery"
    )
    table(("what one more workspace does", "delivered", "p50 s", "p95 s", "max s"), _others())
    heading(
        f"Ingest: {STEADY} requests a second (open loop) while as many are scored, and each change of label is told"
    )
    table(("database", "p50 ms", "p99 ms", "not accepted", "scored/s", "told/s"), (_beside(one) for one in DATABASES))


def _speed(database: str) -> Sequence[object]:
    with provider(LATENCY) as receiver, rig(database) as bridge:
        workspace, connection = _home(bridge, "acme", receiver)
        worker = bridge.start("worker", "--queue", "notify")
        _happen(bridge, workspace, connection, 20)  # connections and threads are there
        until(lambda: _sent(bridge, [workspace]) == 20, 30, bridge.folder / "lines.log")
        used = cpu_seconds(family(worker.pid))
        began = time.monotonic()
        _happen(bridge, workspace, connection, EVENTS)
        bridge.runtime.waker.soon(("notify",))
        until(lambda: _sent(bridge, [workspace]) == 20 + EVENTS, 60, bridge.folder / "lines.log")
        seconds = time.monotonic() - began
        return database, seconds, EVENTS / seconds, cpu_seconds(family(worker.pid)) - used


def _others() -> Iterator[Sequence[object]]:
    yield "nothing", *_waits(hangs=False)
    yield f"its receiver hangs, {DEAD:,} events wait for it", *_waits(hangs=True)


def _waits(hangs: bool) -> Sequence[object]:
    """How many events of the others are delivered, and what they wait."""
    with provider(LATENCY) as receiver, rig() as bridge:
        homes = [_home(bridge, f"team-{number}", f"{receiver}{number}") for number in range(OTHERS)]
        dead_workspace, dead_connection = _home(bridge, "dead", receiver)
        bridge.start("worker", "--queue", "notify")
        bridge.start("scheduler")
        for workspace, connection in homes:
            _happen(bridge, workspace, connection, 1)
        ours = [workspace for workspace, _ in homes]
        until(lambda: _sent(bridge, ours) == OTHERS, 30, bridge.folder / "lines.log")
        if hangs:
            _happen(bridge, dead_workspace, dead_connection, DEAD, {"reason": HANGS.decode()})
            bridge.runtime.waker.soon(("notify",))
            time.sleep(3)  # it has all the calls that it can get
        began = time.time()
        for _ in range(EVENTS // OTHERS // 10):
            for workspace, connection in homes:
                _happen(bridge, workspace, connection, 10)
            bridge.runtime.waker.soon(("notify",))
            time.sleep(0.3)
        until(lambda: _sent(bridge, ours) == OTHERS + EVENTS, 60, bridge.folder / "lines.log")
        d, e = deliveries.c, events.c
        mine = sa.and_(d.workspace_id.in_(ours), e.created_at >= began)
        query = sa.select(d.sent_at - e.created_at).join(events, e.id == d.event_id).where(mine)
        with bridge.runtime.database.read() as connection_:
            waits = list(connection_.execute(query).scalars())
    return len(waits), quantile(waits, 0.5), quantile(waits, 0.95), max(waits)


def _beside(database: str) -> Sequence[object]:
    """What web processes answer while a score worker and a notify worker write too."""
    with provider(0.5) as scorer, provider(LATENCY) as receiver, rig(database) as bridge:
        bridge.web()
        bridge.start("worker", "--queue", "score", BENCH_SCORER=scorer)
        bridge.start("worker", "--queue", "notify")
        bridge.start("scheduler")
        hook = bridge.hook("bench")
        webhooks.add(bridge.runtime, "bench", receiver)
        open_loop(bridge.port, [request(hook, n, "w") for n in range(STEADY * 2)], STEADY)
        began = time.time()
        outcome = open_loop(bridge.port, [request(hook, n) for n in range(int(STEADY * STEADY_SECONDS))], STEADY)
        scored = bridge.settled(began) / outcome.seconds
        with bridge.runtime.database.read() as connection:
            query = sa.select(sa.func.count()).select_from(deliveries).where(deliveries.c.sent_at >= began)
            told = connection.execute(query).scalar_one() / outcome.seconds
        return database, outcome.p50_ms, outcome.p99_ms, outcome.bad, scored, told


def _home(bridge: Rig, slug: str, url: str) -> tuple[int, str]:
    """A new workspace with an endpoint: its id and a connection of it."""
    made = workspaces.add(bridge.runtime, slug)
    connection = connections.connect(bridge.runtime, slug, "api", {}).connection
    webhooks.add(bridge.runtime, slug, url)
    return made.id, connection


def _happen(bridge: Rig, workspace: int, connection: str, count: int, more: dict[str, object] | None = None) -> None:
    """So many tickets change their label, in one transaction."""
    made = [
        Event(
            workspace, EventType.SENTIMENT_CHANGED, Origin.LIVE, DATA | (more or {}), time.time(), connection,
            f"T-{number}", f"m-{number}",
        )
        for number in range(count)
    ]  # fmt: skip
    bridge.runtime.database.write(lambda c: insert_events(c, made))


def _sent(bridge: Rig, workspace_ids: Sequence[int]) -> int:
    mine = deliveries.c.workspace_id.in_(workspace_ids)
    query = sa.select(sa.func.count()).select_from(deliveries).where(mine, deliveries.c.sent_at.is_not(None))
    with bridge.runtime.database.read() as connection:
        return int(connection.execute(query).scalar_one())


if __name__ == "__main__":
    main()
