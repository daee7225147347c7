"""`moodbridge retry`: revives dead letters."""

import click

from bridge import dead_letters
from bridge.cli.output import answer, as_json, opened


@click.command()
@click.argument("slug")
@as_json
def retry(slug: str, as_json: bool) -> None:
    """Try everything again that was given up on in a workspace."""
    with opened() as runtime:
        revived = dead_letters.retry(runtime, slug)
    total = sum(revived.values())
    answer(
        {"revived": revived},
        as_json,
        lambda: (
            f"{total} tried again: " + ", ".join(f"{count} {what}" for what, count in revived.items())
            if total
            else "There is nothing to try again."
        ),
    )
