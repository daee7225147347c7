"""Dead letters: what was given up on, and trying it again."""

import time

import sqlalchemy as sa

from bridge.runtime import Runtime
from bridge.store import queue, workspaces
from bridge.wake import DRAINS


def retry(runtime: Runtime, slug: str) -> dict[str, int]:
    """Makes every dead letter of the workspace due again; how many of each queue. Raises NotFound."""

    def revive(connection: sa.Connection) -> dict[str, int]:
        workspace = workspaces.by_slug(connection, slug)
        return queue.revive(connection, workspace.id, time.time())

    revived = runtime.database.write(revive)
    runtime.waker.soon(DRAINS)
    return revived
