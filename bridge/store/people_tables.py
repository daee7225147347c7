"""The tables of people: who they are, where they belong, their sessions and links; and what was done by whom."""

import sqlalchemy as sa

from bridge.store.table_parts import BigId, metadata, workspace_id

people = sa.Table(
    "people",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # In small letters.
    sa.Column("email", sa.Text, nullable=False, unique=True),
    sa.Column("password_hash", sa.Text, nullable=False),
    # The second factor's secret, encrypted, and the last step of time whose code was taken: none is taken twice.
    sa.Column("factor", sa.Text),
    sa.Column("factor_step", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
)

members = sa.Table(
    "members",
    metadata,
    workspace_id(),
    sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id"), nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "person_id"),
)
sa.Index("members_by_person", members.c.person_id)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id"), nullable=False),
    sa.Column("agent", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("seen_at", sa.Double, nullable=False),
)
sa.Index("sessions_by_person", sessions.c.person_id)

links = sa.Table(
    "links",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    # first, invitation, reset or demo.
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("workspace_id", sa.Integer, sa.ForeignKey("workspaces.id")),
    sa.Column("role", sa.Text),
    sa.Column("expires_at", sa.Double, nullable=False),
)
sa.Index("links_by_workspace", links.c.workspace_id)

# Appended to alone: the database refuses changes.
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    workspace_id(),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    # JSON: names and values, never secrets.
    sa.Column("detail", sa.Text, nullable=False),
)
sa.Index("audit_by_workspace", audit.c.workspace_id, audit.c.id)
