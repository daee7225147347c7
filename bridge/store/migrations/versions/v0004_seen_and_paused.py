"""What events say of their tickets' labels, and connections whose helpdesk asks for a pause."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New columns, all empty; the index holds the few connections that are paused."""
    op.add_column("messages", sa.Column("seen", sa.Text(), nullable=True))
    op.add_column("read_requests", sa.Column("seen", sa.Text(), nullable=True))
    op.add_column("tickets", sa.Column("seen_label", sa.Text(), nullable=True))
    op.add_column("tickets", sa.Column("seen_stamp", sa.Text(), nullable=True))
    op.add_column("connections", sa.Column("paused_until", sa.Double(), nullable=True))
    op.create_index(
        "connections_paused",
        "connections",
        ["paused_until"],
        unique=False,
        sqlite_where=sa.text("paused_until IS NOT NULL"),
        postgresql_where=sa.text("paused_until IS NOT NULL"),
    )
