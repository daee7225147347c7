"""The tables. Four of them are queues: read_requests, messages, tickets, deliveries.

A queue's row is pending (state 0) until it is settled; `worker_id` says who holds it. Partial
indexes hold only what is due or claimed, so a claim costs the same at a thousand and at a million rows.
Predicates are literals: bound, PostgreSQL's generic plan does not use the index.
"""

import sqlalchemy as sa

from bridge.store import answered as answered
from bridge.store import mood_tables as mood_tables
from bridge.store import people_tables as people_tables
from bridge.store import run_tables as run_tables
from bridge.store.table_parts import BigId, partial, queue_columns, queue_indexes, workspace_id
from bridge.store.table_parts import State as State
from bridge.store.table_parts import metadata as metadata
from bridge.store.work_tables import schedule as schedule
from bridge.store.work_tables import workers as workers

workspaces = sa.Table(
    "workspaces",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("slug", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("enabled", sa.SmallInteger, nullable=False),
    sa.Column("in_flight", sa.Integer),
    sa.Column("settings", sa.Text, nullable=False),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
)

connections = sa.Table(
    "connections",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    workspace_id(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("prefix", sa.Text, nullable=False),
    sa.Column("hook_hash", sa.Text, nullable=False, unique=True),
    sa.Column("hook", sa.Text, nullable=False),
    sa.Column("options", sa.Text, nullable=False),
    sa.Column("secrets", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("last_event_at", sa.Double),
    sa.Column("last_write_at", sa.Double),
    sa.Column("created_at", sa.Double, nullable=False),
    # Until then its helpdesk asks not to be called.
    sa.Column("paused_until", sa.Double),
)
sa.Index("connections_by_workspace", connections.c.workspace_id)
partial("connections_paused", "paused_until IS NOT NULL", connections.c.paused_until)

connection_state = sa.Table(
    "connection_state",
    metadata,
    sa.Column("connection_id", sa.Text, sa.ForeignKey("connections.id"), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

read_requests = sa.Table(
    "read_requests",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    workspace_id(),
    sa.Column("connection_id", sa.Text, sa.ForeignKey("connections.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    *queue_columns(),
    # What its event said that the ticket showed: for the messages that it brings.
    sa.Column("seen", sa.Text),
    # The run over old tickets that asks for it.
    sa.Column("run", sa.Text),
)
queue_indexes(read_requests)
partial("read_requests_by_run", "run IS NOT NULL", read_requests.c.run)
# Finds the one that a new read request joins. Not unique: rows that a lost worker held must always come back.
partial(
    "read_requests_waiting",
    "state = 0 AND worker_id IS NULL",
    read_requests.c.connection_id,
    read_requests.c.kind,
    read_requests.c.name,
)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    workspace_id(),
    sa.Column("connection_id", sa.Text, sa.ForeignKey("connections.id"), nullable=False),
    sa.Column("ticket_id", sa.Text, nullable=False),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("author_id", sa.Text),
    sa.Column("written_at", sa.Double, nullable=False),
    sa.Column("received_at", sa.Double, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("text", sa.Text),
    *queue_columns(),
    sa.Column("score", sa.SmallInteger),
    sa.Column("label", sa.Text),
    sa.Column("confidence", sa.Double),
    sa.Column("indicators", sa.Text),
    sa.Column("caveats", sa.Text),
    sa.Column("scorer", sa.Text),
    sa.Column("scored_at", sa.Double),
    sa.Column("corrected_by", sa.Text),
    sa.Column("corrected_at", sa.Double),
    # While its text is here: the text's hash, keyed with the workspace's secret.
    sa.Column("text_hash", sa.Text),
    # Its score came from the cache, without a call.
    sa.Column("cached", sa.SmallInteger),
    # What scoring it cost, in micro-dollars; null when nothing, or not known.
    sa.Column("cost", sa.Integer),
    # 1: `rescore` waits for its text, which a read brings.
    sa.Column("wanted", sa.SmallInteger),
    # Until it is scored: what its event said that the ticket showed. And the run over old tickets that brought it.
    sa.Column("seen", sa.Text),
    sa.Column("run", sa.Text),
    sa.UniqueConstraint("connection_id", "ticket_id", "message_id", name="messages_once"),
)
queue_indexes(messages)
partial("messages_by_run", "run IS NOT NULL", messages.c.run)
partial("messages_by_day", "label IS NOT NULL", messages.c.workspace_id, messages.c.written_at)
partial("messages_in_order", "label IS NOT NULL", messages.c.connection_id, messages.c.ticket_id, messages.c.written_at)
partial(
    "messages_by_author",
    "label IS NOT NULL AND author_id IS NOT NULL",
    messages.c.connection_id,
    messages.c.author_id,
    messages.c.written_at,
)

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    workspace_id(),
    sa.Column("connection_id", sa.Text, sa.ForeignKey("connections.id"), nullable=False),
    sa.Column("ticket_id", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("score", sa.SmallInteger),
    sa.Column("trend", sa.Text, nullable=False),
    sa.Column("direction", sa.SmallInteger, nullable=False),
    sa.Column("current_avg", sa.SmallInteger),
    sa.Column("messages_scored", sa.Integer, nullable=False),
    sa.Column("messages_unknown", sa.Integer, nullable=False),
    sa.Column("shown_message_id", sa.Text),
    sa.Column("shown_written_at", sa.Double, nullable=False),
    sa.Column("updated_at", sa.Double, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("written_label", sa.Text),
    sa.Column("written_score", sa.SmallInteger),
    sa.Column("written_trend", sa.Text),
    sa.Column("held_at", sa.Double),
    # The last label but `unknown` and its score: a change of it is told.
    sa.Column("known_label", sa.Text),
    sa.Column("known_score", sa.SmallInteger),
    # The rule by which it escalated (null: it has not, or has recovered), and when it last did.
    sa.Column("escalated_by", sa.Text),
    sa.Column("escalated_at", sa.Double),
    # 1: its helpdesk should show, or shows, that it escalated.
    sa.Column("mark", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("marked", sa.SmallInteger, nullable=False, server_default="0"),
    # Of its scores, in hundredths: the first, the lowest, the change a day.
    sa.Column("first_score", sa.SmallInteger),
    sa.Column("lowest_score", sa.SmallInteger),
    sa.Column("slope", sa.Integer),
    # When its newest message was written, and the newest under -0.5; what the earlier messages of a long one come to.
    sa.Column("newest_at", sa.Double),
    sa.Column("negative_at", sa.Double),
    sa.Column("earlier", sa.Text),
    *queue_columns(),
    # What the newest event since our last write said that it showed; null stamp: nothing is known.
    sa.Column("seen_label", sa.Text),
    sa.Column("seen_stamp", sa.Text),
    sa.UniqueConstraint("connection_id", "ticket_id", name="tickets_once"),
)
queue_indexes(tickets)
sa.Index("tickets_by_workspace", tickets.c.workspace_id, tickets.c.updated_at)
sa.Index("tickets_by_newest", tickets.c.workspace_id, tickets.c.newest_at)
partial("tickets_by_negative", "negative_at IS NOT NULL", tickets.c.workspace_id, tickets.c.negative_at)
# A ticket without a score comes behind the best one.
_rank = sa.func.coalesce(tickets.c.score, sa.literal_column("101"))
sa.Index("tickets_by_score", tickets.c.workspace_id, _rank, tickets.c.id)
partial("tickets_escalated", "escalated_by IS NOT NULL", tickets.c.workspace_id, tickets.c.escalated_at)

writes = sa.Table(
    "writes",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    workspace_id(),
    sa.Column("connection_id", sa.Text, sa.ForeignKey("connections.id"), nullable=False),
    sa.Column("ticket_id", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("before", sa.Text),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("cause", sa.Text),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("run", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("done_at", sa.Double),
)
sa.Index("writes_by_ticket", writes.c.connection_id, writes.c.ticket_id, writes.c.id)
partial("writes_by_run", "run IS NOT NULL", writes.c.run)
partial("writes_open", "state = 'sending'", writes.c.connection_id, writes.c.ticket_id, unique=True)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    workspace_id(),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
    sa.Column("hint", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("last_used_at", sa.Double),
    sa.Column("revoked_at", sa.Double),
)

# A workspace's AI provider; no row: the embedded scorer.
providers = sa.Table(
    "providers",
    metadata,
    sa.Column("workspace_id", sa.Integer, sa.ForeignKey("workspaces.id"), primary_key=True),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("base_url", sa.Text, nullable=False),
    sa.Column("key", sa.Text),
    # Grows with every `provider set`: what a call of before tells is then forgotten.
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("changed_at", sa.Double, nullable=False),
    # Set when the route is stopped until a person mends it.
    sa.Column("stopped_at", sa.Double),
    # The newest failure in words, and when.
    sa.Column("problem", sa.Text),
    sa.Column("problem_at", sa.Double),
    # The circuit breaker: failures since the last success, since when, and until when nobody calls.
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("failing_since", sa.Double),
    sa.Column("paused_until", sa.Double),
    # The account's limit, where the provider tells it.
    sa.Column("requests_per_minute", sa.Integer),
)

# What a provider said of a text. `source` names provider, model, address and prompt; `text_hash` is keyed.
score_cache = sa.Table(
    "score_cache",
    metadata,
    sa.Column("workspace_id", sa.Integer, sa.ForeignKey("workspaces.id"), primary_key=True),
    sa.Column("text_hash", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("score", sa.SmallInteger),
    sa.Column("confidence", sa.Double),
    sa.Column("indicators", sa.Text),
    sa.Column("caveats", sa.Text),
    sa.Column("scorer", sa.Text, nullable=False),
    sa.Column("hits", sa.Integer, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False),
)
sa.Index("score_cache_by_age", score_cache.c.expires_at)

# What scoring cost, for workspaces with a provider. A day in UTC; money in micro-dollars.
usage = sa.Table(
    "usage",
    metadata,
    sa.Column("workspace_id", sa.Integer, sa.ForeignKey("workspaces.id"), primary_key=True),
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("calls", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("input_tokens", sa.BigInteger, nullable=False),
    sa.Column("cached_tokens", sa.BigInteger, nullable=False),
    sa.Column("output_tokens", sa.BigInteger, nullable=False),
    sa.Column("cost", sa.BigInteger, nullable=False),
    # Calls with an unknown price.
    sa.Column("unpriced", sa.Integer, nullable=False),
    # Messages scored from the cache, and by the embedded scorer instead.
    sa.Column("cached", sa.Integer, nullable=False),
    sa.Column("offline", sa.Integer, nullable=False),
)

# That a month's spending has reached a share of the budget, in per cent; noted once.
budget_notes = sa.Table(
    "budget_notes",
    metadata,
    sa.Column("workspace_id", sa.Integer, sa.ForeignKey("workspaces.id"), primary_key=True),
    sa.Column("month", sa.Text, primary_key=True),
    sa.Column("share", sa.Integer, primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
)

# Who is told of events: an endpoint of somebody's own (kind `webhook`), or an alert channel (slack, teams ...).
receivers = sa.Table(
    "receivers",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    workspace_id(),
    sa.Column("public_id", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    # Encrypted: its address, and what we sign with. Both are forgotten when it is removed.
    sa.Column("target", sa.Text),
    sa.Column("secrets", sa.Text),
    # Comma lists. Types null: all there are.
    sa.Column("types", sa.Text),
    sa.Column("origins", sa.Text, nullable=False),
    # JSON: what a kind of channel can be told beside.
    sa.Column("settings", sa.Text, nullable=False),
    # Failed or slow answers since the last good one: while there are several, few calls are made at a time.
    sa.Column("strikes", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failing_since", sa.Double),
    sa.Column("error", sa.Text),
    sa.Column("last_sent_at", sa.Double),
    sa.Column("disabled_at", sa.Double),
    sa.Column("removed_at", sa.Double),
    sa.Column("created_at", sa.Double, nullable=False),
)
sa.Index("receivers_by_workspace", receivers.c.workspace_id)

# A fact that others may be told of, as it was in the transaction that made it. `data` holds no word of a customer.
events = sa.Table(
    "events",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    workspace_id(),
    # The same at every receiver and at every try: by it a receiver knows an event that it had already.
    sa.Column("webhook_id", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("connection_id", sa.Text, sa.ForeignKey("connections.id")),
    sa.Column("ticket_id", sa.Text),
    sa.Column("message_id", sa.Text),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("indicators", sa.Text),
    sa.Column("created_at", sa.Double, nullable=False),
)
sa.Index("events_by_time", events.c.workspace_id, events.c.created_at)
partial("events_by_ticket", "ticket_id IS NOT NULL", events.c.connection_id, events.c.ticket_id, events.c.id)

# An event on its way to one receiver. Those of one ticket go in the order of their ids.
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    workspace_id(),
    sa.Column("event_id", BigId, sa.ForeignKey("events.id"), nullable=False),
    sa.Column("receiver_id", sa.Integer, sa.ForeignKey("receivers.id"), nullable=False),
    sa.Column("connection_id", sa.Text),
    sa.Column("ticket_id", sa.Text),
    *queue_columns(),
    # Of the last try: the answer's status, its first bytes (encrypted: it may repeat what we sent), how long it took.
    sa.Column("status", sa.Integer),
    sa.Column("answer", sa.Text),
    sa.Column("ms", sa.Integer),
    sa.Column("tried_at", sa.Double),
    # When the receiver took it.
    sa.Column("sent_at", sa.Double),
    sa.UniqueConstraint("event_id", "receiver_id", name="deliveries_once"),
)
queue_indexes(deliveries)
sa.Index("deliveries_by_receiver", deliveries.c.receiver_id, deliveries.c.id)
partial(
    "deliveries_next",
    "state = 0 AND worker_id IS NULL",
    deliveries.c.receiver_id,
    deliveries.c.bulk,
    deliveries.c.due_at,
)
partial(
    "deliveries_in_order",
    "state = 0 AND ticket_id IS NOT NULL",
    deliveries.c.receiver_id,
    deliveries.c.connection_id,
    deliveries.c.ticket_id,
    deliveries.c.id,
)

QUEUES: tuple[sa.Table, ...] = (read_requests, messages, tickets, deliveries)
