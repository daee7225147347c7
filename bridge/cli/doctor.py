"""`moodbridge doctor`: checks, each with its remedy."""

import sys

import click

from bridge import doctor as checks
from bridge.cli.output import answer, as_json, opened


@click.command()
@click.argument("slug", required=False)
@as_json
def doctor(slug: str | None, as_json: bool) -> None:
    """Check this installation, and a workspace when one is named."""
    with opened() as runtime:
        found = checks.check(runtime, slug)
    answer(found, as_json, lambda: "\n".join(_line(one) for one in found))
    if not all(one.ok for one in found):
        sys.exit(1)


def _line(one: checks.Check) -> str:
    return f"{'ok  ' if one.ok else 'BAD '} {one.check}: {one.advice}"
