"""`moodbridge backfill`, `runs`: scores old tickets now, and shows the runs there were."""

import contextlib
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.output import answer, as_json, moment, opened, table
from bridge.runs import Run

if TYPE_CHECKING:
    from bridge.runtime import Runtime

LOOK_EVERY = 0.5
"""Seconds between two looks at a run."""


@click.command()
@click.argument("slug")
@click.option("--limit", type=int, default=None, help="At most so many tickets; all without it.")
@click.option("--no-wait", is_flag=True, help="Begin it and do not wait for its end.")
@click.option("--cancel", metavar="RUN", default=None, help="End a run: what it has scored stays.")
@as_json
def backfill(slug: str, limit: int | None, no_wait: bool, cancel: str | None, as_json: bool) -> None:
    """Score tickets that have no score yet, the newest first.

    Workers do it, behind whatever customers write meanwhile. Ctrl-C ends the waiting, not the run.
    """
    from bridge import runs

    with opened() as runtime:
        if cancel is not None:
            run = runs.cancel(runtime, slug, cancel)
        else:
            run = runs.begin(runtime, slug, limit)
            if not no_wait:
                run = _wait(runtime, slug, run, quiet=as_json)
    answer(_plain(run), as_json, lambda: _words(run))


@click.command("runs")
@click.argument("slug")
@as_json
def list_runs(slug: str, as_json: bool) -> None:
    """List the workspace's runs over old tickets, the newest first."""
    from bridge import runs

    with opened() as runtime:
        found = runs.listed(runtime, slug)
    answer([_plain(run) for run in found], as_json, lambda: _listed(found))


def _wait(runtime: "Runtime", slug: str, run: Run, quiet: bool) -> Run:
    from bridge import runs

    length = run.limit if run.remaining is None else min(run.limit, run.remaining)
    shown: Any = contextlib.nullcontext() if quiet else click.progressbar(length=max(1, length), label=run.run)
    with shown as bar:
        while run.state == "running":
            if bar is not None:
                bar.length = max(1, min(run.limit, run.found + (run.remaining or 0)))
                bar.update(max(0, run.scored - bar.pos))
            time.sleep(LOOK_EVERY)
            runs.end_finished(runtime)
            run = runs.show(runtime, slug, run.run)
    return run


def _plain(run: Run) -> dict[str, object]:
    return asdict(run) | {"started_at": moment(run.started_at), "ended_at": moment(run.ended_at)}


def _words(run: Run) -> str:
    lines = [f"{run.run}: {run.state}. {run.found} tickets found, {run.scored} scored, {run.written} written."]
    if run.skipped:
        lines.append("Passed over: " + ", ".join(f"{count} {reason}" for reason, count in sorted(run.skipped.items())))
    if run.cached:
        lines.append(f"{run.cached} scores came from the cache.")
    if run.cost_usd:
        lines.append(f"It cost {run.cost_usd:.4f} USD.")
    if run.remaining:
        days = "" if run.days_left is None else f": {run.days_left} days of the daily backfill"
        lines.append(f"{run.remaining} older tickets remain{days}.")
    return "\n".join(lines)


def _listed(found: list[Run]) -> str:
    if not found:
        return "There were no runs yet."
    rows = [
        (run.run, run.kind, run.state, str(run.found), str(run.scored), str(run.written), moment(run.started_at) or "")
        for run in found
    ]
    return table(rows, ("run", "kind", "state", "found", "scored", "written", "began"))
