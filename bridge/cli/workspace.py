"""`moodbridge workspace`: add, list, show, set, delete."""

import click

from bridge import workspaces
from bridge.cli.output import answer, as_json, opened, table
from bridge.errors import Invalid
from bridge.workspace_settings import public


@click.group()
def workspace() -> None:
    """Workspaces: one for each team, with its own helpdesks, keys and data."""


@workspace.command()
@click.argument("slug")
@click.option("--name", help="How people read it; the slug when left out.")
@as_json
def add(slug: str, name: str | None, as_json: bool) -> None:
    """Make a workspace."""
    with opened() as runtime:
        made = workspaces.add(runtime, slug, name)
    answer({"workspace": made.slug}, as_json, lambda: f"Workspace {made.slug} is there and on.")


@workspace.command(name="list")
@as_json
def list_all(as_json: bool) -> None:
    """List all workspaces."""
    with opened() as runtime:
        found = workspaces.listed(runtime)
    value = [{"workspace": one.slug, "name": one.name, "enabled": one.settings.enabled} for one in found]
    rows = [(one.slug, one.name, "on" if one.settings.enabled else "off") for one in found]
    answer(value, as_json, lambda: table(rows, ("WORKSPACE", "NAME", "STATE")))


@workspace.command()
@click.argument("slug")
@as_json
def show(slug: str, as_json: bool) -> None:
    """Show a workspace's settings."""
    with opened() as runtime:
        found = workspaces.show(runtime, slug)
    settings = public(found.settings)
    value = {"workspace": found.slug, "name": found.name, **settings}
    rows = [(key, _shown(setting)) for key, setting in settings.items()]
    answer(value, as_json, lambda: table(rows, ("SETTING", "VALUE")))


@workspace.command(name="set")
@click.argument("slug")
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE...")
@as_json
def set_values(slug: str, pairs: tuple[str, ...], as_json: bool) -> None:
    """Change settings, such as enabled=off or scale=five."""
    values: dict[str, str] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign:
            raise Invalid(key, "write KEY=VALUE")
        values[key] = value
    with opened() as runtime:
        changed = workspaces.set(runtime, slug, values)
    settings = public(changed.settings)
    value_shown = {"workspace": changed.slug, **settings}
    answer(value_shown, as_json, lambda: "\n".join(f"{key} = {_shown(settings[key])}" for key in values))


@workspace.command()
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def delete(slug: str, yes: bool, as_json: bool) -> None:
    """Delete a workspace with all its data here; labels in the helpdesk stay."""
    if not yes:
        click.confirm(f"Delete workspace {slug} with all its scores, keys and history?", abort=True, err=True)
    with opened() as runtime:
        removed = workspaces.delete(runtime, slug)
    answer(
        {"workspace": slug, "removed": removed},
        as_json,
        lambda: f"Workspace {slug} is gone: " + ", ".join(f"{count} {what}" for what, count in removed.items()),
    )


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "none" if value is None else str(value)
