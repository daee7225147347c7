"""Which deliveries are claimed. Two rules that the other queues do not have are kept here.

Of a ticket's deliveries to one receiver only the oldest pending one may go, so that they arrive in order. And no
receiver has more than a few under way, so that one that is slow or dead keeps no thread from the others.
"""

import random

import sqlalchemy as sa

from bridge.store.events import WEBHOOK
from bridge.store.queue import Room

AT_ONCE = 25
"""Deliveries under way to one endpoint."""

AT_ONCE_CHANNEL = 2
"""The same for an alert channel: Slack takes about one message a second (docs.slack.dev, "Rate limits")."""

AT_ONCE_FAILING = 2
"""The same, while its last answers were failures or slow."""

STRIKES = 3
"""So many bad or slow answers in a row, and a receiver counts as failing until the next good one."""

_CLAIM_LOCK = 0x6D6F6F66
"""PostgreSQL's advisory lock of these claims."""

_RECEIVERS_A_STATEMENT = 100


def claim(connection: sa.Connection, worker_id: str, room: Room, now: float) -> list[int]:
    """Ids of the deliveries now held by this worker: live before bulk, equal shares for the receivers that have some.

    Receivers of workspaces that are off are skipped.
    """
    if room.rows <= 0:
        return []
    if connection.dialect.name != "sqlite":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CLAIM_LOCK})
    free = _Free.look(connection, room, now)
    live = _take(connection, worker_id, 0, room.rows, free, now)
    return live + _take(connection, worker_id, 1, min(room.bulk_rows, room.rows - len(live)), free, now)


class _Free:
    """How many more each receiver and each workspace may have under way."""

    def __init__(self, receiver: dict[int, int], workspace: dict[int, int], workspace_of: dict[int, int]) -> None:
        self.receiver = receiver
        self.workspace = workspace
        self.workspace_of = workspace_of

    @classmethod
    def look(cls, connection: sa.Connection, room: Room, now: float) -> "_Free":
        # Not as EXISTS: where most rows wait for one receiver, PostgreSQL reads the whole table for each of the others.
        due = " OR ".join(
            "(SELECT min(due_at) FROM deliveries WHERE receiver_id = r.id AND state = 0 AND worker_id IS NULL"
            f" AND bulk = {bulk}) <= :now"
            for bulk in (0, 1)
        )
        rows = connection.execute(
            sa.text(
                "SELECT r.id, r.workspace_id, r.kind, r.strikes, w.in_flight FROM receivers r"
                f" JOIN workspaces w ON w.id = r.workspace_id WHERE w.enabled = 1 AND ({due})"
            ),
            {"now": now},
        ).all()
        claimed = connection.execute(
            sa.text("SELECT receiver_id, workspace_id FROM deliveries WHERE worker_id IS NOT NULL")
        ).all()
        receiver = {row.id: _at_once(row.kind, row.strikes) for row in rows}
        workspace = {row.workspace_id: row.in_flight or room.default_in_flight for row in rows}
        for receiver_id, workspace_id in claimed:
            if receiver_id in receiver:
                receiver[receiver_id] -= 1
            if workspace_id in workspace:
                workspace[workspace_id] -= 1
        return cls(receiver, workspace, {row.id: row.workspace_id for row in rows})

    def of(self, receiver_id: int) -> int:
        return min(self.receiver[receiver_id], self.workspace[self.workspace_of[receiver_id]])

    def took(self, receiver_id: int) -> None:
        self.receiver[receiver_id] -= 1
        self.workspace[self.workspace_of[receiver_id]] -= 1


def _at_once(kind: str, strikes: int) -> int:
    if strikes >= STRIKES:
        return AT_ONCE_FAILING
    return AT_ONCE if kind == WEBHOOK else AT_ONCE_CHANNEL


def _take(connection: sa.Connection, worker_id: str, bulk: int, room: int, free: _Free, now: float) -> list[int]:
    """Takes an equal share for each receiver, then what is left over for those that have more."""
    taken: list[int] = []
    asked = [receiver for receiver in free.receiver if free.of(receiver) > 0]
    random.shuffle(asked)
    while asked and room > 0:
        limits: dict[int, int] = {}
        promised: dict[int, int] = {}
        share = max(1, room // len(asked))
        for receiver in asked[: min(room, _RECEIVERS_A_STATEMENT)]:
            workspace = free.workspace_of[receiver]
            left = free.workspace[workspace] - promised.get(workspace, 0)
            limits[receiver] = max(0, min(share, free.receiver[receiver], left))
            promised[workspace] = promised.get(workspace, 0) + limits[receiver]
        rows = _mark(connection, worker_id, bulk, limits, now)
        got: dict[int, int] = {}
        for row_id, receiver in rows:
            taken.append(row_id)
            free.took(receiver)
            got[receiver] = got.get(receiver, 0) + 1
        room -= len(rows)
        asked = [r for r in asked if (r not in limits or 0 < limits[r] == got.get(r, 0)) and free.of(r) > 0]
    return taken


def _mark(
    connection: sa.Connection, worker_id: str, bulk: int, limits: dict[int, int], now: float
) -> list[tuple[int, int]]:
    """Claims up to each receiver's limit in one statement: ids and receivers. Numbers only are in the SQL text."""
    # Not as NOT EXISTS, of which PostgreSQL may make a join over all that waits.
    first = (
        "SELECT min(b.id) FROM deliveries AS b WHERE b.receiver_id = d.receiver_id AND b.state = 0"
        " AND b.connection_id = d.connection_id AND b.ticket_id = d.ticket_id AND b.ticket_id IS NOT NULL"
    )
    each = " UNION ALL ".join(
        f"SELECT id FROM (SELECT d.id FROM deliveries AS d WHERE d.receiver_id = {int(receiver)} AND d.state = 0"
        f" AND d.worker_id IS NULL AND d.bulk = {int(bulk)} AND d.due_at <= :now AND COALESCE(({first}), d.id) = d.id"
        f" ORDER BY d.due_at LIMIT {int(limit)}) AS r{int(receiver)}"
        for receiver, limit in limits.items()
    )
    rows = connection.execute(
        sa.text(f"UPDATE deliveries SET worker_id = :worker WHERE id IN ({each}) RETURNING id, receiver_id"),
        {"worker": worker_id, "now": now},
    ).all()
    return [(row.id, row.receiver_id) for row in rows]
