"""`moodbridge db`: migrations and backup."""

import os
from pathlib import Path

import click

from bridge.cli.output import answer, as_json, opened
from bridge.settings import load, masked_url


@click.group()
def db() -> None:
    """The database."""


@db.command()
@as_json
def upgrade(as_json: bool) -> None:
    """Bring the schema up to date."""
    from bridge.runtime import upgrade_schema

    settings = load(os.environ)
    applied = upgrade_schema(settings)
    where = masked_url(settings.database_url)
    answer(
        {"applied": applied},
        as_json,
        lambda: f"{where}: " + (f"applied {', '.join(applied)}." if applied else "up to date."),
    )


@db.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@as_json
def backup(file: Path, as_json: bool) -> None:
    """Copy the SQLite database into FILE while everything runs. The secret key is not in it."""
    with opened() as runtime:
        runtime.database.backup(file)
    answer(
        {"file": str(file)},
        as_json,
        lambda: f"Copied to {file}. It holds no secret key: keep a copy of that elsewhere.",
    )
