"""Runs the desk as a process: options, server, outbox, and the samples when asked for."""

import argparse
import ctypes
import functools
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from bridge.errors import BridgeError
from bridge.http import Http, Policy
from connectors.sandbox import samples
from connectors.sandbox.desk import app, hooks
from connectors.sandbox.desk.database import Database
from connectors.sandbox.desk.outbox import Outbox

_THREADS = 8
_TITLE = "moodbridge sandbox-desk"
_SETTLING = 1.0
"""Seconds between the first webhook and the first sample, in which the bridge stores the secret."""
_FREEING = 3.0
"""Seconds that an earlier desk gets to free the port."""
_PR_SET_PDEATHSIG = 1


class UsageError(BridgeError):
    """The desk cannot start like this."""


@dataclass(frozen=True, slots=True)
class Options:
    data: Path
    port: int
    token: str = field(repr=False)
    pace: float | None
    """Seconds between two posts of the samples; None: no samples."""


def run(argv: Sequence[str] | None) -> int:
    """Serves the desk until SIGTERM or SIGINT; the exit code: 0, or 2 for wrong use."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s desk %(levelname)s %(message)s", stream=sys.stderr)
    try:
        options = read(argv, os.environ)
        _check_port(options.port)
    except UsageError as error:
        sys.stderr.write(f"sandbox-desk: {error}\n")
        return 2
    server = Server(
        "sandbox-desk",
        address="127.0.0.1",
        port=options.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=_THREADS,
        log_level=LogLevels.error,
        websockets=False,
        workers_kill_timeout=10,
        process_name=_TITLE,
    )
    server.serve(target_loader=functools.partial(_load, options, os.getpid()), wrap_loader=False)
    return 0


def read(argv: Sequence[str] | None, environ: os._Environ[str]) -> Options:
    """The options of the command line. Raises UsageError when the token is missing or too short."""
    parser = argparse.ArgumentParser(prog="sandbox-desk", description="A small ticket desk to try Moodbridge with.")
    parser.add_argument("--data", type=Path, required=True, help="directory for the desk's own database")
    parser.add_argument("--port", type=int, default=8091, help="port on 127.0.0.1 (default 8091)")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--token-file", type=Path, help="file that holds the token of the desk's API")
    source.add_argument("--token-env", metavar="NAME", help="environment variable that holds it")
    parser.add_argument(
        "--samples",
        type=float,
        metavar="PACE",
        help="play the sample tickets into an empty desk once a webhook is installed, one post every PACE seconds",
    )
    given = parser.parse_args(argv)
    try:
        token = given.token_file.read_text() if given.token_file else environ.get(given.token_env, "")
    except OSError as error:
        raise UsageError(f"the token file cannot be read: {error.strerror}") from None
    token = token.strip()
    if len(token) < 16 or not token.isascii() or not token.isprintable():
        raise UsageError("the token must be at least 16 plain characters, in a file or an environment variable")
    return Options(given.data, given.port, token, given.samples)


def _check_port(port: int) -> None:
    """Raises UsageError when somebody else listens there: the server would share the port with them unasked."""
    end = time.monotonic() + _FREEING
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return
            except (OSError, OverflowError) as error:
                if time.monotonic() > end or not isinstance(error, OSError):
                    raise UsageError(f"port {port} cannot be used ({error}): choose another with --port") from None
        time.sleep(0.1)


def _load(options: Options, parent: int) -> Callable[..., Any]:
    """Runs in the server's worker process: everything that owns threads or the database begins here."""
    _die_with(parent)
    database = Database(options.data)
    Outbox(database, Http(Policy(allow_private=True))).start()
    if options.pace is not None:
        player = threading.Thread(target=_play, args=(options, database), name="samples", daemon=True)
        player.start()
    return app.create(database, options.token)


def _play(options: Options, database: Database) -> None:
    with database.reading() as connection:
        if connection.execute("SELECT 1 FROM tickets LIMIT 1").fetchone():
            return
    while not _has_webhook(database):
        time.sleep(0.2)
    time.sleep(_SETTLING)
    samples.play(f"http://127.0.0.1:{options.port}", options.token, options.pace or 0)


def _has_webhook(database: Database) -> bool:
    with database.reading() as connection:
        return bool(hooks.listed(connection))


def _die_with(parent: int) -> None:
    """Ends this process when its parent is killed: the port would stay taken by a worker that nobody can stop."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), name="parent-watch", daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
