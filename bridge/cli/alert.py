"""`moodbridge alert`: Slack, Microsoft Teams, e-mail and PagerDuty."""

import dataclasses
import json
from typing import TextIO

import click

from bridge import alert_channels, rules
from bridge.alerts import shown
from bridge.channels.kinds import KINDS
from bridge.cli.output import answer, as_json, moment, opened, table
from bridge.cli.receivers import secret_line, tell
from bridge.errors import Invalid


@click.group()
def alert() -> None:
    """Alert channels: where people are told when a conversation turns bad."""


@alert.command()
@click.argument("slug")
@click.argument("kind", required=False)
@click.option("--kind", "named", type=click.Choice(list(KINDS)), help="The same as the argument.")
@click.option("--type", "types", multiple=True, help="Tell of this type only; may be given several times.")
@click.option("--per-day", default=alert_channels.PER_DAY, show_default=True, help="Alerts a day; then one digest.")
@as_json
def add(slug: str, kind: str | None, named: str | None, types: tuple[str, ...], per_day: int, as_json: bool) -> None:
    """Add a channel: slack, teams, email or pagerduty.

    Where it goes is a secret: it is asked for, or read from stdin. slack and teams: the webhook's address. email:
    smtps://user:password@host:465?from=...&to=... pagerduty: the integration key.
    """
    chosen = kind or named
    if chosen is None or chosen not in KINDS:
        raise Invalid("kind", "use one of " + ", ".join(KINDS))
    target = secret_line(KINDS[chosen].target)
    with opened() as runtime:
        made = alert_channels.add(runtime, slug, chosen, target, types or None, per_day)
    words = f"Channel {made.id} is there. Try it: moodbridge alert test {slug} {made.id}"
    answer({"id": made.id, "kind": made.kind, "goes_to": made.goes_to}, as_json, lambda: words)


@alert.command(name="rules")
@click.argument("slug")
@click.option("--set", "file", type=click.File(), help="A file with the new rules as a JSON list; - for stdin.")
@click.option("--reset", is_flag=True, help="Take the usual rules again.")
@as_json
def show_rules(slug: str, file: TextIO | None, reset: bool, as_json: bool) -> None:
    """Show or change the rules by which a workspace's tickets escalate."""
    with opened() as runtime:
        if file is not None or reset:
            found = rules.change(runtime, slug, None if file is None else file.read())
        else:
            found = rules.show(runtime, slug)
    value = shown(found)
    answer(value, as_json, lambda: json.dumps(value, indent=2))


@alert.command(name="list")
@click.argument("slug")
@as_json
def list_all(slug: str, as_json: bool) -> None:
    """List a workspace's channels with their health."""
    with opened() as runtime:
        found = alert_channels.listed(runtime, slug)
    times = ("failing_since", "last_sent_at", "created_at")
    value = [dataclasses.asdict(one) | {name: moment(getattr(one, name)) for name in times} for one in found]
    rows = [
        (one.id, one.kind, one.goes_to, one.status, moment(one.last_sent_at) or "never", one.error or "")
        for one in found
    ]
    answer(value, as_json, lambda: table(rows, ("ID", "KIND", "GOES TO", "STATUS", "LAST SENT", "ERROR")))


@alert.command()
@click.argument("slug")
@click.argument("channel_id")
@as_json
def enable(slug: str, channel_id: str, as_json: bool) -> None:
    """Tell a channel again that was disabled, since it answered 410 Gone."""
    with opened() as runtime:
        alert_channels.enable(runtime, slug, channel_id)
    answer({"enabled": channel_id}, as_json, lambda: f"{channel_id} is told again of what happens from now on.")


@alert.command()
@click.argument("slug")
@click.argument("channel_id")
@as_json
def test(slug: str, channel_id: str, as_json: bool) -> None:
    """Send a test message now, and show the answer."""
    with opened() as runtime:
        outcome = alert_channels.test(runtime, slug, channel_id)
    tell(outcome, as_json)


@alert.command()
@click.argument("slug")
@click.argument("channel_id")
@as_json
def remove(slug: str, channel_id: str, as_json: bool) -> None:
    """Remove a channel; it is told nothing more."""
    with opened() as runtime:
        alert_channels.remove(runtime, slug, channel_id)
    answer({"removed": channel_id}, as_json, lambda: f"{channel_id} is told nothing more.")
