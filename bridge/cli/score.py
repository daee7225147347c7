"""`moodbridge score`: one text, scored."""

import sys

import click

from bridge.cli.output import answer, as_json, opened
from bridge.model import Verdict
from bridge.scale import label_of, shown
from bridge.workspace_settings import WorkspaceSettings


@click.command()
@click.argument("text", required=False)
@click.option("--workspace", "slug", help="Use this workspace's provider, languages and scale.")
@as_json
def score(text: str | None, slug: str | None, as_json: bool) -> None:
    """Score TEXT (or standard input, with - or nothing). With a workspace's provider this is one call to it."""
    from bridge.scoring.scorers import trusted

    if text is None or text == "-":
        text = sys.stdin.read()
    settings, raw = _scored(text, slug)
    verdict = trusted(raw, settings.confidence_floor)
    label = label_of(settings.buckets, verdict.score)
    value = {
        "score": shown(verdict.score),
        "label": label,
        "confidence": verdict.confidence,
        "indicators": list(verdict.indicators),
        "caveats": list(verdict.caveats),
        "scorer": {
            "provider": verdict.scorer.provider,
            "model": verdict.scorer.model,
            "prompt": verdict.scorer.prompt,
        },
    }
    answer(value, as_json, lambda: "  ".join([label, _number(verdict), *verdict.caveats]))


def _number(verdict: Verdict) -> str:
    return "-" if verdict.score is None else format(verdict.score / 100, "+.2f")


def _scored(text: str, slug: str | None) -> tuple[WorkspaceSettings, Verdict]:
    if slug is None:
        from bridge.scoring.scorers import offline_verdict, reading

        settings = WorkspaceSettings()
        return settings, offline_verdict(reading(text, settings.languages))
    from bridge import providers, workspaces

    with opened() as runtime:
        return workspaces.show(runtime, slug).settings, providers.score(runtime, slug, text)
