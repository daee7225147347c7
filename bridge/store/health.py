"""What health checks and metrics look at."""

from collections.abc import Sequence
from dataclasses import dataclass

import redis
import sqlalchemy as sa

from bridge.store.tables import QUEUES, State, connections, deliveries, messages, receivers, schedule, workspaces
from bridge.wake import queue_named


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """How many rows of a queue were given up on, and the newest one's reason."""

    queue: str
    count: int
    error: str


@dataclass(frozen=True, slots=True)
class QueueCount:
    """Rows of a queue by state, and the age in seconds of the oldest that is due."""

    queue: str
    pending: int
    claimed: int
    dead: int


def any_secret(connection: sa.Connection) -> str | None:
    """One stored value that the secret key must open."""
    found: str | None = connection.execute(sa.select(workspaces.c.secret).limit(1)).scalar_one_or_none()
    return found


def touch(connection: sa.Connection) -> None:
    """A real commit that leaves nothing behind: proves that something can be stored now."""
    connection.execute(
        sa.text(
            "INSERT INTO schedule (name, next_at) VALUES ('touch', 0)"
            " ON CONFLICT (name) DO UPDATE SET next_at = schedule.next_at + 1"
        )
    )


def newest_time(connection: sa.Connection) -> float:
    """The newest time at which something arrived or ran here; 0 when nothing did."""
    arrived = connection.execute(
        sa.select(messages.c.received_at).order_by(messages.c.id.desc()).limit(1)
    ).scalar_one_or_none()
    held = connection.execute(sa.select(sa.func.max(schedule.c.until))).scalar_one_or_none()
    return max(arrived or 0.0, held or 0.0)


def oldest_pending(connection: sa.Connection, now: float) -> float:
    """Seconds for which the oldest due row of a workspace that is on has been waiting; 0 when none is."""
    oldest = 0.0
    for table in QUEUES:
        # What waits for a receiver that fails is its own trouble, not this installation's.
        well = " AND receiver_id IN (SELECT id FROM receivers WHERE strikes = 0)" if table is deliveries else ""
        due = connection.execute(
            sa.text(
                f"SELECT min((SELECT min(due_at) FROM {table.name} WHERE workspace_id = w.id AND state = 0"
                f" AND worker_id IS NULL{well})) FROM workspaces w WHERE w.enabled = 1"
            )
        ).scalar_one_or_none()
        if due is not None:
            oldest = max(oldest, now - due)
    return oldest


def queue_counts(connection: sa.Connection) -> Sequence[QueueCount]:
    """Each queue's rows by state, over all workspaces."""
    return [
        QueueCount(
            table.name,
            pending=_count(connection, table, "state = 0 AND worker_id IS NULL"),
            claimed=_count(connection, table, "worker_id IS NOT NULL"),
            dead=_count(connection, table, f"state = {int(State.DEAD)}"),
        )
        for table in QUEUES
    ]


def _count(connection: sa.Connection, table: sa.Table, where: str) -> int:
    found: int = connection.execute(sa.text(f"SELECT count(*) FROM {table.name} WHERE {where}")).scalar_one()
    return found


def dead_letters(connection: sa.Connection, workspace_id: int) -> Sequence[DeadLetters]:
    """The queues in which something of the workspace was given up on."""
    found: list[DeadLetters] = []
    for table in QUEUES:
        mine = sa.and_(table.c.workspace_id == workspace_id, table.c.state == sa.literal_column(str(int(State.DEAD))))
        count = connection.execute(sa.select(sa.func.count()).select_from(table).where(mine)).scalar_one()
        if count:
            newest = sa.select(table.c.last_error).where(mine).order_by(table.c.due_at.desc()).limit(1)
            error = connection.execute(newest).scalar_one_or_none()
            found.append(DeadLetters(table.name, count, error or "no reason was kept"))
    return found


def failing_connections(connection: sa.Connection, workspace_id: int) -> Sequence[tuple[str, str]]:
    """The ids of the workspace's failing connections, with the error."""
    c = connections.c
    query = sa.select(c.id, c.error).where(c.workspace_id == workspace_id, c.status == "failing")
    return [(row.id, row.error or "no reason was kept") for row in connection.execute(query)]


def failing_receivers(connection: sa.Connection, workspace_id: int) -> Sequence[tuple[str, str, str]]:
    """The workspace's endpoints and channels that do not take what they are sent: id, kind and reason."""
    r = receivers.c
    failing = sa.or_(r.failing_since.is_not(None), r.disabled_at.is_not(None))
    query = sa.select(r.public_id, r.kind, r.error).where(
        r.workspace_id == workspace_id, r.removed_at.is_(None), failing
    )
    return [(row.public_id, row.kind, row.error or "no reason was kept") for row in connection.execute(query)]


def listening(client: "redis.Redis", queue: str) -> bool:
    """Whether a worker has registered for the queue in Redis."""
    from rq import Worker

    return bool(Worker.count(connection=client, queue=queue_named(queue, client)))
