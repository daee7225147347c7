"""`moodbridge forget`: removes a ticket, or all that one author wrote."""

from dataclasses import asdict

import click

from bridge.cli.output import answer, as_json, opened
from bridge.errors import Invalid


@click.command()
@click.argument("slug")
@click.option("--ticket", default=None, help="The ticket's id in its helpdesk.")
@click.option("--connection", default=None, help="With --ticket: of this connection alone.")
@click.option("--author", default=None, help="The author's id in the helpdesk.")
@as_json
def forget(slug: str, ticket: str | None, connection: str | None, author: str | None, as_json: bool) -> None:
    """Remove a ticket, or all that one author wrote, with scores and events.

    The helpdesk keeps what it has: delete it there too, or a later read brings it back.
    """
    from bridge import forgetting

    if (ticket is None) == (author is None):
        raise Invalid("--ticket", "give either --ticket or --author")
    with opened() as runtime:
        if ticket is not None:
            removed = forgetting.forget_ticket(runtime, slug, ticket, connection)
        else:
            removed = forgetting.forget_author(runtime, slug, author or "")
    answer(
        asdict(removed),
        as_json,
        lambda: (
            f"Removed {removed.messages} messages on {removed.tickets} tickets,"
            f" and {removed.cached_scores} cached scores."
        ),
    )
