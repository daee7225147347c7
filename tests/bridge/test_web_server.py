"""The web process as it runs alone, with the real server in front: what only it can show."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge import signing
from bridge.processes.ready import http_ready
from bridge.runtime import open_runtime
from bridge.settings import load
from connectors.api import CONNECTOR
from tests import fakes
from tests.databases import SqliteFiles
from tests.fakes import Home

SECRET_KEY = "a secret key of the tests that is long enough"
STARTS_WITHIN = 20.0


@dataclass(frozen=True)
class Server:
    port: int
    home: Home
    log: Path

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sqlite_files: SqliteFiles, redis_url: str) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("web")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with sqlite_files.fresh() as url, open(folder / "log", "wb") as log:
        environ = {
            "MOODBRIDGE_SECRET_KEY": SECRET_KEY,
            "DATABASE_URL": url,
            "REDIS_URL": redis_url,
            "MOODBRIDGE_DATA_DIR": str(folder),
            "MOODBRIDGE_LOG_FORMAT": "json",
            "HOST": "127.0.0.1",
            "PORT": str(port),
        }
        runtime = open_runtime(load(environ), {"api": CONNECTOR})
        home = fakes.home(runtime, kind="api")
        runtime.close()
        command = [str(Path(sys.executable).with_name("moodbridge")), "web"]
        process = subprocess.Popen(command, env=os.environ | environ, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + STARTS_WITHIN
            while not http_ready(f"http://127.0.0.1:{port}/healthz"):
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.05)
            yield Server(port, home, folder / "log")
        finally:
            process.terminate()
            process.wait(20)


def event(home: Home, message_id: str, size: int = 20) -> tuple[bytes, dict[str, str]]:
    data = {
        "ticket_id": "T-1",
        "message_id": message_id,
        "author": "customer",
        "text": "x" * size,
        "created_at": "2026-11-22T10:00:00Z",
    }
    body = json.dumps({"type": "message.created", "timestamp": "2026-11-22T10:00:00Z", "data": data}).encode()
    headers = signing.headers(home.secret, f"msg-{message_id}", int(time.time()), body)
    return body, {"Content-Type": "application/json", **headers}


def test_a_signed_message_is_accepted(server: Server) -> None:
    body, headers = event(server.home, "plain")
    connection = server.connect()
    connection.request("POST", f"/hooks/{server.home.hook}", body, headers)
    answer = connection.getresponse()

    assert (answer.status, json.loads(answer.read())) == (202, {"accepted": 1, "duplicates": 0, "ignored": 0})


def test_a_message_in_chunks_is_accepted(server: Server) -> None:
    body, headers = event(server.home, "chunks", size=5000)
    connection = server.connect()
    pieces = (body[start : start + 700] for start in range(0, len(body), 700))
    connection.request("POST", f"/hooks/{server.home.hook}", pieces, headers, encode_chunked=True)

    assert connection.getresponse().status == 202


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_while_it_comes(server: Server, chunked: bool) -> None:
    headers = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": "900000000"}
    connection = server.connect()
    connection.putrequest("POST", f"/hooks/{server.home.hook}")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    if chunked:
        piece = b"x" * 65_536
        for _ in range(17):  # a little more than a megabyte, and no end of the body
            connection.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    assert connection.getresponse().status == 413


def test_the_server_does_not_say_what_it_is(server: Server) -> None:
    for path in ("/healthz", "/hooks/x", "/nothing", "/static/page.css"):
        connection = server.connect()
        connection.request("GET", path)
        told = str(connection.getresponse().headers).lower()

        assert "granian" not in told
        assert "python" not in told
        assert "werkzeug" not in told


def test_it_is_ready_although_nobody_works(server: Server) -> None:
    connection = server.connect()
    connection.request("GET", "/readyz")
    answer = connection.getresponse()

    assert (answer.status, json.loads(answer.read())["database"]) == (200, "ok")


def test_neither_hooks_nor_words_are_in_the_log(server: Server) -> None:
    for headers in ({}, event(server.home, "other")[1]):
        connection = server.connect()
        connection.request("POST", f"/hooks/{server.home.hook}", b"very secret words", headers)
        assert connection.getresponse().status == 401

    log = server.log.read_text()

    assert server.home.hook[-4:] in log
    assert server.home.hook not in log
    assert "secret words" not in log
    assert server.home.secret not in log
