"""What the queue tables share: claim, free, put off, bury, revive.

A claim writes the worker's id into rows that are due; whoever settles them later checks that it
still holds them. Rows of a worker whose lease ran out are free at once.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bridge.store.rows import rows_parameter, rows_sql, statement
from bridge.store.tables import QUEUES, State, connections, read_requests, tickets, workers

LEASE = 10.0
"""Seconds a worker keeps its rows without a sign of life."""

FAR_LEASE = 6 * LEASE
"""A lease that ends later than this from now was set by a clock that has jumped back since."""

OWN_ERRORS = 5
"""A row that failed this often by our own error is a dead letter."""

WORKER_DEATHS = 30
"""A row whose worker died this often is a dead letter: it may be what kills them."""

_WORKSPACES_A_STATEMENT = 100
"""SQLite takes 500 parts of a UNION in one statement; a shorter one is also planned faster."""

FAR_PAUSE = 7200.0
"""A pause of a connection that ends later than this from now was set by a clock that has jumped back since."""

CALL_HELPDESKS = (read_requests, tickets)
"""The queues whose rows wait while their connection is paused."""

_CLAIM_LOCK = 0x6D6F6F64  # "mood": PostgreSQL's advisory lock of all claims


@dataclass(frozen=True, slots=True)
class Room:
    """How much a worker can take now."""

    rows: int
    bulk_rows: int
    default_in_flight: int
    """The most rows a workspace may have claimed, over all workers, unless it set its own."""


@dataclass(frozen=True, slots=True)
class PutOff:
    """Try the row again at `due_at`. `own_error`: it counts towards the dead letter."""

    row_id: int
    due_at: float
    error: str
    own_error: bool


def hold_lease(connection: sa.Connection, worker_id: str, queue: str, host: str, pid: int, now: float) -> None:
    """The worker is alive and holds rows: its lease runs from now."""
    connection.execute(
        statement(
            "INSERT INTO workers (id, queue, host, pid, started_at, lease_until)"
            " VALUES (:id, :queue, :host, :pid, :now, :until)"
            " ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until"
        ),
        {"id": worker_id, "queue": queue, "host": host, "pid": pid, "now": now, "until": now + LEASE},
    )


def free_lost(connection: sa.Connection, now: float) -> int:
    """Frees every row of workers whose lease ran out; returns how many rows. They are due at once."""
    return sum(_free(connection, worker_id, now) for worker_id in _lost(connection, now))


def _lost(connection: sa.Connection, now: float) -> Sequence[str]:
    # On PostgreSQL the row's lock keeps a worker that comes back this moment from renewing it meanwhile.
    lock = "" if connection.dialect.name == "sqlite" else " FOR UPDATE SKIP LOCKED"
    ran_out = statement(f"SELECT id FROM workers WHERE (lease_until < :now OR lease_until > :far){lock}")
    return connection.execute(ran_out, {"now": now, "far": now + FAR_LEASE}).scalars().all()


def release(connection: sa.Connection, worker_id: str, now: float) -> int:
    """Gives back what a worker still holds as it stops, without counting a death."""
    return _free(connection, worker_id, now, deaths=0)


def free_unknown(connection: sa.Connection, table: sa.Table, worker_id: str, known: Sequence[int], now: float) -> None:
    """Frees rows that the worker holds in the database without knowing it: a commit whose answer was lost."""
    source = rows_sql(connection, {"id": "int"})
    connection.execute(
        statement(
            f"UPDATE {table.name} SET worker_id = NULL, due_at = :now WHERE worker_id = :worker"
            f" AND worker_id IS NOT NULL AND id NOT IN (SELECT id FROM {source} AS given)"
        ),
        {"rows": rows_parameter([[i] for i in known]), "worker": worker_id, "now": now},
    )


def _free(connection: sa.Connection, worker_id: str, now: float, deaths: int = 1) -> int:
    freed = 0
    for table in QUEUES:
        dead = f"CASE WHEN deaths + {deaths} >= {WORKER_DEATHS} THEN {int(State.DEAD)} ELSE state END"
        error = (
            f"CASE WHEN deaths + {deaths} >= {WORKER_DEATHS}"
            f" THEN 'its worker died {WORKER_DEATHS} times' ELSE last_error END"
        )
        freed += connection.execute(
            statement(
                f"UPDATE {table.name} SET worker_id = NULL, due_at = :now, deaths = deaths + {deaths},"
                f" state = {dead}, last_error = {error} WHERE worker_id = :worker AND worker_id IS NOT NULL"
            ),
            {"worker": worker_id, "now": now},
        ).rowcount
    connection.execute(sa.delete(workers).where(workers.c.id == worker_id))
    return freed


def claim(
    connection: sa.Connection,
    table: sa.Table,
    worker_id: str,
    room: Room,
    now: float,
    *,
    one_per_connection: bool = False,
    also_off: bool = False,
) -> list[int]:
    """Ids of the rows now held by this worker: live before bulk, round-robin over workspaces, oldest first.

    Workspaces that are off are skipped (unless `also_off`), and none gets more rows claimed than its
    in-flight limit.
    With `one_per_connection`, connections of which rows are claimed already wait; so do those whose helpdesk asked
    for a pause.
    """
    if room.rows <= 0:
        return []
    if connection.dialect.name != "sqlite":
        connection.execute(statement("SELECT pg_advisory_xact_lock(:key)"), {"key": _CLAIM_LOCK})
    waiting = _paused(connection, now) if table in CALL_HELPDESKS else set()
    if one_per_connection:
        waiting |= _busy(connection, table)
    also = _none_of("connection_id", waiting)
    free = _free_slots(connection, table, room, now, _on(also_off) + _none_of("id", _at_rest(connection, waiting)))
    live = _take(connection, table, worker_id, 0, room.rows, free, now, also)
    bulk = _take(connection, table, worker_id, 1, min(room.bulk_rows, room.rows - len(live)), free, now, also)
    return live + bulk


def _busy(connection: sa.Connection, table: sa.Table) -> set[str]:
    """The connections of which rows are claimed."""
    busy = connection.execute(
        statement(f"SELECT DISTINCT connection_id FROM {table.name} WHERE worker_id IS NOT NULL")
    ).scalars()
    return set(busy)


def _paused(connection: sa.Connection, now: float) -> set[str]:
    """The connections whose helpdesk asked not to be called now."""
    paused = connection.execute(
        statement(
            "SELECT id FROM connections WHERE paused_until IS NOT NULL AND paused_until > :now AND paused_until < :far"
        ),
        {"now": now, "far": now + FAR_PAUSE},
    ).scalars()
    return set(paused)


def _at_rest(connection: sa.Connection, waiting: set[str]) -> set[int]:
    """The workspaces all of whose connections wait: nothing is looked for in their queues, however long they are."""
    if not waiting:
        return set()
    c = connections.c
    homes = sa.select(c.workspace_id).where(c.id.in_(waiting))
    rows = connection.execute(
        sa.select(c.workspace_id, c.id).where(c.workspace_id.in_(homes), c.status != "disconnected")
    ).all()
    return {row.workspace_id for row in rows} - {row.workspace_id for row in rows if row.id not in waiting}


def _none_of(column: str, values: Iterable[object]) -> str:
    """A condition; the values are ids of ours."""
    listed = ", ".join("'" + str(one).replace("'", "''") + "'" if isinstance(one, str) else str(one) for one in values)
    return f" AND {column} NOT IN ({listed})" if listed else ""


def _free_slots(connection: sa.Connection, table: sa.Table, room: Room, now: float, among: str) -> dict[int, int]:
    """For each workspace that may work and has something due: how many more rows it may have claimed."""
    rows = connection.execute(
        statement(f"SELECT id, in_flight FROM workspaces WHERE {among} AND ({_something_due(table)})"), {"now": now}
    ).all()
    claimed = {
        row.workspace_id: row.claimed
        for row in connection.execute(
            statement(
                f"SELECT workspace_id, count(*) AS claimed FROM {table.name}"
                " WHERE worker_id IS NOT NULL GROUP BY workspace_id"
            )
        )
    }
    slots = {row.id: (row.in_flight or room.default_in_flight) - claimed.get(row.id, 0) for row in rows}
    return {workspace: free for workspace, free in slots.items() if free > 0}


def _something_due(table: sa.Table, also: str = "") -> str:
    """SQL: whether a workspace has something due at `:now`.

    Not by EXISTS: while most rows wait for one workspace, PostgreSQL would read the whole table for each of the others
    (0.4 s a claim at 20,000 rows and 200 workspaces; so: 2 ms).
    """
    return " OR ".join(
        f"(SELECT min(due_at) FROM {table.name} WHERE workspace_id = workspaces.id AND state = 0"
        f" AND worker_id IS NULL AND bulk = {bulk}{also}) <= :now"
        for bulk in (0, 1)
    )


def _take(
    connection: sa.Connection,
    table: sa.Table,
    worker_id: str,
    bulk: int,
    room: int,
    free: dict[int, int],
    now: float,
    also: str,
) -> list[int]:
    """Takes an equal share for each workspace, then what is left over for those that have more."""
    taken: list[int] = []
    asked = [workspace for workspace in free if free[workspace] > 0]
    random.shuffle(asked)  # when there is less room than workspaces, none is always the last
    while asked and room > 0:
        share = max(1, room // len(asked))
        limits = {workspace: min(share, free[workspace]) for workspace in asked[: min(room, _WORKSPACES_A_STATEMENT)]}
        rows = _mark(connection, table, worker_id, bulk, limits, now, also)
        got: dict[int, int] = {}
        for row_id, workspace in rows:
            taken.append(row_id)
            got[workspace] = got.get(workspace, 0) + 1
        room -= len(rows)
        for workspace, count in got.items():
            free[workspace] -= count
        asked = [w for w in asked if (w not in limits or got.get(w, 0) == limits[w]) and free[w] > 0]
    return taken


def _mark(
    connection: sa.Connection,
    table: sa.Table,
    worker_id: str,
    bulk: int,
    limits: dict[int, int],
    now: float,
    also: str,
) -> list[tuple[int, int]]:
    """Claims up to each workspace's limit in one statement.

    A message waits while one with the same text is claimed in its workspace: that one's score will be its own.
    """
    if "text_hash" in table.c:
        also += (
            f" AND NOT EXISTS (SELECT 1 FROM {table.name} AS held WHERE held.workspace_id = {table.name}.workspace_id"
            f" AND held.text_hash = {table.name}.text_hash AND held.worker_id IS NOT NULL)"
        )
    # The same text for as many workspaces: it is parsed and planned once.
    each = " UNION ALL ".join(
        f"SELECT id FROM (SELECT id FROM {table.name} WHERE workspace_id = :w{n} AND state = 0"
        f" AND worker_id IS NULL AND bulk = {int(bulk)} AND due_at <= :now{also} ORDER BY due_at LIMIT :l{n}) AS of{n}"
        for n in range(len(limits))
    )
    parameters: dict[str, object] = {"worker": worker_id, "now": now}
    for n, (workspace, limit) in enumerate(limits.items()):
        parameters |= {f"w{n}": workspace, f"l{n}": limit}
    rows = connection.execute(
        statement(f"UPDATE {table.name} SET worker_id = :worker WHERE id IN ({each}) RETURNING id, workspace_id"),
        parameters,
    )
    return [(row_id, workspace) for row_id, workspace in rows]


def still_held(connection: sa.Connection, table: sa.Table, worker_id: str, ids: Sequence[int]) -> set[int]:
    """Those of `ids` that this worker may settle: it holds them and they are pending. Locks them."""
    lock = "" if connection.dialect.name == "sqlite" else " ORDER BY id FOR UPDATE"
    source = rows_sql(connection, {"id": "int"})
    held = connection.execute(
        statement(
            f"SELECT id FROM {table.name} WHERE id IN (SELECT id FROM {source} AS given)"
            f" AND worker_id = :worker AND state = 0{lock}"
        ),
        {"rows": rows_parameter([[i] for i in ids]), "worker": worker_id},
    )
    return set(held.scalars())


def put_off(connection: sa.Connection, table: sa.Table, rows: Sequence[PutOff]) -> None:
    """Lets rows go until they are due again; those with too many own errors become dead letters."""
    if not rows:
        return
    source = rows_sql(connection, {"id": "int", "due_at": "float", "error": "text", "own": "int"})
    connection.execute(
        statement(
            f"UPDATE {table.name} SET worker_id = NULL, due_at = given.due_at, last_error = given.error,"
            " attempts = attempts + given.own,"
            f" state = CASE WHEN attempts + given.own >= {OWN_ERRORS} AND given.own = 1"
            f" THEN {int(State.DEAD)} ELSE state END"
            f" FROM {source} AS given WHERE {table.name}.id = given.id"
        ),
        {"rows": rows_parameter([[row.row_id, row.due_at, row.error, int(row.own_error)] for row in rows])},
    )


def hurry(connection: sa.Connection, table: sa.Table, workspace_id: int, now: float) -> None:
    """What they waited for is there again: the workspace's rows that were put off, by no error of ours, are due now."""
    connection.execute(
        statement(
            f"UPDATE {table.name} SET due_at = :now WHERE workspace_id = :workspace AND state = 0"
            " AND worker_id IS NULL AND due_at > :now AND attempts = 0"
        ),
        {"workspace": workspace_id, "now": now},
    )


def _on(also_off: bool) -> str:
    return "true" if also_off else "enabled = 1"


def revive(connection: sa.Connection, workspace_id: int, now: float) -> dict[str, int]:
    """Makes the workspace's dead letters due again; how many of each queue. Those without their text stay dead."""
    counts: dict[str, int] = {}
    for table in QUEUES:
        has_text = " AND text IS NOT NULL" if "text" in table.c else ""
        counts[table.name] = connection.execute(
            statement(
                f"UPDATE {table.name} SET state = 0, due_at = :now, attempts = 0, deaths = 0, last_error = NULL"
                f" WHERE workspace_id = :workspace AND state = {int(State.DEAD)}{has_text}"
            ),
            {"workspace": workspace_id, "now": now},
        ).rowcount
    return counts


def is_due(connection: sa.Connection, table: sa.Table, now: float, *, also_off: bool = False) -> bool:
    """Whether a claim would find anything: a due row of a workspace that is on, or rows of a lost worker."""
    paused = _paused(connection, now) if table in CALL_HELPDESKS else set()
    also = _none_of("connection_id", paused)
    found = connection.execute(
        statement(
            f"SELECT EXISTS (SELECT 1 FROM workspaces"
            f" WHERE {_on(also_off)}{_none_of('id', _at_rest(connection, paused))} AND ({_something_due(table, also)}))"
            f" OR EXISTS (SELECT 1 FROM {table.name} WHERE worker_id IN"
            " (SELECT id FROM workers WHERE lease_until < :now OR lease_until > :far) AND worker_id IS NOT NULL)"
        ),
        {"now": now, "far": now + FAR_LEASE},
    ).scalar_one()
    return bool(found)


def backoff(attempts: int) -> float:
    """Seconds until the next try after `attempts` failures: exponential, at most 10 minutes, with jitter."""
    return float(min(600.0, 2.0**attempts)) * random.uniform(0.75, 1.25)
