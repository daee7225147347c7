"""A ticket's state, computed anew from its scored messages whenever one of them changes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bridge.connector import Seen
from bridge.conversation import Conversation, Earlier, state_of, summed_up
from bridge.model import UNKNOWN, Origin, Score, Sentiment, Trend
from bridge.store.mood_hours import hour_of, mark_stale
from bridge.store.rows import rows_parameter, rows_sql, statement
from bridge.store.seen import newer
from bridge.store.tables import State
from bridge.store.taking_back import remove, take_back
from bridge.store.ticket_messages import TicketKey as TicketKey
from bridge.store.ticket_messages import as_text, from_text, scored_messages


@dataclass(frozen=True, slots=True)
class Touched:
    """A ticket of which a message was settled or corrected, and why."""

    workspace_id: int
    origin: Origin
    writable: bool
    """Its helpdesk takes labels from us."""
    seen: Seen | None = None
    """What the message's event said that the ticket showed."""
    may_alert: bool = False
    """A live message that is young enough to alert about is among those."""
    since: float = float("-inf")
    """Nothing of the ticket that was written before this changed; by default it is read whole."""
    hours: frozenset[int] = frozenset()
    """The hours in which those messages were written."""
    silent: bool = False
    """Staff has not answered the newest message; nothing but the time has changed."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A ticket whose state was computed anew: how it was told before, and how it is."""

    key: TicketKey
    touched: Touched
    state: Conversation
    known_label: str | None
    known_score: Score | None
    escalated_by: str | None
    escalated_at: float | None


def recompute(connection: sa.Connection, touched: Mapping[TicketKey, Touched], now: float) -> list[Moved]:
    """Brings the tickets' rows in line with their messages; those that differ from what was written become due.

    Returns the tickets as they moved. A ticket without a scored message has no row, once its helpdesk shows no label.
    """
    keys = sorted(touched)
    if connection.dialect.name != "sqlite":
        _make_rows(connection, touched, keys, now)
    before = _rows(connection, keys)
    scored = scored_messages(connection, {key: _earlier(touched[key], before.get(key)) for key in keys})
    rows: list[list[object]] = []
    moved: list[Moved] = []
    empty: list[TicketKey] = []
    stale: list[tuple[int, int]] = []
    for key in keys:
        later, earlier = scored[key]
        state = state_of(later, earlier)
        stale += _hours(touched[key], state, before.get(key))
        if state is None:
            empty.append(key)
        else:
            row = _row(key, touched[key], state, before.get(key), now)
            rows.append([*row, as_text(summed_up(later, earlier) or earlier)])
            moved.append(_moved(key, touched[key], state, before.get(key)))
    _upsert(connection, rows)
    mark_stale(connection, stale)
    for key in empty:
        if touched[key].writable:
            take_back(connection, *key, now)
        else:
            remove(connection, *key)
    return moved


def _earlier(touched: Touched, row: sa.Row[*tuple[Any, ...]] | None) -> Earlier | None:
    """What the ticket's earlier messages come to, unless one of them changed."""
    found = None if row is None else from_text(row.earlier)
    return found if found is not None and touched.since > found.until else None


def _hours(
    touched: Touched, state: Conversation | None, row: sa.Row[*tuple[Any, ...]] | None
) -> Iterator[tuple[int, int]]:
    """The hours of which numbers change: those of the messages, and those that the ticket counts in, then and now."""
    times = (
        None if row is None else row.newest_at,
        None if row is None else row.negative_at,
        None if state is None else state.newest_at,
        None if state is None else state.negative_at,
    )
    for hour in touched.hours | {hour_of(at) for at in times if at is not None}:
        yield touched.workspace_id, hour


def _moved(key: TicketKey, touched: Touched, state: Conversation, before: sa.Row[*tuple[Any, ...]] | None) -> Moved:
    if before is None:
        return Moved(key, touched, state, None, None, None, None)
    return Moved(key, touched, state, before.known_label, before.known_score, before.escalated_by, before.escalated_at)


_KEY = {"connection_id": "text", "ticket_id": "text"}


def _make_rows(
    connection: sa.Connection, touched: Mapping[TicketKey, Touched], keys: Sequence[TicketKey], now: float
) -> None:
    """Makes rows for new tickets, so that there is one to lock.

    Without, two transactions that each settle a message of a new ticket would both count theirs alone.
    """
    columns = {"workspace_id": "int", **_KEY}
    connection.execute(
        statement(
            "INSERT INTO tickets (workspace_id, connection_id, ticket_id, label, trend, direction, messages_scored,"
            " messages_unknown, shown_written_at, updated_at, origin, state, bulk, due_at)"
            f" SELECT workspace_id, connection_id, ticket_id, '{UNKNOWN}', '{Trend.STABLE}', 0, 0, 0, 0, :now,"
            f" '{Origin.LIVE}', {int(State.SETTLED)}, 1, :now FROM {rows_sql(connection, columns)} AS given"
            " ON CONFLICT (connection_id, ticket_id) DO NOTHING"
        ),
        {"rows": rows_parameter([[touched[key].workspace_id, *key] for key in keys]), "now": now},
    )


def _rows(connection: sa.Connection, keys: Sequence[TicketKey]) -> dict[TicketKey, sa.Row[*tuple[Any, ...]]]:
    """The tickets' rows as they are, locked in key order on PostgreSQL (SQLite has one writer anyway)."""
    lock = "" if connection.dialect.name == "sqlite" else " ORDER BY t.connection_id, t.ticket_id FOR UPDATE OF t"
    found = connection.execute(
        statement(
            "SELECT t.connection_id, t.ticket_id, t.state, t.bulk, t.held_at, t.written_label, t.written_score,"
            " t.written_trend, t.seen_label, t.seen_stamp, t.known_label, t.known_score, t.escalated_by,"
            " t.escalated_at, t.newest_at, t.negative_at, t.earlier"
            f" FROM {rows_sql(connection, _KEY)} AS given JOIN tickets t"
            f" ON t.connection_id = given.connection_id AND t.ticket_id = given.ticket_id{lock}"
        ),
        {"rows": rows_parameter(keys)},
    )
    return {(row[0], row[1]): row for row in found}


def written(row: sa.Row[*tuple[Any, ...]]) -> Sentiment | None:
    """What we wrote last into the helpdesk, by a ticket's row; None: nothing yet."""
    if row.written_label is None:
        return None
    score = None if row.written_score is None else Score(row.written_score)
    return Sentiment(row.written_label, score, Trend(row.written_trend or Trend.STABLE))  # none beside a person's label


def desired(row: sa.Row[*tuple[Any, ...]]) -> Sentiment:
    """What the helpdesk should show, by a ticket's row."""
    return Sentiment(row.label, None if row.score is None else Score(row.score), Trend(row.trend))


def seen(row: sa.Row[*tuple[Any, ...]]) -> Seen | None:
    """What the newest event since our last write said that the ticket showed, by a ticket's row."""
    return None if row.seen_stamp is None else Seen(row.ticket_id, row.seen_label, row.seen_stamp)


def is_doubtful(told: Seen | None, last: Sentiment | None) -> bool:
    """Whether an event says that the ticket does not show what we wrote: it is to be looked at."""
    return told is not None and last is not None and told.label != last.label


def is_held(held_at: float | None, shown_written_at: float) -> bool:
    """Whether a label that a person set stands: until a customer message written after it is scored."""
    return held_at is not None and shown_written_at <= held_at


def needs_write(wanted: Sentiment, last: Sentiment | None, held_at: float | None, shown_written_at: float) -> bool:
    """Whether the helpdesk should be told. A person's label stands, and `unknown` never replaces a real one."""
    if wanted == last or is_held(held_at, shown_written_at):
        return False
    return not (wanted.label == UNKNOWN and last is not None and last.label != UNKNOWN)


def _row(
    key: TicketKey,
    touched: Touched,
    state: Conversation,
    before: sa.Row[*tuple[Any, ...]] | None,
    now: float,
) -> list[object]:
    wanted = Sentiment(state.label, state.score, state.trend)
    last = written(before) if before is not None else None
    held_at = before.held_at if before is not None else None
    told = newer(seen(before) if before is not None else None, touched.seen)
    doubtful = is_doubtful(told, last) and not is_held(held_at, state.shown_written_at)
    due = touched.writable and (doubtful or needs_write(wanted, last, held_at, state.shown_written_at))
    live = touched.origin is Origin.LIVE
    waiting_live = before is not None and before.state == State.PENDING and before.bulk == 0
    origin = Origin.LIVE if live or (waiting_live and due) else touched.origin
    return [
        touched.workspace_id,
        *key,
        state.label,
        state.score,
        str(state.trend),
        state.direction,
        state.current_avg,
        state.messages_scored,
        state.messages_unknown,
        state.shown_message_id,
        state.shown_written_at,
        now,
        str(origin),
        int(State.PENDING if due else State.SETTLED),
        int(origin is not Origin.LIVE),
        now,
        told.label if told is not None else None,
        told.stamp if told is not None else None,
        None if state.label == UNKNOWN else state.label,
        state.score,
        state.first,
        state.lowest,
        state.slope,
        state.newest_at,
        state.negative_at,
    ]


_COLUMNS = {
    "workspace_id": "int",
    "connection_id": "text",
    "ticket_id": "text",
    "label": "text",
    "score": "int",
    "trend": "text",
    "direction": "int",
    "current_avg": "int",
    "messages_scored": "int",
    "messages_unknown": "int",
    "shown_message_id": "text",
    "shown_written_at": "float",
    "updated_at": "float",
    "origin": "text",
    "state": "int",
    "bulk": "int",
    "due_at": "float",
    "seen_label": "text",
    "seen_stamp": "text",
    "known_label": "text",
    "known_score": "int",
    "first_score": "int",
    "lowest_score": "int",
    "slope": "int",
    "newest_at": "float",
    "negative_at": "float",
    "earlier": "text",
}


def _upsert(connection: sa.Connection, rows: Sequence[Sequence[object]]) -> None:
    if not rows:
        return
    names = ", ".join(_COLUMNS)
    kept = {"workspace_id", "connection_id", "ticket_id", "state", "due_at", "known_label", "known_score"}
    follow = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in kept)
    connection.execute(
        statement(
            f"INSERT INTO tickets ({names})"
            f" SELECT {names} FROM {rows_sql(connection, _COLUMNS)} AS given WHERE true"
            " ON CONFLICT (connection_id, ticket_id) DO UPDATE SET"
            # A row that is being written stays claimed; its settle looks again at what the ticket should show.
            # One with an open write stays due: nobody knows yet what its helpdesk shows.
            " state = CASE WHEN tickets.worker_id IS NOT NULL THEN tickets.state"
            f" WHEN tickets.state <> {int(State.SETTLED)} AND EXISTS (SELECT 1 FROM writes w"
            " WHERE w.state = 'sending' AND w.connection_id = excluded.connection_id"
            f" AND w.ticket_id = excluded.ticket_id) THEN {int(State.PENDING)} ELSE excluded.state END,"
            " due_at = CASE WHEN tickets.worker_id IS NOT NULL OR tickets.state = 0"
            " THEN tickets.due_at ELSE excluded.due_at END,"
            " attempts = CASE WHEN tickets.state = 0 THEN tickets.attempts ELSE 0 END,"
            " deaths = CASE WHEN tickets.state = 0 THEN tickets.deaths ELSE 0 END,"
            " last_error = CASE WHEN tickets.state = 0 THEN tickets.last_error END,"
            " known_score = CASE WHEN excluded.known_label IS NULL THEN tickets.known_score"
            " ELSE excluded.known_score END,"
            " known_label = coalesce(excluded.known_label, tickets.known_label),"
            f" {follow}"
        ),
        {"rows": rows_parameter(rows)},
    )


NOTHING = json.dumps(None)
"""What a `writes` row keeps of a label that was taken away."""


def as_json(sentiment: Sentiment | None) -> str | None:
    """A sentiment as the `writes` rows keep it."""
    if sentiment is None:
        return None
    return json.dumps({"label": sentiment.label, "score": sentiment.score, "trend": str(sentiment.trend)})


def from_json(text: str | None) -> Sentiment | None:
    """The sentiment that `as_json` stored."""
    if text is None:
        return None
    value = json.loads(text)
    if value is None:  # it was taken away
        return None
    return Sentiment(value["label"], value["score"], Trend(value["trend"]))
