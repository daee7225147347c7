"""`moodbridge undo`: puts back what helpdesks showed before a run."""

from dataclasses import asdict

import click

from bridge.cli.output import answer, as_json, opened


@click.command()
@click.argument("run")
@as_json
def undo(run: str, as_json: bool) -> None:
    """Put back what helpdesks showed before a run.

    What a person or a later write changed since is left alone. Called again, it goes on where it ended.
    """
    from bridge import undo as undoing

    with opened() as runtime:
        done = undoing.undo(runtime, run)
    left = ", ".join(f"{count} {reason}" for reason, count in sorted(done.skipped.items()))
    answer(
        asdict(done), as_json, lambda: f"Put back {done.put_back} tickets." + (f" Left alone: {left}." if left else "")
    )
