"""Which worker processes hold rows now."""

import sqlalchemy as sa

from bridge.store.tables import workers


def queues_at_work(connection: sa.Connection, now: float) -> set[str]:
    """The queues of which a living worker holds rows."""
    return set(connection.execute(sa.select(workers.c.queue).where(workers.c.lease_until >= now).distinct()).scalars())
