"""`moodbridge provider`, `usage` and `cache`: a workspace's AI provider, what it costs, and what is kept of it."""

import dataclasses
import os
import sys

import click

from bridge import providers
from bridge.cli.output import answer, as_json, moment, opened, table
from bridge.errors import Invalid
from bridge.providers import OFFLINE, ProviderShown, UsageShown
from bridge.scoring.providers.profiles import NAMES
from bridge.vault import Secret


@click.group()
def provider() -> None:
    """The AI provider that scores a workspace's messages."""


@provider.command(name="set")
@click.argument("slug")
@click.option("--provider", "name", required=True, type=click.Choice([*NAMES, OFFLINE]), help="Whom to ask.")
@click.option("--model", help="The provider's default when left out.")
@click.option("--base-url", help="Another address than the provider's own.")
@click.option("--key-stdin", is_flag=True, help="Read the key from standard input.")
@click.option("--key-env", metavar="NAME", help="Read the key from this environment variable.")
@as_json
def set_provider(
    slug: str, name: str, model: str | None, base_url: str | None, key_stdin: bool, key_env: str | None, as_json: bool
) -> None:
    """Set a workspace's provider; calls nobody. The key is asked for, or read from stdin or a variable."""
    key = None if name == OFFLINE else _key(key_stdin, key_env)
    with opened() as runtime:
        found = providers.set(runtime, slug, name, key, model, base_url)
    answer(_value(found), as_json, lambda: _words(found, f"\nTry it: moodbridge provider test {slug}"))


def _key(from_stdin: bool, variable: str | None) -> Secret | None:
    if from_stdin:
        given = sys.stdin.readline().strip()
    elif variable is not None:
        given = os.environ.get(variable, "").strip()
        if not given:
            raise Invalid("--key-env", f"the variable {variable} is not set")
    elif sys.stdin.isatty():
        given = click.prompt(
            "Key (empty: the one that is there, or none)", "", hide_input=True, show_default=False, err=True
        )
    else:
        given = ""
    return Secret(given) if given else None


@provider.command()
@click.argument("slug")
@as_json
def show(slug: str, as_json: bool) -> None:
    """Show a workspace's provider, its key masked."""
    with opened() as runtime:
        found = providers.shown(runtime, slug)
    answer(_value(found), as_json, lambda: _words(found))


@provider.command()
@click.argument("slug")
@as_json
def test(slug: str, as_json: bool) -> None:
    """Make one real call; say what is wrong in words. One that works starts a stopped provider again."""
    with opened() as runtime:
        told = providers.test(runtime, slug)
    said = f"\nIt says: {told.said}" if told.said else ""
    answer(dataclasses.asdict(told), as_json, lambda: told.words + said)
    if not told.ok:
        sys.exit(1)


def _value(found: ProviderShown) -> dict[str, object]:
    return dataclasses.asdict(found) | {"problem_at": moment(found.problem_at)}


def _words(found: ProviderShown, more: str = "") -> str:
    if found.provider == OFFLINE:
        return "Messages are scored by the embedded scorer, on this machine."
    rows = [("provider", found.provider), ("model", found.model or ""), ("address", found.base_url or "")]
    rows += [("key", found.key or "none"), ("state", found.state)]
    if found.requests_per_minute is not None:
        rows.append(("calls a minute", str(found.requests_per_minute)))
    if not found.price_known:
        rows.append(("price", "not in our table: what calls cost is not known, and no budget holds"))
    if found.problem is not None:
        rows.append(("problem", f"{found.problem} ({moment(found.problem_at)})"))
    lines = [f"{name:<14}  {value}" for name, value in rows]
    return "\n".join([*lines, *([found.notice] if found.notice else [])]) + more


@click.command()
@click.argument("slug")
@click.option("--month", metavar="YYYY-MM", help="Another month (UTC) than the present one.")
@as_json
def usage(slug: str, month: str | None, as_json: bool) -> None:
    """Show what a month's scoring cost a workspace."""
    with opened() as runtime:
        found = providers.usage(runtime, slug, month)
    answer(found.public(), as_json, lambda: _usage_words(found))


def _usage_words(found: UsageShown) -> str:
    total = found.total
    budget = "" if found.budget_usd is None else f" of ${found.budget_usd:g}"
    lines = [
        f"{found.month}: ${found.cost_usd:.4f}{budget} for {total.calls} calls ({total.failed} failed);"
        f" {total.cached} messages from the cache, {total.offline} scored offline instead",
    ]
    if total.unpriced:
        lines.append(f"{total.unpriced} calls cost an unknown amount: the model's price is not in our table")
    lines += [f"{share} % of the budget was reached at {moment(at)}" for share, at in found.reached.items()]
    rows = [(day, f"{one.cost / 1e6:.4f}", *map(str, (one.calls, one.cached, one.offline))) for day, one in found.days]
    return "\n".join([*lines, *([table(rows, ("DAY", "$", "CALLS", "CACHED", "OFFLINE"))] if rows else [])])


@click.group()
def cache() -> None:
    """What is kept of the provider's answers."""


@cache.command()
@click.argument("slug")
@as_json
def clear(slug: str, as_json: bool) -> None:
    """Forget what a workspace's provider said of texts; scores of messages stay."""
    with opened() as runtime:
        count = providers.clear_cache(runtime, slug)
    answer({"forgotten": count}, as_json, lambda: f"{count} texts forgotten.")
