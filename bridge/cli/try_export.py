"""`moodbridge try`: what scoring would make of an export of old tickets."""

import dataclasses
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge import exports
from bridge.alerts import DEFAULT_RULES, Rule
from bridge.cli.output import answer, as_json, opened, table
from bridge.evaluation import CALLS_AT_ONCE, provider_scorer
from bridge.exports import Columns
from bridge.report import Report
from bridge.report_page import page
from bridge.scale import shown
from bridge.scoring.providers.route import Route
from bridge.trial import Trial, estimated_cents, try_offline, try_provider
from bridge.workspace_settings import WorkspaceSettings

if TYPE_CHECKING:
    from bridge.runtime import Runtime

_SHOWN = 10


@click.command(name="try")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--workspace", "slug", help="Use this workspace's scale, languages and alert rules.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with charts there.")
@click.option("--provider", is_flag=True, help="Ask the workspace's AI provider; the price is said first.")
@click.option("--yes", is_flag=True, help="Do not ask whether that price is right.")
@click.option("--text", metavar="COLUMN", help="The column with the message.")
@click.option("--ticket", metavar="COLUMN", help="The column that says which messages belong together.")
@click.option("--author", metavar="COLUMN", help="The column that says who wrote it: customer or staff.")
@click.option("--time", "written", metavar="COLUMN", help="The column with the time of writing.")
@as_json
def try_file(
    file: Path,
    slug: str | None,
    html: Path | None,
    provider: bool,
    yes: bool,
    text: str | None,
    ticket: str | None,
    author: str | None,
    written: str | None,
    as_json: bool,
) -> None:
    """See what scoring makes of your old tickets: FILE is an export as CSV or JSON lines.

    Nothing is stored or sent, and without --provider nothing leaves this machine. Columns are found by their names;
    those that are not found are asked for.
    """
    if provider and slug is None:
        raise click.UsageError("--provider needs --workspace, whose provider is asked.")
    columns = _columns(file, text, ticket, author, written)
    if slug is None:
        settings = WorkspaceSettings()
        found = _offline(file, columns, settings, DEFAULT_RULES)
    else:
        from bridge import rules, workspaces

        with opened() as runtime:
            settings, own = workspaces.show(runtime, slug).settings, rules.show(runtime, slug)
            if provider:
                found = _by_provider(runtime, slug, file, columns, settings, own, yes)
            else:
                found = _offline(file, columns, settings, own)
    if html is not None:
        html.write_text(page(found.report, settings.buckets, file.name), "utf-8")
        click.echo(f"The page is in {html}", err=True)
    answer(value_of(found), as_json, lambda: words_of(found))


def _columns(file: Path, text: str | None, ticket: str | None, author: str | None, written: str | None) -> Columns:
    names = exports.headings(file)
    given = {exports.TEXT: text, exports.TICKET: ticket, exports.AUTHOR: author, exports.TIME: written}
    for what, name in given.items():
        if name is not None and name not in names:
            raise click.BadParameter(f"there is no column {name!r}; there are {', '.join(names)}", param_hint=what)
    found = {what: name or exports.guessed(names, what) for what, name in given.items()}
    if found[exports.TEXT] is None or (found[exports.TICKET] is None and sys.stdin.isatty()):
        for what in (exports.TEXT, exports.TICKET):
            found[what] = found[what] or _ask(names, what)
    message = found[exports.TEXT]
    if message is None:
        raise click.UsageError(f"Which column holds the message? Say --text with one of: {', '.join(names)}")
    columns = Columns(message, found[exports.TICKET], found[exports.AUTHOR], found[exports.TIME])
    told = ", ".join(f"{what} = {name or 'none'}" for what, name in found.items())
    click.echo(f"Columns: {told}", err=True)
    return columns


def _ask(names: Sequence[str], what: str) -> str | None:
    if not sys.stdin.isatty():
        return None
    offered = [*names, *(() if what == exports.TEXT else ("none",))]
    chosen: str = click.prompt(f"Which column is the {what}?", type=click.Choice(offered))
    return None if chosen == "none" else chosen


def _offline(file: Path, columns: Columns, settings: WorkspaceSettings, rules: Sequence[Rule]) -> Trial:
    return _with_bar(file, columns, lambda told, seen: try_offline(told, settings, rules, seen))


def _by_provider(
    runtime: "Runtime",
    slug: str,
    file: Path,
    columns: Columns,
    settings: WorkspaceSettings,
    rules: Sequence[Rule],
    yes: bool,
) -> Trial:
    from bridge import providers

    way = providers.way_of(runtime, slug)
    if way is None:
        raise click.UsageError(f"{slug} has no provider: `moodbridge provider set` gives it one.")
    count, cents = estimated_cents(exports.told(file, columns), way, time.time())
    click.echo(_price(count, cents, way), err=True)
    if not yes:
        click.confirm("Send these messages to the provider?", abort=True, err=True)
    with providers.metered(runtime, slug) as spent:
        scorer = provider_scorer(runtime.http, way)
        at_once = min(CALLS_AT_ONCE, settings.in_flight or CALLS_AT_ONCE)

        def asked(read: Any) -> Any:
            verdict, cost = scorer(read)
            spent(cost)
            return verdict, cost

        return _with_bar(file, columns, lambda told, seen: try_provider(told, settings, rules, seen, asked, at_once))


def _price(count: int, cents: float | None, way: Route) -> str:
    price = "an amount that is not known, as its price is not in our table" if cents is None else f"${cents / 100:.2f}"
    return f"{count} messages to {way.profile.title}, model {way.model}: about {price}."


def _with_bar(file: Path, columns: Columns, work: Callable[[Any, Callable[[int], None]], Trial]) -> Trial:
    """The bar moves by what was read of the file, whose number of rows nobody knows before."""
    total = exports.size(file)
    read = 0

    def counted() -> Any:
        nonlocal read
        for one in exports.told(file, columns):
            read += len(one.text.encode("utf-8", "replace")) + _BESIDE
            yield one

    with click.progressbar(length=total, label="Scoring", file=sys.stderr, update_min_steps=total // 200 + 1) as bar:
        shown_so_far = 0

        def seen(_count: int) -> None:
            nonlocal shown_so_far
            reached = min(read, total)
            bar.update(reached - shown_so_far)
            shown_so_far = reached

        found = work(counted(), seen)
        bar.update(total - shown_so_far)
    return found


_BESIDE = 40
"""Bytes of a row beside its text, roughly."""


def value_of(found: Trial) -> dict[str, object]:
    """The figures as JSON shows them."""
    report = found.report
    value = dataclasses.asdict(report)
    value["average"] = shown(report.average)
    value["worst"] = [{**dataclasses.asdict(one), "score": shown(one.score)} for one in report.worst]
    value["declining"] = [
        {**dataclasses.asdict(one), "direction": one.direction / 100, "current_avg": shown(one.current_avg)}
        for one in report.declining
    ]
    value["by_day"] = [
        {**dataclasses.asdict(day), "day": day.day.isoformat(), "average": shown(day.average)} for day in report.by_day
    ]
    cost = None if found.spent.unpriced else found.spent.cost / 1e6
    return {**value, "staff": found.staff, "failed": found.failed, "cost_usd": cost}


def words_of(found: Trial) -> str:
    """The figures in words, with the worst tickets."""
    report = found.report
    whole = max(report.messages, 1)
    rows = [(label, str(count), f"{count / whole:.1%}") for label, count in report.by_label.items()]
    lines = [
        f"{report.messages} messages of customers on {report.tickets} tickets, average {_score(report.average)}"
        + (f"; {found.staff} of staff left out" if found.staff else "")
        + (f"; {found.failed} without an answer of the provider" if found.failed else ""),
        table(rows, ("LABEL", "MESSAGES", "SHARE")),
        _alerts(report),
    ]
    if report.worst:
        worst = [
            (one.ticket, _score(one.score), one.label, " | ".join(map(_line, one.indicators))) for one in report.worst
        ]
        lines.append(table(worst[:_SHOWN], ("WORST TICKETS", "SCORE", "LABEL", "BECAUSE OF")))
    if report.declining:
        falling = [
            (one.ticket, str(one.scores), f"{one.direction / 100:+.2f}", _score(one.current_avg))
            for one in report.declining
        ]
        heading = (f"DECLINING ({report.declining_tickets})", "SCORES", "DIRECTION", "NOW")
        lines.append(table(falling[:_SHOWN], heading))
    if report.caveats:
        lines.append(table([(name, str(count)) for name, count in report.caveats.items()][:_SHOWN], ("CAVEAT", "")))
    return "\n\n".join(lines)


def _alerts(report: Report) -> str:
    by = ", ".join(f"{name} {count}" for name, count in report.alerts_by_rule.items())
    if report.alerts_a_day is None:
        return f"These rules would have raised {report.alerts} alerts ({by}); the rows have no times to tell of a day."
    return (
        f"These rules would have raised {report.alerts_a_day:.1f} alerts a day: {report.alerts} in"
        f" {report.days:.0f} days ({by})."
    )


def _line(piece: str) -> str:
    return " ".join(piece.split())


def _score(value: int | None) -> str:
    return "-" if value is None else f"{value / 100:+.2f}"
