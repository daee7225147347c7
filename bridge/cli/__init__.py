"""The command line: `moodbridge`."""

import importlib
import sys

import click

from bridge.errors import BridgeError, Invalid

COMMANDS = {
    "up": "run",
    "web": "run",
    "worker": "run",
    "scheduler": "run",
    "demo": "demo",
    "db": "database",
    "workspace": "workspace",
    "provider": "provider",
    "usage": "provider",
    "cache": "provider",
    "connect": "connect",
    "connections": "connect",
    "disconnect": "connect",
    "ticket": "ticket",
    "correct": "correct",
    "alert": "alert",
    "webhook": "webhook",
    "score": "score",
    "extract": "extract",
    "try": "try_export",
    "eval": "evaluate",
    "stats": "stats",
    "token": "token",
    "user": "user",
    "retry": "retry",
    "forget": "forget",
    "rescore": "rescore",
    "backfill": "backfill",
    "runs": "backfill",
    "undo": "undo",
    "release": "release",
    "releases": "release",
    "doctor": "doctor",
    "secrets": "secrets",
}
"""Each command and its module here. Loaded when it is called: all of them take a second."""


class Commands(click.Group):
    """The commands of the modules beside this one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name, in the order of the alphabet."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, loaded now."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        found: click.Command = importlib.import_module(f"bridge.cli.{module}").__dict__[
            _ATTRIBUTES.get(cmd_name, cmd_name)
        ]
        return found


_ATTRIBUTES = {"eval": "evaluate_file", "try": "try_file", "runs": "list_runs"}


@click.command(cls=Commands)
@click.version_option(package_name="moodbridge", prog_name="moodbridge")
def moodbridge() -> None:
    """Shows the mood of each customer message in the helpdesk a support team already uses."""


def main() -> None:
    """Runs the command; exit code 0 done, 1 failed, 2 wrong use. Errors go to stderr and say what to do."""
    try:
        moodbridge(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2 if isinstance(error, click.UsageError) else 1)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(1)
    except BridgeError as error:
        click.echo(f"moodbridge: {error}", err=True)
        sys.exit(2 if isinstance(error, Invalid) else 1)
