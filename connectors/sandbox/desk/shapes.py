"""The JSON that the desk's API answers with."""

import sqlite3
from typing import Any

from connectors.sandbox.desk.database import iso
from connectors.sandbox.desk.feed import Entry, Stats
from connectors.sandbox.desk.hooks import Webhook
from connectors.sandbox.desk.tickets import Post, Ticket

Json = dict[str, Any]


def of_ticket(ticket: Ticket, with_posts: bool = False) -> Json:
    """A ticket as lists and `GET /tickets/<id>` show it."""
    mood = ticket.mood
    shape: Json = {
        "ticket_id": ticket.ticket_id,
        "subject": ticket.subject,
        "requester": ticket.requester,
        "requester_id": ticket.requester_id,
        "status": ticket.status,
        "tags": list(ticket.tags),
        "created_at": iso(ticket.created_at),
        "updated_at": iso(ticket.updated_at),
        "sentiment": mood
        and {
            "label": mood.label,
            "score": decimal(mood.score),
            "trend": mood.trend,
            "set_by": mood.set_by,
            "set_at": iso(mood.set_at),
        },
    }
    return {**shape, "posts": [_of_post(post) for post in ticket.posts]} if with_posts else shape


def of_entry(entry: Entry) -> Json:
    """One entry of the feed, with the fields of its kind."""
    shape: Json = {
        "n": entry.number,
        "at": iso(entry.at),
        "kind": entry.kind,
        "ticket_id": entry.ticket_id,
        "subject": entry.subject,
        "post_id": entry.post_id,
    }
    if entry.kind == "post":
        return {**shape, "author": entry.author}
    return {
        **shape,
        "previous": entry.previous,
        "label": entry.label,
        "score": decimal(entry.score),
        "trend": entry.trend,
        "set_by": entry.set_by,
        "waited_ms": entry.waited_ms,
    }


def of_stats(stats: Stats) -> Json:
    """The counts, in all and by ticket."""
    return {
        "writes": sum(count.writes for count in stats.tickets),
        "repeated": sum(count.repeated for count in stats.tickets),
        "conflicts": sum(count.conflicts for count in stats.tickets),
        "single_calls": stats.single_calls,
        "bulk_calls": stats.bulk_calls,
        "tickets": {
            count.ticket_id: {"writes": count.writes, "repeated": count.repeated, "conflicts": count.conflicts}
            for count in stats.tickets
        },
    }


def of_webhook(webhook: Webhook) -> Json:
    """A webhook; its secret only when it was made just now."""
    shape: Json = {
        "webhook_id": webhook.webhook_id,
        "url": webhook.url,
        "created_at": iso(webhook.created_at),
        "secret_sha256": webhook.fingerprint,
    }
    return {**shape, "secret": webhook.secret} if webhook.secret else shape


def of_delivery(row: sqlite3.Row) -> Json:
    """A delivery without the event's words."""
    return {
        "n": row["n"],
        "webhook_id": str(row["webhook"]),
        "event_id": row["event_id"],
        "type": row["type"],
        "state": row["state"],
        "attempts": row["attempts"],
        "last_answer": row["last_answer"],
    }


def decimal(score: int | None) -> float | None:
    """Hundredths as people read them: -82 is -0.82."""
    return None if score is None else score / 100


def _of_post(post: Post) -> Json:
    return {
        "post_id": post.post_id,
        "author": post.author,
        "author_id": post.author_id,
        "author_name": post.author_name,
        "visibility": post.visibility,
        "text": post.text,
        "created_at": iso(post.written_at),
    }
