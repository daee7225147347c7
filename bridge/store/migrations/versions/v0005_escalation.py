"""What a ticket was last told as, whether it escalated, and the rules by which it does."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tickets that are there already count as told with the label they have: nobody is told of old news."""
    op.add_column("tickets", sa.Column("known_label", sa.Text(), nullable=True))
    op.add_column("tickets", sa.Column("known_score", sa.SmallInteger(), nullable=True))
    op.add_column("tickets", sa.Column("escalated_by", sa.Text(), nullable=True))
    op.add_column("tickets", sa.Column("escalated_at", sa.Double(), nullable=True))
    op.execute("UPDATE tickets SET known_label = label, known_score = score WHERE label <> 'unknown'")
    op.create_index(
        "tickets_escalated",
        "tickets",
        ["workspace_id", "escalated_at"],
        unique=False,
        sqlite_where=sa.text("escalated_by IS NOT NULL"),
        postgresql_where=sa.text("escalated_by IS NOT NULL"),
    )
    op.create_table(
        "alert_rules",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),
        sa.PrimaryKeyConstraint("workspace_id"),
    )
