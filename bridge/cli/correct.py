"""`moodbridge correct`: a person's label."""

import click

from bridge import corrections
from bridge.cli.output import answer, as_json, opened
from bridge.scale import shown


@click.command()
@click.argument("slug")
@click.argument("connection")
@click.argument("ticket")
@click.argument("message")
@click.argument("label")
@as_json
def correct(slug: str, connection: str, ticket: str, message: str, label: str, as_json: bool) -> None:
    """Give a scored message the label that it should have had; no scorer changes it again."""
    with opened() as runtime:
        done = corrections.correct(runtime, slug, connection, ticket, message, label, by="command line")
    value = {"message_id": done.message_id, "label": done.label, "score": shown(done.score)}
    answer(value, as_json, lambda: f"Message {done.message_id} counts as {done.label} now; the helpdesk follows.")
