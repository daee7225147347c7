"""`moodbridge connect`, `connections`, `disconnect`."""

import dataclasses
import os
import sys

import click

from bridge import connections as bridge_connections
from bridge.cli.output import answer, as_json, moment, opened, table
from bridge.connector import Connector
from bridge.errors import Invalid


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("kind")
@click.option("--workspace", "slug", required=True, help="The workspace that the helpdesk belongs to.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--prefix", help="What tags and fields begin with, instead of sentiment.")
@click.option("--rotate", is_flag=True, help="Renew the secret that webhooks are signed with.")
@as_json
@click.pass_context
def connect(
    context: click.Context, kind: str, slug: str, dry_run: bool, prefix: str | None, rotate: bool, as_json: bool
) -> None:
    """Connect a helpdesk: checks the sign-in, installs what it needs, prints the hook URL.

    Each kind has options of its own, such as --url; `moodbridge connect KIND --workspace SLUG` names those
    that are missing. A secret one is asked for, or read by --NAME-stdin or --NAME-env VARIABLE, never from
    the command line.
    """
    with opened() as runtime:
        connector = bridge_connections.connector_of(runtime, kind)
        options = _options(connector, context.args)
        made = bridge_connections.connect(runtime, slug, kind, options, prefix=prefix, dry_run=dry_run, rotate=rotate)
    answer(dataclasses.asdict(made), as_json, lambda: _words(made))


def _words(made: bridge_connections.Connected) -> str:
    steps = made.installed or ("All is there already: nothing to do.",)
    lines = [*steps, f"Connection: {made.connection}", f"Hook URL:   {made.hook_url}"]
    if made.secret:
        lines.append(f"Secret:     {made.secret}  (shown this once)")
    return "\n".join(lines)


def _options(connector: Connector, arguments: list[str]) -> dict[str, str]:
    """The connector's own options: plain ones from `--name value`, secret ones from a prompt, stdin or a variable."""
    given = _pairs(arguments)
    options: dict[str, str] = {}
    for option in connector.options:
        if option.secret:
            if option.name in given:
                raise Invalid(option.name, f"is secret: use --{option.name}-stdin or --{option.name}-env VARIABLE")
            value = _secret(option.name, option.required, given)
        else:
            value = given.pop(option.name, None)
        if value:
            options[option.name] = value
    if given:
        known = ", ".join(f"--{option.name}" for option in connector.options) or "none"
        raise Invalid(f"--{min(given)}", f"{connector.kind} has no such option; it has {known}")
    return options


def _secret(name: str, required: bool, given: dict[str, str | None]) -> str | None:
    if f"{name}-stdin" in given:
        del given[f"{name}-stdin"]
        return sys.stdin.readline().strip()
    if f"{name}-env" in given:
        variable = given.pop(f"{name}-env") or ""
        value = os.environ.get(variable)
        if not value:
            raise Invalid(f"--{name}-env", f"the variable {variable} is not set")
        return value
    if required and sys.stdin.isatty():
        prompted: str = click.prompt(name, hide_input=True, err=True)
        return prompted
    return None


def _pairs(arguments: list[str]) -> dict[str, str | None]:
    given: dict[str, str | None] = {}
    words = list(arguments)
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            raise Invalid(word, "options begin with --")
        name, sign, value = word[2:].partition("=")
        if sign:
            given[name] = value
        elif words and not words[0].startswith("--"):
            given[name] = words.pop(0)
        else:
            given[name] = None
    return given


@click.command()
@click.argument("slug")
@as_json
def connections(slug: str, as_json: bool) -> None:
    """List a workspace's helpdesks with their health."""
    with opened() as runtime:
        found = bridge_connections.listed(runtime, slug)
    value = [
        {
            "connection": one.id,
            "kind": one.kind,
            "status": one.status,
            "last_event_at": moment(one.last_event_at),
            "last_write_at": moment(one.last_write_at),
            "error": one.error,
        }
        for one in found
    ]
    rows = [
        (
            one.id,
            one.status,
            moment(one.last_event_at) or "never",
            moment(one.last_write_at) or "never",
            one.error or "",
        )
        for one in found
    ]
    answer(value, as_json, lambda: table(rows, ("CONNECTION", "STATUS", "LAST EVENT", "LAST WRITE", "ERROR")))


@click.command()
@click.argument("connection")
@as_json
def disconnect(connection: str, as_json: bool) -> None:
    """Take back what `connect` installed, but keep fields and history."""
    with opened() as runtime:
        steps = bridge_connections.disconnect(runtime, connection)
    answer({"connection": connection, "done": list(steps)}, as_json, lambda: "\n".join(steps))
