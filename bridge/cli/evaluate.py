"""`moodbridge eval`: labelled texts through a scorer, and two scorers side by side."""

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from bridge.cli.output import answer, as_json, opened, table
from bridge.errors import Invalid
from bridge.evaluation import (
    CALLS_AT_ONCE,
    Asked,
    Evaluation,
    Row,
    Scored,
    evaluate,
    offline_scorer,
    provider_scorer,
    rows_of,
)
from bridge.http import Http, Policy
from bridge.providers import OFFLINE
from bridge.scale import shown
from bridge.scoring.providers.route import route
from bridge.settings import load
from bridge.store.usage import Usage
from bridge.vault import Secret
from bridge.workspace_settings import WorkspaceSettings

SHOWN = 20
"""Rows on which two scorers differ that are printed; `--json` has all."""


@click.command(name="eval")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--workspace", "slug", help="Ask this workspace's provider; its calls count in its usage.")
@click.option("--against", metavar="NAME", help="Another scorer beside it: offline, or a provider.")
@click.option("--against-model", help="Its model.")
@click.option("--against-base-url", help="Its address.")
@click.option("--against-key-env", metavar="NAME", help="The environment variable with its key.")
@as_json
def evaluate_file(
    file: Path,
    slug: str | None,
    against: str | None,
    against_model: str | None,
    against_base_url: str | None,
    against_key_env: str | None,
    as_json: bool,
) -> None:
    """See what scoring is worth on texts of your own.

    FILE has one {"text": ..., "label": ...} a line. Without --workspace the embedded scorer is asked.
    """
    second = None
    if against is not None:
        second = _against(against, against_model, against_base_url, against_key_env)
    if slug is None:
        settings = WorkspaceSettings()
        rows = rows_of(file, settings.buckets)
        first = evaluate(OFFLINE, rows, offline_scorer(), settings)
    else:
        settings, rows, first = _of_workspace(file, slug)
    other = None
    if against is not None and second is not None:
        other = evaluate(against, rows, second, settings, 1 if against == OFFLINE else CALLS_AT_ONCE)
    value = _value(first)
    if other is not None:
        value |= {"against": _value(other), "differ": [_difference(*each) for each in _differ(rows, first, other)]}
    answer(value, as_json, lambda: _words(rows, first, other))


def _against(name: str, model: str | None, base_url: str | None, key_env: str | None) -> Asked:
    if name == OFFLINE:
        return offline_scorer()
    key = os.environ.get(key_env) if key_env else None
    if key_env and not key:
        raise Invalid("--against-key-env", f"the variable {key_env} is not set")
    settings = load(os.environ)
    http = Http(Policy(allow_private=settings.allow_private_hosts, allow_hosts=settings.allow_hosts))
    return provider_scorer(http, route(name, Secret(key) if key else None, model, base_url))


def _of_workspace(file: Path, slug: str) -> tuple[WorkspaceSettings, list[Row], Evaluation]:
    from bridge import providers, workspaces

    with opened() as runtime:
        settings = workspaces.show(runtime, slug).settings
        rows = rows_of(file, settings.buckets)
        way = providers.way_of(runtime, slug)
        if way is None:
            return settings, rows, evaluate(OFFLINE, rows, offline_scorer(), settings)
        with providers.metered(runtime, slug) as seen:
            asked = provider_scorer(runtime.http, way)
            at_once = min(CALLS_AT_ONCE, settings.in_flight or CALLS_AT_ONCE)
            found = evaluate(f"{way.profile.name} {way.model}", rows, asked, settings, at_once, seen)
    return settings, rows, found


def _value(one: Evaluation) -> dict[str, object]:
    figures = {name: round(v, 4) if isinstance(v, float) else v for name, v in asdict(one.figures).items()}
    figures["recall"] = {label: round(share, 4) for label, share in one.figures.recall.items()}
    return {
        "scorer": one.name,
        **figures,
        "failed": one.failed,
        "cost_usd": None if one.spent.unpriced else one.spent.cost / 1e6,
        "messages_per_second": round(len(one.scored) / one.seconds, 1),
    }


def _differ(rows: Sequence[Row], first: Evaluation, other: Evaluation) -> list[tuple[Row, Scored, Scored]]:
    found = zip(rows, first.scored, other.scored, strict=True)
    return [(row, one, two) for row, one, two in found if one and two and one.guessed != two.guessed]


def _difference(row: Row, one: Scored, two: Scored) -> dict[str, object]:
    told = {name: {"label": by.guessed, "score": shown(by.score)} for name, by in (("first", one), ("second", two))}
    return {"text": row.text, "label": row.label, **told}


def _words(rows: Sequence[Row], first: Evaluation, other: Evaluation | None) -> str:
    found = [first] if other is None else [first, other]
    lines = [table([(name, *values) for name, *values in _table(found)], ("", *(one.name for one in found)))]
    for one in found:
        lines.append(f"\nConfusion, {one.name} (a row: the label by people)\n{_confusion(one)}")
    if other is not None:
        differ = _differ(rows, first, other)
        lines.append(f"\nThey differ on {len(differ)} of {len(rows)} texts; the first {min(SHOWN, len(differ))}:")
        lines += [f"  {_line(*each)}" for each in differ[:SHOWN]]
    return "\n".join(lines)


def _table(found: Sequence[Evaluation]) -> list[tuple[str, ...]]:
    def each(name: str, *values: float | None) -> tuple[str, ...]:
        return (name, *("-" if value is None else f"{value:.3f}" for value in values))

    figures = [one.figures for one in found]
    recalled = [label for label in ("negative", "urgent") if any(label in one.recall for one in figures)]
    return [
        ("texts", *(str(one.rows) for one in figures)),
        each("macro-F1", *(one.macro_f1 for one in figures)),
        each("MCC", *(one.mcc for one in figures)),
        each("accuracy", *(one.accuracy for one in figures)),
        each("AUC negative", *(one.auc_negative for one in figures)),
        *(each(f"recall of {label}", *(one.recall.get(label) for one in figures)) for label in recalled),
        each("share of neutral", *(one.share_neutral for one in figures)),
        each("shown as unknown", *(one.abstained for one in figures)),
        each("macro-F1 of the rest", *(one.f1_answered for one in figures)),
        ("without a score", *(str(one.failed) for one in found)),
        ("cost", *(_cost(one.spent) for one in found)),
        ("texts a second", *(f"{len(one.scored) / one.seconds:.1f}" for one in found)),
    ]


def _cost(spent: Usage) -> str:
    return "not known" if spent.unpriced else f"${spent.cost / 1e6:.4f}"


def _confusion(one: Evaluation) -> str:
    guessed = sorted({label for counts in one.figures.confusion.values() for label in counts})
    rows = [(label, *(str(counts.get(each, 0)) for each in guessed)) for label, counts in one.figures.confusion.items()]
    return table(rows, ("", *guessed))


def _line(row: Row, one: Scored, two: Scored) -> str:
    return f"{row.label}: {one.guessed} / {two.guessed}  {' '.join(row.text.split())[:80]}"
