"""Finds the writes of a run: its counts and its undo ask for them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Few rows belong to a run."""
    where = sa.text("run IS NOT NULL")
    op.create_index("writes_by_run", "writes", ["run"], unique=False, sqlite_where=where, postgresql_where=where)
