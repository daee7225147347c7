"""The tables of runs over old tickets: the runs, and how far down each connection the backfill has come."""

import sqlalchemy as sa

from bridge.store.table_parts import metadata, workspace_id

runs = sa.Table(
    "runs",
    metadata,
    # A daily one is called after its workspace and day, so that no day is run twice.
    sa.Column("id", sa.Text, primary_key=True),
    workspace_id(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    # Tickets that it may take.
    sa.Column("most", sa.Integer, nullable=False),
    # Tickets that it took, and JSON: how many it passed over, by reason.
    sa.Column("found", sa.Integer, nullable=False),
    sa.Column("skipped", sa.Text, nullable=False),
    sa.Column("started_at", sa.Double, nullable=False),
    sa.Column("ended_at", sa.Double),
)
sa.Index("runs_by_workspace", runs.c.workspace_id, runs.c.started_at)

backfill_positions = sa.Table(
    "backfill_positions",
    metadata,
    sa.Column("connection_id", sa.Text, sa.ForeignKey("connections.id"), primary_key=True),
    # The page that comes next, in the connector's word; null: the newest.
    sa.Column("position", sa.Text),
    # 1: the oldest ticket was passed.
    sa.Column("complete", sa.SmallInteger, nullable=False),
    # Tickets behind the position, where the helpdesk counts them.
    sa.Column("remaining", sa.Integer),
    sa.Column("updated_at", sa.Double, nullable=False),
)
