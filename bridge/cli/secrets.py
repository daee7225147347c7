"""`moodbridge secrets`: renewing the key that secrets are stored with."""

import click

from bridge import rekey
from bridge.cli.output import answer, as_json, opened


@click.group()
def secrets() -> None:
    """The key that secrets and waiting texts are stored with."""


@secrets.command()
@as_json
def rotate(as_json: bool) -> None:
    """Encrypt everything anew with the first key of MOODBRIDGE_SECRET_KEY."""
    with opened() as runtime:
        counts = rekey.rotate(runtime)
    answer(
        {"reencrypted": counts},
        as_json,
        lambda: (
            "Encrypted anew: "
            + ", ".join(f"{count} {what}" for what, count in counts.items())
            + ". The older keys are no longer needed."
        ),
    )
