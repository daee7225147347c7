"""A real Redis for tests: the server that the product embeds, on a private socket, without files."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bridge.processes.parent_death import die_with
from bridge.processes.ready import redis_ready
from bridge.processes.redis import find_server

STARTS_WITHIN = 10.0


@contextlib.contextmanager
def running_redis() -> Iterator[str]:
    """The URL of a running server; it ends with the block, or with the tests' process."""
    folder = Path(tempfile.mkdtemp(prefix="moodbridge-redis-", dir="/tmp"))  # short: it holds a Unix socket
    path = folder / "redis.sock"
    words: list[str | Path] = [
        "--port",
        "0",
        "--unixsocket",
        path,
        "--unixsocketperm",
        "700",
        "--save",
        "",
        "--dir",
        folder,
    ]
    server = subprocess.Popen(
        [find_server().path, *words],
        stdout=subprocess.DEVNULL,
        preexec_fn=partial(die_with, os.getpid()),
    )
    try:
        deadline = time.monotonic() + STARTS_WITHIN
        while not redis_ready(path):
            assert server.poll() is None, "the embedded Redis ended as it started"
            assert time.monotonic() < deadline, "the embedded Redis did not start"
            time.sleep(0.01)
        yield f"unix://{path}"
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)
