"""`moodbridge up`, `web`, `worker`, `scheduler`: everything on one machine, or one kind alone."""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from bridge import log
from bridge.cli.entry import process_named
from bridge.errors import BridgeError
from bridge.processes.child import set_title
from bridge.processes.lock import only_one
from bridge.processes.process import Process, Role
from bridge.processes.redis import embedded_redis, find_server
from bridge.processes.serve import listen, serve
from bridge.processes.serve import web as web_processes
from bridge.processes.supervisor import Supervisor
from bridge.settings import Settings, load, standalone_missing
from bridge.vault import read_or_make_key
from bridge.wake import DRAINS

QUEUES = tuple(DRAINS)


class NotConfigured(BridgeError):
    """A process started alone lacks a setting."""


def say(line: str) -> None:
    """One calm line for the person at the terminal."""
    click.echo(line)


@click.command()
@click.option("--score-workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Score processes.")
def up(score_workers: int) -> None:
    """Start everything on this machine: Redis if none is set, web, workers, scheduler. Ctrl-C stops all."""
    settings = load(os.environ)
    welcome = Process("sign-in", Role.AFTER, _welcome)
    raise SystemExit(run_all(settings, score_workers=score_workers, more=lambda: [welcome]))


def run_all(
    settings: Settings,
    *,
    score_workers: int = 1,
    demo: str | None = None,
    more: Callable[[], list[Process]] = list,
    log_file: Path | None = None,
) -> int:
    """Runs every process until told to stop; the exit code.

    `demo`: the workspace whose numbers are open to see. `log_file`: where logs go instead of stderr.
    """
    for warning in settings.warnings:
        say(f"Note: {warning}")
    with only_one(settings.data_dir) as lock:
        if not settings.secret_keys:
            read_or_make_key(settings.data_dir)
        listener = listen(settings.host, settings.port)
        redis = [] if settings.redis_url else [embedded_redis(find_server(), settings.data_dir)]
        processes = [
            *redis,
            Process("migrate", Role.STEP, partial(_migrate, settings)),
            *web_processes(partial(_application, demo), listener),
            *worker_processes(score_workers),
            Process("scheduler", Role.SCHEDULER, process_named("scheduler")),
            *more(),
        ]
        supervisor = Supervisor(
            processes,
            say,
            setup=partial(_set_up, settings.log_format, log_file),
            private=(lock, listener.fileno()),
            at_stop=listener.close,
        )
        return supervisor.run()


def _set_up(log_format: str, log_file: Path | None, name: str) -> None:
    """What each child does first."""
    if log_file is not None:
        file = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, 2)
        os.close(file)
    log.setup(log_format, name)


def worker_processes(score_workers: int) -> list[Process]:
    """One worker process a queue, and as many for scoring as asked for."""
    work: Callable[[str], None] = process_named("worker")
    names = [queue for queue in QUEUES for _ in range(score_workers if queue == "score" else 1)]
    processes: list[Process] = []
    for number, queue in enumerate(names):
        title = f"worker {queue}" if names.count(queue) == 1 else f"worker {queue} {number}"
        processes.append(Process(title, Role.WORKER, partial(work, queue)))
    return processes


def _migrate(settings: Settings) -> None:
    from bridge.runtime import upgrade_schema

    upgrade_schema(settings)


def _welcome() -> None:
    """Tells the person at the terminal how the first owner signs in, as long as nobody can."""
    from bridge import people
    from bridge.cli.output import opened

    with opened() as runtime:
        if people.anybody(runtime):
            return
        if not sys.stdout.isatty():  # what is not a terminal may be kept
            say("Nobody can sign in yet: `moodbridge user add EMAIL --workspace SLUG --role owner` makes a link")
            return
        link = people.first_owner(runtime)
    if link is not None:
        say(f"Nobody can sign in yet. Open this link within 30 minutes to become the owner:\n  {link.url}")


def _application(demo: str | None) -> Any:
    return process_named("web")(demo=demo)


@click.command()
def web() -> None:
    """Start the web server alone (needs MOODBRIDGE_SECRET_KEY, DATABASE_URL and REDIS_URL)."""
    settings = _alone("web")
    serve(partial(_application, None), listen(settings.host, settings.port))


@click.command()
@click.option("--queue", type=click.Choice(QUEUES), help="Work on this queue alone, in this process.")
@click.option("--score-workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Score processes.")
def worker(queue: str | None, score_workers: int) -> None:
    """Start workers alone: one process a queue, or one queue in this process."""
    settings = _alone("worker" if queue is None else f"worker {queue}")
    if queue is not None:
        process_named("worker")(queue)
        return
    supervisor = Supervisor(worker_processes(score_workers), say, setup=partial(log.setup, settings.log_format))
    raise SystemExit(supervisor.run())


@click.command()
def scheduler() -> None:
    """Start the scheduler alone; any number may run, one acts."""
    _alone("scheduler")
    process_named("scheduler")()


def _alone(name: str) -> Settings:
    settings = load(os.environ)
    missing = standalone_missing(settings)
    if missing:
        raise NotConfigured(
            f"`moodbridge {name.split()[0]}` needs {', '.join(missing)}. `moodbridge up` runs everything without."
        )
    set_title(name)
    log.setup(settings.log_format, name)
    return settings
