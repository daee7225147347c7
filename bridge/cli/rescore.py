"""`moodbridge rescore`: scores anew what was scored offline while the provider was away."""

import re
import time
from dataclasses import asdict

import click

from bridge.cli.output import answer, as_json, opened
from bridge.errors import Invalid
from bridge.rescore import Rescore
from bridge.rescore import rescore as ask_again

_DAY = 86_400


@click.command()
@click.argument("slug")
@click.option("--since", default=None, metavar="30d", help="Only messages written in so many days.")
@as_json
def rescore(slug: str, since: str | None, as_json: bool) -> None:
    """Score anew what the embedded scorer scored while the provider was away.

    Texts are not kept, so they are read again from the helpdesk; labels follow as they arrive.
    """
    begin = 0.0 if since is None else time.time() - _days(since) * _DAY
    with opened() as runtime:
        found = ask_again(runtime, slug, begin)
    answer(asdict(found), as_json, lambda: _words(found))


def _days(text: str) -> int:
    if re.fullmatch(r"[0-9]{1,4}d", text) is None:
        raise Invalid("--since", "give days, such as 30d")
    return int(text[:-1])


def _words(found: Rescore) -> str:
    kept = f"; {found.no_source} keep theirs, as their helpdesk cannot be read again" if found.no_source else ""
    return f"{found.messages} messages on {found.tickets} tickets are read and scored again{kept}."
