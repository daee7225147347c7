"""`moodbridge stats`: the dashboard's numbers."""

import dataclasses
from typing import Any

import click

from bridge import dashboard
from bridge.cli.output import answer, as_json, opened, table
from bridge.dashboard import Dashboard, FirstAndLatest, Part, Recovery, TicketPart
from bridge.scale import shown


@click.command()
@click.argument("slug")
@click.option(
    "--days",
    type=click.IntRange(1, dashboard.MOST_DAYS),
    default=dashboard.USUAL_DAYS,
    show_default=True,
    help="How many days to look back.",
)
@as_json
def stats(slug: str, days: int, as_json: bool) -> None:
    """Show how a workspace's customers felt in the last days."""
    with opened() as runtime:
        found = dashboard.show(runtime, slug, days)
    answer(_value(found), as_json, lambda: _words(found))


def _value(found: Dashboard) -> dict[str, object]:
    """As JSON has it; scores as numbers of -1 to 1."""
    days = [{**dataclasses.asdict(day), "day": day.day.isoformat()} for day in found.by_day]
    value: dict[str, object] = _scores({**dataclasses.asdict(found), "by_day": days})
    return value


def _scores(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shown(one) if key in _SCORES else _scores(one) for key, one in value.items()}
    return [_scores(one) for one in value] if isinstance(value, list | tuple) else value


_SCORES = ("avg_sentiment", "first", "latest")


def _words(found: Dashboard) -> str:
    rows = [
        ("Messages", str(found.messages)),
        ("Average", _score(shown(found.avg_sentiment))),
        ("Negative tickets", str(found.negative_tickets)),
        ("Declining conversations", f"{found.declining_conversations} of {found.conversations}"),
        ("First and latest score", _first_and_latest(found.first_and_latest)),
        ("Escalated", _recovery(found.recovery)),
        ("Unknown", _percent(found.unknown_share)),
        ("Scored offline", _percent(found.offline_share)),
        ("Cost", f"${found.cost_usd:.2f}"),
        *((label, str(count)) for label, count in found.by_label.items()),
    ]
    days = [(day.day.isoformat(), str(day.messages), _score(shown(day.avg_sentiment))) for day in found.by_day]
    hours = [(f"{hour:02}:00 UTC", *_part(part)) for hour, part in enumerate(found.by_hour) if part.messages]
    tables = [
        table(rows, (f"LAST {found.days} DAYS", "")),
        table(days, ("DAY", "MESSAGES", "AVERAGE")),
        table([(name, *_part(part)) for name, part in found.by_connection.items()], ("CONNECTION", *_PART)),
        table(hours, ("HOUR", *_PART)),
    ]
    tables += [
        table([_ticket_part(part) for part in parts], (heading, "TICKETS", "AVERAGE", "NEGATIVE", "DECLINING"))
        for heading, parts in (("TAG", found.by_tag), ("GROUP", found.by_group))
        if parts
    ]
    return "\n\n".join(tables)


_PART = ("MESSAGES", "AVERAGE", "NEGATIVE", "UNKNOWN")


def _part(part: Part) -> tuple[str, ...]:
    return str(part.messages), _score(shown(part.avg_sentiment)), str(part.negative), str(part.unknown)


def _ticket_part(part: TicketPart) -> tuple[str, ...]:
    average = _score(shown(part.avg_sentiment))
    return part.name, str(part.tickets), average, str(part.negative), str(part.declining)


def _first_and_latest(one: FirstAndLatest) -> str:
    return f"{_score(shown(one.first))} to {_score(shown(one.latest))} ({one.conversations} conversations)"


def _recovery(one: Recovery) -> str:
    answered, recovered = _duration(one.seconds_to_answer), _duration(one.seconds_from_answer_to_recovery)
    return f"{one.escalated}; answered after {answered}, recovered {recovered} later ({one.recovered} have)"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"
