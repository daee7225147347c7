"""Shows a sentiment on a ticket: custom fields, merged by name; with `--tags yes` a tag, by a fresh read of them."""

from collections.abc import Sequence
from typing import Any

from bridge.connector import Access, Gone, Shown, TicketWrite, WriteResult, WriteStatus
from bridge.model import Score, Sentiment, Trend
from connectors.freshdesk.client import Json, Rejected, call, site
from connectors.freshdesk.names import Names, labels_of, names_of


def write(access: Access, writes: Sequence[TicketWrite]) -> Sequence[WriteResult]:
    """Writes each ticket; one result each, in order. Raises ConnectorErrors."""
    return tuple(_write(access, wanted) for wanted in writes)


def look(access: Access, ticket_ids: Sequence[str]) -> Sequence[Shown]:
    """What these tickets show now, without those that are gone. Raises ConnectorErrors."""
    names, shown = names_of(access), []
    for ticket_id in ticket_ids:
        try:
            ticket = call(access, "GET", f"/tickets/{ticket_id}")
        except Gone:
            continue
        if not _lost(ticket):
            shown.append(Shown(ticket_id, _sentiment(access, names, ticket)))
    return shown


def ticket_url(access: Access, ticket_id: str) -> str | None:
    """The ticket's page for agents."""
    return f"{site(access)}/a/tickets/{ticket_id}"


def _write(access: Access, wanted: TicketWrite) -> WriteResult:
    names, ticket_id = names_of(access), wanted.ticket_id
    try:
        ticket = call(access, "GET", f"/tickets/{ticket_id}")
        if _lost(ticket) or (wanted.unsolved_only and ticket.get("status") in (4, 5)):
            return WriteResult(ticket_id, WriteStatus.GONE)
        stands = _sentiment(access, names, ticket)
        if stands and stands.label not in (wanted.after.label, wanted.before.label if wanted.before else None):
            return WriteResult(ticket_id, WriteStatus.PERSON, label=stands.label)
        change = _change(access, names, wanted.after, ticket)
        if change:
            call(access, "PUT", f"/tickets/{ticket_id}", change)
    except Gone:
        return WriteResult(ticket_id, WriteStatus.GONE)
    except Rejected as problem:
        return WriteResult(ticket_id, WriteStatus.FAILED, reason=_reason(problem))
    return WriteResult(ticket_id, WriteStatus.DONE)


def _reason(problem: Rejected) -> str:
    if "missing_field" in problem.codes:
        fields = ", ".join(problem.fields)
        return f"the ticket's mandatory fields are empty: fill in {fields}, or make them optional in Ticket Fields"
    return str(problem)


def _lost(ticket: Json) -> bool:
    return bool(ticket.get("deleted") or ticket.get("spam"))


def _change(access: Access, names: Names, after: Sentiment, ticket: Json) -> dict[str, Any]:
    """The update; empty when the ticket shows it all."""
    fields = {names.label: after.label, names.score: after.score, names.trend: after.trend.value}
    shown = ticket.get("custom_fields") or {}
    change: dict[str, Any] = {}
    if any(shown.get(name) != value for name, value in fields.items()):
        change["custom_fields"] = fields
    if access.options.get("tags") == "yes":
        ours = {f"{access.prefix}_{label}" for label in labels_of(access)}
        tags = [str(tag) for tag in ticket.get("tags") or ()]
        merged = [*(tag for tag in tags if tag not in ours), f"{access.prefix}_{after.label}"]
        if set(merged) != set(tags):
            change["tags"] = merged
    return change


def _sentiment(access: Access, names: Names, ticket: Json) -> Sentiment | None:
    shown = ticket.get("custom_fields") or {}
    label, score, trend = shown.get(names.label), shown.get(names.score), shown.get(names.trend)
    if label not in labels_of(access):
        return None
    known = Trend(trend) if trend in tuple(Trend) else Trend.STABLE
    return Sentiment(str(label), Score(score) if isinstance(score, int) else None, known)
