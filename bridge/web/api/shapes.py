"""Values as the API's JSON shows them: scores as numbers of -1 to 1, times as RFC 3339 in UTC."""

from datetime import UTC, datetime

from bridge.dashboard import Dashboard
from bridge.model import Sentiment
from bridge.scale import shown
from bridge.store.workspaces import Workspace
from bridge.tickets import Ticket, TicketMessage, TicketWrite, WholeTicket
from bridge.workspace_settings import public


def moment(at: float | None) -> str | None:
    """A time, to the millisecond."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def workspace(one: Workspace) -> dict[str, object]:
    """A workspace with its settings."""
    return {"workspace": one.slug, "name": one.name, "created_at": moment(one.created_at), **public(one.settings)}


def ticket(one: Ticket) -> dict[str, object]:
    """A ticket's state."""
    return {
        "connection": one.connection,
        "ticket_id": one.ticket_id,
        "label": one.label,
        "score": shown(one.score),
        "trend": str(one.trend),
        "direction": shown(one.direction),
        "current_avg": shown(one.current_avg),
        "escalated": one.escalated_by is not None,
        "messages_scored": one.messages_scored,
        "messages_unknown": one.messages_unknown,
        "updated_at": moment(one.updated_at),
    }


def whole_ticket(one: WholeTicket) -> dict[str, object]:
    """A ticket with its messages and writes."""
    return {
        **ticket(one.ticket),
        "messages": [_message(message) for message in one.messages],
        "writes": [_write(write) for write in one.writes],
    }


def _message(one: TicketMessage) -> dict[str, object]:
    scorer = one.scorer
    return {
        "message_id": one.message_id,
        "author": str(one.author),
        "score": shown(one.score),
        "label": one.label,
        "confidence": one.confidence,
        "indicators": list(one.indicators),
        "caveats": list(one.caveats),
        "scorer": scorer and {"provider": scorer.provider, "model": scorer.model, "prompt": scorer.prompt},
        "cached": one.cached,
        "scored_at": moment(one.scored_at),
        "corrected_by": one.corrected_by,
        "corrected_at": moment(one.corrected_at),
    }


def _write(one: TicketWrite) -> dict[str, object]:
    return {"at": moment(one.at), "before": _sentiment(one.before), "after": _sentiment(one.after), "run": one.run}


def _sentiment(one: Sentiment | None) -> dict[str, object] | None:
    return None if one is None else {"label": one.label, "score": shown(one.score), "trend": str(one.trend)}


def dashboard(one: Dashboard) -> dict[str, object]:
    """The numbers of the last days."""
    return {
        "days": one.days,
        "messages": one.messages,
        "avg_sentiment": shown(one.avg_sentiment),
        "negative_tickets": one.negative_tickets,
        "declining_conversations": one.declining_conversations,
        "by_label": one.by_label,
        "by_day": [
            {"day": day.day.isoformat(), "messages": day.messages, "avg_sentiment": shown(day.avg_sentiment)}
            for day in one.by_day
        ],
    }
