"""The command line: `moodbridge`."""

import sys

import click

from bridge.cli.alert import alert
from bridge.cli.connect import connect, connections, disconnect
from bridge.cli.correct import correct
from bridge.cli.database import db
from bridge.cli.demo import demo
from bridge.cli.doctor import doctor
from bridge.cli.evaluate import evaluate_file
from bridge.cli.provider import cache, provider, usage
from bridge.cli.rescore import rescore
from bridge.cli.retry import retry
from bridge.cli.run import scheduler, up, web, worker
from bridge.cli.score import score
from bridge.cli.secrets import secrets
from bridge.cli.stats import stats
from bridge.cli.token import token
from bridge.cli.webhook import webhook
from bridge.cli.workspace import workspace
from bridge.errors import BridgeError, Invalid


@click.group()
@click.version_option(package_name="moodbridge", prog_name="moodbridge")
def moodbridge() -> None:
    """Shows the mood of each customer message in the helpdesk a support team already uses."""


for command in (
    up,
    web,
    worker,
    scheduler,
    demo,
    db,
    workspace,
    provider,
    usage,
    cache,
    connect,
    connections,
    disconnect,
    correct,
    alert,
    webhook,
    score,
    evaluate_file,
    stats,
    token,
    retry,
    rescore,
    doctor,
    secrets,
):
    moodbridge.add_command(command)


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
