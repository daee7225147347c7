"""`moodbridge score`: one text, scored."""

import sys

import click

from bridge.cli.output import answer, as_json, opened
from bridge.scale import label_of, shown
from bridge.workspace_settings import WorkspaceSettings


@click.command()
@click.argument("text", required=False)
@click.option("--workspace", "slug", help="Use this workspace's scorer and scale.")
@as_json
def score(text: str | None, slug: str | None, as_json: bool) -> None:
    """Score TEXT (or standard input, with - or nothing)."""
    from bridge.scoring.scorers import scorer_of, trusted

    if text is None or text == "-":
        text = sys.stdin.read()
    settings = _settings(slug)
    verdict = trusted(scorer_of(settings)(text), settings.confidence_floor)
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
    answer(value, as_json, lambda: f"{label}  {'-' if verdict.score is None else format(verdict.score / 100, '+.2f')}")


def _settings(slug: str | None) -> WorkspaceSettings:
    if slug is None:
        return WorkspaceSettings()
    from bridge import workspaces

    with opened() as runtime:
        return workspaces.show(runtime, slug).settings
