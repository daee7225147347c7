"""The rules by which a workspace's tickets escalate, where it has its own."""

import sqlalchemy as sa

from bridge.store.mood_tables import alert_rules


def stored(connection: sa.Connection, workspace_id: int) -> str | None:
    """The workspace's own rules as JSON; None: the usual ones hold."""
    found: str | None = connection.execute(
        sa.select(alert_rules.c.rules).where(alert_rules.c.workspace_id == workspace_id)
    ).scalar_one_or_none()
    return found


def store(connection: sa.Connection, workspace_id: int, rules: str | None) -> None:
    """Gives the workspace rules of its own, or (None) the usual ones again."""
    connection.execute(sa.delete(alert_rules).where(alert_rules.c.workspace_id == workspace_id))
    if rules is not None:
        connection.execute(sa.insert(alert_rules).values(workspace_id=workspace_id, rules=rules))
