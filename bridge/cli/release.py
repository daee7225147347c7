"""`moodbridge release` and `releases`: deploys, and how customers felt before and after."""

import dataclasses
from collections.abc import Sequence

import click

from bridge import releases as marked
from bridge.cli.output import answer, as_json, moment, opened, table
from bridge.cli.receivers import time_given
from bridge.releases import Before, Report
from bridge.scale import shown


@click.command()
@click.argument("slug")
@click.argument("name")
@click.option("--at", help="When it was, such as 2026-11-22T10:00:00Z; now, unless given.")
@as_json
def release(slug: str, name: str, at: str | None, as_json: bool) -> None:
    """Mark a deploy, and show how customers felt before and after.

    The same name again marks nothing, and shows what has changed since.
    """
    with opened() as runtime:
        when = None if at is None else time_given("--at", at)
        found = marked.mark(runtime, slug, name, "command line", when)
    answer(_value(found), as_json, lambda: _words([found]))


@click.command()
@click.argument("slug")
@click.option("--limit", default=marked.USUAL, show_default=True, help="How many, the newest first.")
@as_json
def releases(slug: str, limit: int, as_json: bool) -> None:
    """List marked deploys with how customers felt before and after."""
    with opened() as runtime:
        found = marked.listed(runtime, slug, limit)
    answer([_value(one) for one in found], as_json, lambda: _words(found))


def _value(one: Report) -> dict[str, object]:
    return {
        "name": one.release.name,
        "at": moment(one.release.at),
        "by": one.release.by,
        "days": one.days,
        "before": _part(one.before),
        "after": _part(one.after),
        "change": one.change,
        "interval": one.interval,
    }


def _part(one: Before) -> dict[str, object]:
    return {**dataclasses.asdict(one), "avg_sentiment": shown(one.avg_sentiment)}


def _words(found: Sequence[Report]) -> str:
    rows = [
        (
            one.release.name,
            moment(one.release.at) or "",
            f"{one.days:g}",
            _share(one.before),
            _share(one.after),
            "-" if one.change is None else f"{one.change:+.1%}",
            "-" if one.interval is None else f"{one.interval[0]:+.1%} to {one.interval[1]:+.1%}",
        )
        for one in found
    ]
    headings = ("RELEASE", "AT", "DAYS", "NEGATIVE BEFORE", "AFTER", "CHANGE", "95 % INTERVAL")
    return table(rows, headings)


def _share(one: Before) -> str:
    return "-" if one.negative_share is None else f"{one.negative_share:.1%} of {one.scored}"
