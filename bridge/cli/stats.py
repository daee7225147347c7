"""`moodbridge stats`: the dashboard's numbers."""

import dataclasses

import click

from bridge import dashboard
from bridge.cli.output import answer, as_json, opened, table
from bridge.dashboard import Dashboard
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
    days = [
        {"day": day.day.isoformat(), "messages": day.messages, "avg_sentiment": shown(day.avg_sentiment)}
        for day in found.by_day
    ]
    return {**dataclasses.asdict(found), "avg_sentiment": shown(found.avg_sentiment), "by_day": days}


def _words(found: Dashboard) -> str:
    rows = [
        ("Messages", str(found.messages)),
        ("Average", _score(shown(found.avg_sentiment))),
        ("Negative tickets", str(found.negative_tickets)),
        ("Declining conversations", str(found.declining_conversations)),
        *((label, str(count)) for label, count in found.by_label.items()),
    ]
    days = [(day.day.isoformat(), str(day.messages), _score(shown(day.avg_sentiment))) for day in found.by_day]
    return table(rows, (f"LAST {found.days} DAYS", "")) + "\n\n" + table(days, ("DAY", "MESSAGES", "AVERAGE"))


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"
