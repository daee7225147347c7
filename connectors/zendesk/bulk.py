"""The outcome of an update_many job, item by item.

developer.zendesk.com "Job Statuses" (2026-08): `completed` does not mean that every item succeeded; results stay for
about an hour.
"""

from collections.abc import Sequence
from time import sleep

from bridge.connector import ConnectorError, WriteResult, WriteStatus
from connectors.zendesk.desk import Desk, Json
from connectors.zendesk.session import CLOSED, Rejected

POLLS = (3.0, 3.0, 4.0, 5.0)
"""Pauses in seconds before each look at a job. A job of one item was seen to end within 2 to 5 s; looking sooner would
cost calls, and what changes meanwhile goes into the next job together."""
UNSEEN_PAUSE = 15.0
RATE_PAUSE = 60.0
CONFLICT_PAUSE = 5.0


def outcome(desk: Desk, job_id: str, ticket_ids: Sequence[str]) -> dict[str, WriteResult]:
    """A result for each ticket; unsure for those whose end cannot be seen."""
    results: Sequence[Json] = ()
    for wait in POLLS:
        sleep(wait)
        try:
            job = desk.job(job_id)
        except Rejected:
            break  # About an hour after its end Zendesk forgets a job.
        except ConnectorError:
            continue
        if job.status in ("completed", "failed"):
            results = job.results
            break
    ended = {str(item.get("id")): item for item in results}
    return {ticket_id: _result(ticket_id, ended.get(ticket_id)) for ticket_id in ticket_ids}


def _result(ticket_id: str, item: Json | None) -> WriteResult:
    if item is None:
        reason = "the end of an update of many tickets is not seen yet"
        return WriteResult(ticket_id, WriteStatus.UNSURE, retry_after=UNSEEN_PAUSE, reason=reason)
    if item.get("success") is True:
        return WriteResult(ticket_id, WriteStatus.DONE)
    told = f"{item.get('error')} {item.get('details')} {item.get('errors')}"
    if CLOSED in told:
        return WriteResult(ticket_id, WriteStatus.GONE, reason="closed")
    if "NotFound" in told:
        return WriteResult(ticket_id, WriteStatus.GONE, reason="deleted, or our user may not see it")
    if "Conflict" in told or "outdated ticket data" in told:
        return later(ticket_id, CONFLICT_PAUSE, "somebody else changed the ticket meanwhile")
    if "RateLimit" in told or "updates" in told:
        return later(ticket_id, RATE_PAUSE, "Zendesk takes no more updates just now")
    return WriteResult(ticket_id, WriteStatus.FAILED, reason="Zendesk refuses the update of this ticket")


def later(ticket_id: str, seconds: float, reason: str) -> WriteResult:
    """Not now, again after so many seconds."""
    return WriteResult(ticket_id, WriteStatus.LATER, retry_after=seconds, reason=reason)
