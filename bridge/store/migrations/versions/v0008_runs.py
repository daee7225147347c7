"""Runs over old tickets, and how far down each connection the backfill has come."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Begins without any."""
    op.create_table(
        "runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double()),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("runs_by_workspace", "runs", ["workspace_id", "started_at"], unique=False)
    op.create_table(
        "backfill_positions",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Text()),
        sa.Column("complete", sa.SmallInteger(), nullable=False),
        sa.Column("remaining", sa.Integer()),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"]),
        sa.PrimaryKeyConstraint("connection_id"),
    )
    for table in ("read_requests", "messages"):
        op.add_column(table, sa.Column("run", sa.Text()))
        where = sa.text("run IS NOT NULL")
        op.create_index(f"{table}_by_run", table, ["run"], unique=False, sqlite_where=where, postgresql_where=where)
