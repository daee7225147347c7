"""Numbers by the hour, what helpdesks say of tickets, and what is watched by the clock."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tickets that are there already get what their messages come to; every hour's numbers are still to be made."""
    op.create_table(
        "message_hours",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("scored", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("negative", sa.BigInteger(), nullable=False),
        sa.Column("offline", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
        ),
        sa.PrimaryKeyConstraint("workspace_id", "hour", "connection_id", "label"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "releases",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("releases_by_time", "releases", ["workspace_id", "at"], unique=False)
    op.create_table(
        "stale_hours",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("stale_hours_by_workspace", "stale_hours", ["workspace_id", "hour"], unique=False)
    op.create_table(
        "ticket_hours",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tickets", sa.BigInteger(), nullable=False),
        sa.Column("scored", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("below", sa.BigInteger(), nullable=False),
        sa.Column("declining", sa.BigInteger(), nullable=False),
        sa.Column("compared", sa.BigInteger(), nullable=False),
        sa.Column("first_total", sa.BigInteger(), nullable=False),
        sa.Column("latest_total", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
        ),
        sa.PrimaryKeyConstraint("workspace_id", "hour", "kind", "name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "escalations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("recovered_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("escalations_by_time", "escalations", ["workspace_id", "at"], unique=False)
    op.create_index(
        "escalations_open",
        "escalations",
        ["connection_id", "ticket_id"],
        unique=False,
        sqlite_where=sa.text("recovered_at IS NULL"),
        postgresql_where=sa.text("recovered_at IS NULL"),
    )
    op.create_table(
        "silences",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
        ),
        sa.PrimaryKeyConstraint("connection_id", "ticket_id"),
    )
    op.create_index("silences_due", "silences", ["due_at"], unique=False)
    op.create_table(
        "ticket_facts",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("group_name", sa.Text(), nullable=True),
        sa.Column("stamp", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
        ),
        sa.PrimaryKeyConstraint("connection_id", "ticket_id"),
    )
    op.create_table(
        "ticket_tags",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.PrimaryKeyConstraint("connection_id", "ticket_id", "tag"),
    )
    op.create_index(
        "messages_by_author",
        "messages",
        ["connection_id", "author_id", "written_at"],
        unique=False,
        sqlite_where=sa.text("label IS NOT NULL AND author_id IS NOT NULL"),
        postgresql_where=sa.text("label IS NOT NULL AND author_id IS NOT NULL"),
    )
    op.create_index(
        "messages_in_order",
        "messages",
        ["connection_id", "ticket_id", "written_at"],
        unique=False,
        sqlite_where=sa.text("label IS NOT NULL"),
        postgresql_where=sa.text("label IS NOT NULL"),
    )
    op.add_column("tickets", sa.Column("mark", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("tickets", sa.Column("marked", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("tickets", sa.Column("first_score", sa.SmallInteger(), nullable=True))
    op.add_column("tickets", sa.Column("lowest_score", sa.SmallInteger(), nullable=True))
    op.add_column("tickets", sa.Column("slope", sa.Integer(), nullable=True))
    op.add_column("tickets", sa.Column("newest_at", sa.Double(), nullable=True))
    op.add_column("tickets", sa.Column("negative_at", sa.Double(), nullable=True))
    op.add_column("tickets", sa.Column("earlier", sa.Text(), nullable=True))
    op.create_index(
        "tickets_by_negative",
        "tickets",
        ["workspace_id", "negative_at"],
        unique=False,
        sqlite_where=sa.text("negative_at IS NOT NULL"),
        postgresql_where=sa.text("negative_at IS NOT NULL"),
    )
    op.create_index("tickets_by_newest", "tickets", ["workspace_id", "newest_at"], unique=False)
    op.create_index("tickets_by_score", "tickets", ["workspace_id", sa.text("coalesce(score, 101)"), "id"])
    of_ticket = (
        "FROM messages m WHERE m.connection_id = tickets.connection_id AND m.ticket_id = tickets.ticket_id"
        " AND m.label IS NOT NULL"
    )
    op.execute(
        "UPDATE tickets SET"
        f" first_score = (SELECT m.score {of_ticket} AND m.score IS NOT NULL ORDER BY m.written_at, m.id LIMIT 1),"
        f" lowest_score = (SELECT min(m.score) {of_ticket}),"
        f" newest_at = (SELECT max(m.written_at) {of_ticket}),"
        f" negative_at = (SELECT max(m.written_at) {of_ticket} AND m.score < -50)"
    )
    whole = "CAST(floor(written_at / 3600) AS INTEGER)"
    if op.get_bind().dialect.name == "sqlite":
        whole = "CAST(written_at / 3600 AS INTEGER)"
    op.execute(
        "INSERT INTO stale_hours (workspace_id, hour)"
        f" SELECT DISTINCT workspace_id, {whole} FROM messages WHERE label IS NOT NULL"
    )
    op.execute(
        "INSERT INTO escalations (workspace_id, connection_id, ticket_id, rule, at)"
        " SELECT workspace_id, connection_id, ticket_id, escalated_by, escalated_at FROM tickets"
        " WHERE escalated_by IS NOT NULL"
    )
