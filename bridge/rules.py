"""The rules by which a workspace's tickets escalate: showing and changing them."""

from collections.abc import Sequence

import sqlalchemy as sa

from bridge import alerts
from bridge.alerts import Rule
from bridge.errors import Invalid
from bridge.runtime import Runtime
from bridge.store import alert_rules, workspaces


def show(runtime: Runtime, slug: str) -> Sequence[Rule]:
    """The rules that hold now. Raises NotFound."""
    with runtime.database.read() as connection:
        stored = alert_rules.stored(connection, workspaces.by_slug(connection, slug).id)
    return alerts.DEFAULT_RULES if stored is None else alerts.from_json(stored)


def change(runtime: Runtime, slug: str, text: str | None) -> Sequence[Rule]:
    """Gives the workspace these rules (a JSON list), or (None) the usual ones again; the rules that hold then.

    Tickets that have escalated stay so until they recover by the new rules. Raises NotFound, and Invalid, which
    names what is wrong.
    """
    rules = None if text is None else alerts.from_json(text)

    def store(connection: sa.Connection) -> None:
        workspace = workspaces.by_slug(connection, slug)
        labels = {label for rule in rules or () for label in rule.labels or ()}
        if unknown := labels - set(workspace.settings.buckets.labels):
            raise Invalid("rules", f"the scale has no label {min(unknown)}")
        alert_rules.store(connection, workspace.id, None if rules is None else alerts.to_json(rules))

    runtime.database.write(store)
    return show(runtime, slug)
