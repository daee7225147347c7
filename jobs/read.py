"""The read drain: asks the helpdesk what a read request names, and stores the messages not known yet."""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import sqlalchemy as sa

from bridge.connections import access_to, connector_of
from bridge.connector import Gone, Received
from bridge.model import Message, Origin
from bridge.receive import sealed
from bridge.runtime import Runtime
from bridge.store import connections, runs
from bridge.store.inbox import Arrival, store_arrivals
from bridge.store.queue import PutOff
from bridge.store.reads import PendingRead, finish_reads, pending_reads
from bridge.store.tables import read_requests
from bridge.vault import Secret
from bridge.workspace_settings import from_json
from jobs.drain import Done, Drain
from jobs.helpdesk import waiting_out
from jobs.process import run

log = logging.getLogger("moodbridge.read")


def work(runtime: Runtime, unit: Sequence[PendingRead]) -> Iterable[Done[PendingRead, Received]]:
    """What a ticket or page holds, customer text encrypted: one read answers all requests for it."""
    first, *others = sorted(unit, key=lambda request: request.bulk)  # a live one keeps its messages live
    yield Done(first, _read(runtime, first) if first.connected else Received())
    for request in others:
        yield Done(request, Received())


def _read(runtime: Runtime, request: PendingRead) -> Received:
    with runtime.database.read() as connection:
        row = connections.by_id(connection, request.connection_id)
    connector = connector_of(runtime, row.kind)
    if connector.read is None:
        return Received()
    with waiting_out(runtime, row.id, connections.READING):
        try:
            received = connector.read(access_to(runtime, row), request.target)
        except Gone:
            return Received()
    log.info(
        "read",
        extra={"connection": row.id, "ticket": request.target.name, "count": len(received.messages)},
    )
    secret = Secret(runtime.vault.decrypt(request.secret))

    def seal(messages: Sequence[Message]) -> tuple[Message, ...]:
        return tuple(sealed(message, runtime.vault, secret) for message in messages)

    backlog = received.backlog
    if backlog is not None:
        listed = [one if one.messages is None else replace(one, messages=seal(one.messages)) for one in backlog.tickets]
        backlog = replace(backlog, tickets=tuple(listed))
    return replace(received, messages=seal(received.messages), backlog=backlog)


def settle(runtime: Runtime, connection: sa.Connection, done: Sequence[Done[PendingRead, Received]]) -> list[PutOff]:
    """Stores what was read; a request whose connection changed meanwhile is read again."""
    now = time.time()
    again: list[PutOff] = []
    finished: list[int] = []
    for one in done:
        if one.result is None:
            continue
        receipts = store_arrivals(connection, _arrivals(connection, one.row, one.result, now))
        if any(receipt.stale for receipt in receipts) and one.row.connected:
            again.append(PutOff(one.row.row_id, now, "the connection changed meanwhile", own_error=False))
        else:
            finished.append(one.row.row_id)
    finish_reads(connection, finished)
    for connection_id in {one.row.connection_id for one in done}:
        connections.note_answer(connection, connection_id, connections.READING, now)
    return again


def _arrivals(connection: sa.Connection, request: PendingRead, received: Received, now: float) -> list[Arrival]:
    """Live messages and, as bulk work, those too old to alert about; of a page of the backlog, what its run takes."""
    if received.backlog is not None and request.run is not None:
        taken = runs.take(connection, request.run, request.connection_id, request.target, received.backlog, now)
        received = replace(received, messages=taken.messages, targets=taken.targets)
    oldest = now - from_json(request.settings).alert_max_age
    seen = received.seen if request.seen is None else (*received.seen, request.seen)
    whole = Arrival(
        request.connection_id,
        request.revision,
        now,
        request.origin,
        targets=received.targets,
        seen=seen,
        forgotten=received.forgotten,
        run=request.run,
        facts=received.facts,
    )
    if request.origin is not Origin.LIVE:
        return [replace(whole, messages=received.messages)]
    young = [message for message in received.messages if message.written_at >= oldest]
    old = [message for message in received.messages if message.written_at < oldest]
    live = replace(whole, messages=young, label_changes=received.label_changes)
    bulk = Arrival(request.connection_id, request.revision, now, Origin.BACKFILL, messages=old, seen=seen)
    return [live, bulk] if old else [live]


DRAIN: Drain[PendingRead, Received] = Drain(
    queue="read",
    table=read_requests,
    threads=16,
    capacity=32,
    load=pending_reads,
    work=work,
    settle=settle,
    wakes=("score", "read", "writeback"),
    unit_key=lambda request: (request.connection_id, request.target),
    also_off=True,
)


def drain() -> None:
    """What RQ runs."""
    run(DRAIN)
