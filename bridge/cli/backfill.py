"""`moodbridge backfill`, `runs`: scores old tickets now, and shows the runs there were."""

import contextlib
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.output import answer, as_json, moment, opened, table
from bridge.cli.try_export import value_of, words_of
from bridge.evaluation import CALLS_AT_ONCE, provider_scorer
from bridge.runs import Run
from bridge.trial import Trial, try_offline, try_provider

if TYPE_CHECKING:
    from bridge.runtime import Runtime

DRY_LIMIT = 200
"""Tickets that a dry run reads unless told otherwise."""
LOOK_EVERY = 0.5
"""Seconds between two looks at a run."""


@click.command()
@click.argument("slug")
@click.option("--limit", type=int, default=None, help="At most so many tickets; all without it.")
@click.option("--dry-run", is_flag=True, help="Read and score up to --limit tickets (200), and write nothing anywhere.")
@click.option("--no-wait", is_flag=True, help="Begin it and do not wait for its end.")
@click.option("--cancel", metavar="RUN", default=None, help="End a run: what it has scored stays.")
@as_json
def backfill(slug: str, limit: int | None, dry_run: bool, no_wait: bool, cancel: str | None, as_json: bool) -> None:
    """Score tickets that have no score yet, the newest first.

    Workers do it, behind whatever customers write meanwhile. Ctrl-C ends the waiting, not the run.
    """
    from bridge import runs

    with opened() as runtime:
        if dry_run:
            tried = _try(runtime, slug, DRY_LIMIT if limit is None else limit)
            answer(value_of(tried), as_json, lambda: words_of(tried))
            return
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


def _try(runtime: "Runtime", slug: str, limit: int) -> Trial:
    from bridge import dry_run, providers, rules, workspaces

    settings, own = workspaces.show(runtime, slug).settings, rules.show(runtime, slug)
    told = dry_run.unscored(runtime, slug, limit)
    way = providers.way_of(runtime, slug)
    if way is None:
        return try_offline(told, settings, own, _unseen)
    with providers.metered(runtime, slug) as spent:
        scorer = provider_scorer(runtime.http, way)

        def asked(read: Any) -> Any:
            verdict, cost = scorer(read)
            spent(cost)
            return verdict, cost

        return try_provider(told, settings, own, _unseen, asked, settings.in_flight or CALLS_AT_ONCE)


def _unseen(_count: int) -> None:
    """No bar: how many messages there are is not known before."""


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
