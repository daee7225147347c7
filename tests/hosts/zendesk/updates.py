"""What an update of tickets may say and does: single, and as a job over many.

Rules: developer.zendesk.com "Tickets" (Update Ticket, Update Many Tickets) and "Job Statuses"; error bodies as
recorded in public client libraries.
"""

import itertools
import re
from dataclasses import dataclass, field

from tests.hosts.zendesk.account import Account, Json, Problem, Ticket, stamp

KEYS = frozenset(
    (
        "status",
        "priority",
        "type",
        "subject",
        "comment",
        "custom_fields",
        "tags",
        "additional_tags",
        "remove_tags",
        "safe_update",
        "updated_stamp",
        "assignee_id",
        "group_id",
        "external_id",
        "custom_status_id",
        "due_at",
    )
)
MOST = 100
JOBS = 30


def closed() -> Problem:
    text = "Status: closed prevents ticket update"
    details = {"status": [{"description": text}]}
    return Problem(422, {"error": "RecordInvalid", "description": "Record validation errors", "details": details})


def not_found() -> Problem:
    return Problem(404, {"error": "RecordNotFound", "description": "Not found"})


def conflict() -> Problem:
    text = "Safe Update prevented the update due to outdated ticket data."
    return Problem(409, {"error": "UpdateConflict", "description": text})


def invalid(what: str) -> Problem:
    return Problem(422, {"error": "RecordInvalid", "description": what, "details": {"base": [{"description": what}]}})


def too_many() -> Problem:
    text = f"Parameter  cannot specify more than {MOST} values"
    return Problem(400, {"error": "TooManyValues", "description": text, "max_count": MOST})


def apply(account: Account, ticket_id: int, change: Json, user_id: int) -> tuple[Ticket, list[str]]:
    """Updates one ticket; also the keys that Zendesk only warns of. Raises Problem, and then nothing changed."""
    warned = [key for key in ("id",) if key in change]
    unknown = set(change) - KEYS - {"id"}
    if unknown:
        raise invalid(f"unknown keys: {sorted(unknown)}")
    with account.lock:
        ticket = account.tickets.get(ticket_id)
        if ticket is None:
            raise not_found()
        if ticket.status == "closed":
            raise closed()
        if str(change.get("safe_update", "")).lower() == "true":
            if "updated_stamp" not in change:
                raise invalid("updated_stamp: cannot be blank")
            if change["updated_stamp"] != stamp(ticket.updated_at):
                raise conflict()
        before = dict(ticket.fields)
        values = checked(account, change.get("custom_fields", []))
        for field_id, value in values.items():
            account.put_field(ticket, field_id, value)
        tags = list(change["tags"]) if "tags" in change else list(ticket.tags)
        tags = [
            tag for tag in tags + list(change.get("additional_tags", [])) if tag not in change.get("remove_tags", [])
        ]
        if tags != ticket.tags:
            account.put_tags(ticket, tags)
        account.changed(ticket, user_id, before)
        return ticket, warned


def checked(account: Account, items: list[Json]) -> dict[int, str | None]:
    """Field values by id. Raises Problem for what no field takes."""
    values: dict[int, str | None] = {}
    for item in items:
        if set(item) != {"id", "value"}:
            raise invalid("custom_fields: an item has an id and a value")
        target = account.fields.get(item["id"])
        if target is None:
            raise invalid(f"custom_fields: no field {item['id']}")
        value = item["value"]
        if value is not None and target.type == "decimal" and not re.fullmatch(r"-?\d+(\.\d+)?", str(value)):
            raise invalid(f"{target.title}: not a decimal")
        if value is not None and target.type == "tagger" and value not in {o.value for o in target.options}:
            if not account.drops_unknown_options:
                raise invalid(f"{target.title}: {value} is not an option")
            continue
        values[target.id] = None if value is None else str(value)
    return values


@dataclass
class Job:
    id: str
    items: list[Json]
    user_id: int
    ready_at: float
    results: list[Json] | None = None
    status: str = "queued"


@dataclass
class Jobs:
    """The account's background jobs. They run when their time has come, whether or not somebody asks."""

    account: Account
    known: dict[str, Job] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def queue(self, items: list[Json], user_id: int) -> Job:
        with self.account.lock:
            open_jobs = [job.id for job in self.known.values() if job.results is None]
            if len(open_jobs) >= JOBS:
                raise Problem(429, {"error": "TooManyJobs", "description": "Too many", "current_job_ids": open_jobs})
            job = Job(f"V3-{next(self.numbers):032x}", items, user_id, self.account.clock() + self.account.job_seconds)
            self.known[job.id] = job
            return job

    def run_due(self) -> None:
        with self.account.lock:
            for job in list(self.known.values()):
                if job.results is None and job.ready_at <= self.account.clock():
                    job.results = [self._run(item, job.user_id) for item in job.items]
                    job.status = "completed"

    def forget(self) -> None:
        """An hour passes: the results are no longer there."""
        with self.account.lock:
            self.known.clear()

    def shown(self, job: Job) -> Json:
        return {
            "id": job.id,
            "url": f"https://{self.account.subdomain}.zendesk.com/api/v2/job_statuses/{job.id}.json",
            "job_type": "Bulk Update Ticket",
            "total": len(job.items),
            "progress": None if job.results is None else len(job.items),
            "status": job.status,
            "message": None if job.results is None else "Completed",
            "results": job.results,
        }

    def _run(self, item: Json, user_id: int) -> Json:
        failed = {"action": "update", "id": item.get("id"), "success": False}
        if self.account.faults.item_fails():
            return {**failed, "status": "Failed", "error": "TicketUpdateFailed", "details": "DatabaseConflict"}
        if self.account.items_count_as_updates and self.account.limits.take("updates") is not None:
            return {
                **failed,
                "status": "Failed",
                "error": "RateLimited",
                "details": "Number of allowed updates exceeded",
            }
        if self.account.limits.take(f"ticket/{item['id']}") is not None:
            return {**failed, "status": "Failed", "error": "RateLimited", "details": "Too many updates of this ticket"}
        try:
            apply(self.account, int(item["id"]), item, user_id)
        except Problem as problem:
            details = problem.body.get("details") or problem.body.get("description")
            return {**failed, "status": "Failed", "error": problem.body["error"], "details": str(details)}
        return {"action": "update", "status": "Updated", "success": True, "id": item["id"]}
