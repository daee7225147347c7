"""Answers to requests that carried an idempotency key, kept for a day so that the same request gets the same answer."""

from dataclasses import dataclass, field

import sqlalchemy as sa

from bridge.store.table_parts import metadata, workspace_id

KEPT = 86_400.0
"""Seconds from the request on."""
GIVEN_UP_AFTER = 300.0
"""Seconds after which a request without an answer is taken to have died with its process."""

answered = sa.Table(
    "answered_requests",
    metadata,
    workspace_id(),
    sa.Column("key_hash", sa.Text, nullable=False),
    # Of method, address and body: the key may not come with another request.
    sa.Column("request_hash", sa.Text, nullable=False),
    # Without a status while the request is at work. The body is encrypted: it may hold a secret that is shown once.
    sa.Column("status", sa.SmallInteger),
    sa.Column("body", sa.Text),
    sa.Column("at", sa.Double, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "key_hash"),
)
sa.Index("answered_requests_by_age", answered.c.at)


@dataclass(frozen=True, slots=True)
class Answered:
    """What is known of a key: the request that it came with, and its answer if there is one."""

    request_hash: str
    status: int | None
    body: str | None = field(repr=False)


def begin(
    connection: sa.Connection, workspace_id: int, key_hash: str, request_hash: str, now: float
) -> Answered | None:
    """Notes that a request is at work; what is known of its key already, if anything. Forgets what is too old."""
    a = answered.c
    old = sa.or_(a.at < now - KEPT, sa.and_(a.status.is_(None), a.at < now - GIVEN_UP_AFTER))
    connection.execute(sa.delete(answered).where(old))
    mine = sa.and_(a.workspace_id == workspace_id, a.key_hash == key_hash)
    row = connection.execute(sa.select(a.request_hash, a.status, a.body).where(mine)).first()
    if row is not None:
        return Answered(*row)
    connection.execute(
        sa.insert(answered).values(workspace_id=workspace_id, key_hash=key_hash, request_hash=request_hash, at=now)
    )
    return None


def keep(connection: sa.Connection, workspace_id: int, key_hash: str, status: int, body: str) -> None:
    """Keeps the answer; its body is encrypted already."""
    a = answered.c
    mine = sa.and_(a.workspace_id == workspace_id, a.key_hash == key_hash)
    connection.execute(sa.update(answered).where(mine).values(status=status, body=body))


def forget(connection: sa.Connection, workspace_id: int, key_hash: str) -> None:
    """The request came to nothing: its key may be used again."""
    a = answered.c
    connection.execute(sa.delete(answered).where(a.workspace_id == workspace_id, a.key_hash == key_hash))
