"""Our three views, and which of the account's own rules our writes will set off."""

from bridge.connector import Access
from bridge.model import Trend
from connectors.zendesk.desk import Desk, Json
from connectors.zendesk.names import (
    NEGATIVE_BELOW,
    URGENT_BELOW,
    label_option,
    labels_below,
    title,
    trend_option,
)
from connectors.zendesk.session import Rejected

NAMED = 10
"""Rules that are named one by one; the rest is counted."""


def wanted(access: Access, score_field: int, label_field: int, trend_field: int) -> list[Json]:
    """Views over tickets that are not solved, the worst first, in the API's form ("Views", 2026-08).

    Tags stand for the drop-downs: whether a condition on one takes the option's tag or its id differs by account.
    """
    worst = access.scale[-1][0]  # where a scale has no label of its own for the urgent, its worst one holds them
    urgent = [label_option(access, label) for label in labels_below(access, URGENT_BELOW) or (worst,)]
    negative = [label_option(access, label) for label in labels_below(access, NEGATIVE_BELOW)]
    tags = {"Urgent": urgent, "Negative": negative, "Declining": [trend_option(access, Trend.DECLINING)]}
    columns = ["nice_id", "description", "requester", "updated_requester", label_field, score_field, trend_field]
    return [
        {
            "title": f"{title(access)}: {name}",
            "all": [{"field": "status", "operator": "less_than", "value": "solved"}],
            "any": [{"field": "current_tags", "operator": "includes", "value": tag} for tag in held],
            "output": {"columns": columns, "sort_by": str(score_field), "sort_order": "asc"},
        }
        for name, held in tags.items()
        if held
    ]


def make(desk: Desk, view: Json) -> int:
    """Makes a view; where the account does not sort by a custom field, by the customer's last word. Its id."""
    try:
        return desk.add_view(view)
    except Rejected as problem:
        if problem.status not in (400, 422):
            raise
    output = {**view["output"], "sort_by": "updated_requester", "sort_order": "desc"}
    return desk.add_view({**view, "output": output})


def complete(desk: Desk, present: Json, view: Json, dry_run: bool) -> list[str]:
    """Adds the tags that a view of ours lacks, as those of another scale; what people changed in it stays."""
    held = present.get("conditions") or {}
    tags = {condition.get("value") for condition in held.get("any") or ()}
    lacking = [condition for condition in view["any"] if condition["value"] not in tags]
    if not lacking:
        return []
    if not dry_run:
        every, some = list(held.get("all") or ()), list(held.get("any") or ())
        desk.set_conditions(int(present["id"]), {"all": every, "any": [*some, *lacking]})
    names = ", ".join(condition["value"] for condition in lacking)
    return [f"{'Would add' if dry_run else 'Added'} {names} to the view {view['title']}."]


def rules_that_run(desk: Desk, user_id: int) -> list[str]:
    """Sentences that count and name the active triggers and automations which our writes set off or delay."""
    triggers = [str(one["title"]) for one in desk.triggers() if one["active"] and runs_on_our_write(one, user_id)]
    automations = [str(one["title"]) for one in desk.automations() if one["active"] and counts_since_update(one)]
    sentences = []
    if triggers:
        sentences.append(f"{_named('trigger', triggers)} will also run when Moodbridge writes.")
    if automations:
        sentences.append(f"{_named('automation', automations)} counts hours since a ticket's update: writes reset it.")
    return sentences


def runs_on_our_write(trigger: Json, user_id: int) -> bool:
    """Whether our updates may meet a trigger: no condition asks for a new ticket, a comment or another user.

    Only `all` conditions can rule it out ("Conditions reference"). A wrong yes names one trigger too many.
    """
    for condition in (trigger.get("conditions") or {}).get("all") or ():
        name, value = condition.get("field"), str(condition.get("value"))
        if name == "update_type" and value == "Create":
            return False
        if name in ("comment_is_public", "comment_includes_word", "requester_can_see_comment"):
            return False
        # `role` is the current user: a role or an id.
        names_us = value in ("agent", str(user_id))
        if name == "role" and names_us == (condition.get("operator") == "is_not"):
            return False
    return True


def counts_since_update(automation: Json) -> bool:
    """Whether an automation waits for hours since the last update of a ticket."""
    conditions = automation.get("conditions") or {}
    both = [*(conditions.get("all") or ()), *(conditions.get("any") or ())]
    return any(condition.get("field") == "updated_at" for condition in both)


def _named(kind: str, titles: list[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in titles[:NAMED])
    more = f" and {len(titles) - NAMED} more" if len(titles) > NAMED else ""
    plural = "s" if len(titles) != 1 else ""
    return f"{len(titles)} active {kind}{plural} ({shown}{more})"
