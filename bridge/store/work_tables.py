"""Tables of who works and of what runs by the clock."""

import sqlalchemy as sa

from bridge.store.table_parts import metadata

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("queue", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started_at", sa.Double, nullable=False),
    sa.Column("lease_until", sa.Double, nullable=False),
)

schedule = sa.Table(
    "schedule",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text),
    sa.Column("until", sa.Double),
    sa.Column("next_at", sa.Double, nullable=False),
)
