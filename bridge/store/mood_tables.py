"""Tables of numbers over time, of what helpdesks say of tickets, and of what is watched by the clock.

The tables of hours hold nothing that could not be computed anew from messages and tickets: see `mood_hours`.
"""

import sqlalchemy as sa

from bridge.store.table_parts import BigId, metadata, partial, workspace_id


def _key(name: str, kind: type[sa.Text] | type[sa.Integer] = sa.Text) -> sa.Column[object]:
    return sa.Column(name, kind, primary_key=True)


def _count(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger, nullable=False)


# Scored messages of one hour (counted from 1970, UTC, by when the customer wrote), connection and label.
message_hours = sa.Table(
    "message_hours",
    metadata,
    sa.Column("workspace_id", sa.Integer, sa.ForeignKey("workspaces.id"), primary_key=True),
    _key("hour", sa.Integer),
    _key("connection_id"),
    _key("label"),
    _count("messages"),
    _count("scored"),
    # Sum of the scores, in hundredths; and how many are negative (under -0.2).
    _count("total"),
    _count("negative"),
    # Scored by the embedded scorer; what scoring cost, in micro-dollars.
    _count("offline"),
    _count("cost"),
    sqlite_with_rowid=False,  # it is read in the order of its key
)

# Tickets whose newest message was written in that hour: all, and those of a tag or a group of the helpdesk. Those whose
# newest message under -0.5 was written in it have the kind `negative`.
ticket_hours = sa.Table(
    "ticket_hours",
    metadata,
    sa.Column("workspace_id", sa.Integer, sa.ForeignKey("workspaces.id"), primary_key=True),
    _key("hour", sa.Integer),
    _key("kind"),
    _key("name"),
    _count("tickets"),
    # With a score now, their sum, how many are under -0.5 now, and how many decline.
    _count("scored"),
    _count("total"),
    _count("below"),
    _count("declining"),
    # With two scores or more: how many, and the sums of the first and of the latest score.
    _count("compared"),
    _count("first_total"),
    _count("latest_total"),
    sqlite_with_rowid=False,
)

# Hours whose numbers are not to be trusted: a message or a ticket of them changed. One row for each change.
stale_hours = sa.Table(
    "stale_hours",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    workspace_id(),
    sa.Column("hour", sa.Integer, nullable=False),
)
sa.Index("stale_hours_by_workspace", stale_hours.c.workspace_id, stale_hours.c.hour)

# What a helpdesk says of a ticket, where it does; `stamp` is the ticket's version in its words.
ticket_facts = sa.Table(
    "ticket_facts",
    metadata,
    sa.Column("connection_id", sa.Text, sa.ForeignKey("connections.id"), primary_key=True),
    _key("ticket_id"),
    workspace_id(),
    sa.Column("priority", sa.Text),
    sa.Column("group_name", sa.Text),
    sa.Column("stamp", sa.Text),
)

ticket_tags = sa.Table(
    "ticket_tags",
    metadata,
    sa.Column("connection_id", sa.Text, sa.ForeignKey("connections.id"), primary_key=True),
    _key("ticket_id"),
    _key("tag"),
)

# A workspace's own rules for escalation, as JSON; without a row the usual ones hold.
alert_rules = sa.Table(
    "alert_rules",
    metadata,
    sa.Column("workspace_id", sa.Integer, sa.ForeignKey("workspaces.id"), primary_key=True),
    sa.Column("rules", sa.Text, nullable=False),
)

# Customers who wait: when to look whether staff has answered. One row a ticket.
silences = sa.Table(
    "silences",
    metadata,
    sa.Column("connection_id", sa.Text, sa.ForeignKey("connections.id"), primary_key=True),
    _key("ticket_id"),
    workspace_id(),
    # The customer's message that waits, and when it was written.
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("since", sa.Double, nullable=False),
    sa.Column("due_at", sa.Double, nullable=False),
)
sa.Index("silences_due", silences.c.due_at)

# When a ticket escalated, by which rule, and when it recovered.
escalations = sa.Table(
    "escalations",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    workspace_id(),
    sa.Column("connection_id", sa.Text, sa.ForeignKey("connections.id"), nullable=False),
    sa.Column("ticket_id", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("recovered_at", sa.Double),
)
sa.Index("escalations_by_time", escalations.c.workspace_id, escalations.c.at)
partial("escalations_open", "recovered_at IS NULL", escalations.c.connection_id, escalations.c.ticket_id)

# A deploy that somebody marked.
releases = sa.Table(
    "releases",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    workspace_id(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
)
sa.Index("releases_by_time", releases.c.workspace_id, releases.c.at)
