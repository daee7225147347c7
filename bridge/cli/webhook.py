"""`moodbridge webhook`: a workspace's own endpoints."""

import dataclasses

import click

from bridge import webhook_log, webhooks
from bridge.cli.output import answer, as_json, moment, opened, table
from bridge.cli.receivers import secret_line, tell, time_given
from bridge.errors import Invalid


@click.group()
def webhook() -> None:
    """Outgoing webhooks: your own endpoints, told of every event, signed."""


@webhook.command()
@click.argument("slug")
@click.argument("url", required=False)
@click.option("--url", "named", metavar="URL", help="The same as the argument.")
@click.option("--type", "types", multiple=True, help="Tell of this type only; may be given several times.")
@click.option("--origin", "origins", multiple=True, help="Instead of live and correction; may be given several times.")
@as_json
def add(
    slug: str, url: str | None, named: str | None, types: tuple[str, ...], origins: tuple[str, ...], as_json: bool
) -> None:
    """Add an endpoint; its secret is shown this once.

    The URL is asked for, or read from stdin, when it is left out or -: an address may itself be a secret.
    """
    address = secret_line("URL", url or named)
    with opened() as runtime:
        made = webhooks.add(runtime, slug, address, types or None, origins or None)
    value = {"id": made.endpoint.id, "url": made.endpoint.url, "secret": made.secret.reveal()}
    words = f"Webhook: {made.endpoint.id}\nSecret:  {made.secret.reveal()}  (shown this once)"
    answer(value, as_json, lambda: words)


@webhook.command(name="list")
@click.argument("slug")
@as_json
def list_all(slug: str, as_json: bool) -> None:
    """List a workspace's endpoints with their health."""
    with opened() as runtime:
        found = webhooks.listed(runtime, slug)
    value = [
        dataclasses.asdict(one)
        | {name: moment(getattr(one, name)) for name in ("failing_since", "last_sent_at", "created_at")}
        for one in found
    ]
    rows = [(one.id, one.url, one.status, moment(one.last_sent_at) or "never", one.error or "") for one in found]
    answer(value, as_json, lambda: table(rows, ("ID", "GOES TO", "STATUS", "LAST SENT", "ERROR")))


@webhook.command()
@click.argument("slug")
@click.argument("webhook_id")
@click.option("--limit", default=20, show_default=True, help="How many, the newest first.")
@as_json
def log(slug: str, webhook_id: str, limit: int, as_json: bool) -> None:
    """Show what was sent to an endpoint, and what it answered."""
    with opened() as runtime:
        found = webhook_log.listed(runtime, slug, webhook_id, limit=limit)
    times = ("created_at", "next_try_at", "tried_at", "delivered_at")
    value = [dataclasses.asdict(one) | {name: moment(getattr(one, name)) for name in times} for one in found]
    rows = [
        (
            str(one.id),
            moment(one.created_at) or "",
            one.type,
            one.ticket_id or "",
            one.state,
            str(one.attempts),
            str(one.status or ""),
            one.error or "",
        )
        for one in found
    ]
    headings = ("DELIVERY", "EVENT OF", "TYPE", "TICKET", "STATE", "TRIES", "STATUS", "ERROR")
    answer(value, as_json, lambda: table(rows, headings))


@webhook.command()
@click.argument("slug")
@click.argument("webhook_id")
@click.option("--delivery", type=int, help="One delivery, by its number in `webhook log`.")
@click.option("--since", help="Everything since this time, such as 2026-11-22T10:00:00Z.")
@as_json
def resend(slug: str, webhook_id: str, delivery: int | None, since: str | None, as_json: bool) -> None:
    """Send again what was sent or given up, with the same webhook-id."""
    if (delivery is None) == (since is None):
        raise Invalid("--delivery", "give either --delivery or --since")
    with opened() as runtime:
        if delivery is not None:
            webhook_log.resend(runtime, slug, webhook_id, delivery)
            count = 1
        else:
            count = webhook_log.resend_since(runtime, slug, webhook_id, time_given("--since", since or ""))
    answer({"resent": count}, as_json, lambda: f"{count} will be sent again.")


@webhook.command()
@click.argument("slug")
@click.argument("webhook_id")
@as_json
def rotate(slug: str, webhook_id: str, as_json: bool) -> None:
    """Renew an endpoint's secret; for a day the former one signs too."""
    with opened() as runtime:
        made = webhooks.rotate(runtime, slug, webhook_id)
    value = {"id": webhook_id, "secret": made.secret.reveal()}
    answer(value, as_json, lambda: f"Secret: {made.secret.reveal()}  (shown this once)")


@webhook.command()
@click.argument("slug")
@click.argument("webhook_id")
@as_json
def enable(slug: str, webhook_id: str, as_json: bool) -> None:
    """Send to an endpoint again that answered 410 Gone."""
    with opened() as runtime:
        webhooks.enable(runtime, slug, webhook_id)
    answer({"enabled": webhook_id}, as_json, lambda: f"{webhook_id} is told again; `resend --since` brings the rest.")


@webhook.command()
@click.argument("slug")
@click.argument("webhook_id")
@as_json
def test(slug: str, webhook_id: str, as_json: bool) -> None:
    """Send a signed test now, and show the answer."""
    with opened() as runtime:
        outcome = webhooks.test(runtime, slug, webhook_id)
    tell(outcome, as_json)


@webhook.command()
@click.argument("slug")
@click.argument("webhook_id")
@as_json
def remove(slug: str, webhook_id: str, as_json: bool) -> None:
    """Remove an endpoint; what waits for it is not sent."""
    with opened() as runtime:
        webhooks.remove(runtime, slug, webhook_id)
    answer({"removed": webhook_id}, as_json, lambda: f"{webhook_id} is told nothing more.")
