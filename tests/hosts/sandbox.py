"""The real sandbox desk as a process on a free loopback port, and a small receiver of its webhooks.

with running_desk(tmp_path) as desk:
    ticket_id = desk.create_ticket("It works, thanks!")
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import requests

Found = TypeVar("Found")
PATIENCE = 30.0
"""Seconds that anything is waited for: far more than a busy machine needs."""


def wait_for(look: Callable[[], Found | None], what: str, patience: float = PATIENCE) -> Found:
    """The first truthy answer of `look`. Raises AssertionError when none comes in time."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {patience:.0f} s in vain for {what}")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Desk:
    """A desk that can be stopped and started again on the same directory and port."""

    directory: Path
    port: int = field(default_factory=free_port)
    options: Sequence[str] = ()
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when the desk answers."""
        token_file = self.directory / "token"
        token_file.write_text(self.token)
        token_file.chmod(0o600)
        argv = [sys.executable, "-m", "connectors.sandbox.desk", "--data", str(self.directory / "data")]
        argv += ["--port", str(self.port), "--token-file", str(token_file), *self.options]
        with (self.directory / "log").open("ab") as log:
            # A group of its own, so that a kill reaches the server's worker process too.
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)
        wait_for(self._answers, f"the desk to start; its log is {self.directory / 'log'}")

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """Ends the desk: SIGTERM to the process, or SIGKILL to it and all its children at once."""
        assert self.process is not None
        if self.process.poll() is None:
            if by is signal.SIGKILL:
                os.killpg(self.process.pid, by)
            else:
                self.process.send_signal(by)
        self.process.wait(PATIENCE)

    def call(self, method: str, path: str, body: object = None, token: str | None = None) -> requests.Response:
        """One call of the API, whatever it answers."""
        headers = {"authorization": f"Bearer {self.token if token is None else token}"}
        return requests.request(method, f"{self.url}/api{path}", json=body, headers=headers, timeout=PATIENCE)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of one call that must succeed."""
        reply = self.call(method, path, body)
        assert reply.ok, f"{method} {path}: {reply.status_code} {reply.text}"
        return reply.json() if reply.content else None

    def create_ticket(self, text: str, subject: str = "A question", requester: str = "Ana Silva") -> str:
        """The id of a new ticket."""
        ticket: dict[str, str] = self.ask(
            "POST", "/tickets", {"subject": subject, "requester": requester, "text": text}
        )
        return ticket["ticket_id"]

    def post(self, ticket_id: str, text: str, author: str = "customer", visibility: str = "public") -> str:
        """The id of a new post."""
        body = {"author": author, "text": text, "visibility": visibility}
        post: dict[str, str] = self.ask("POST", f"/tickets/{ticket_id}/posts", body)
        return post["post_id"]

    def sentiment(self, ticket_id: str) -> dict[str, Any] | None:
        """What the ticket shows."""
        shown: dict[str, Any] | None = self.ask("GET", f"/tickets/{ticket_id}")["sentiment"]
        return shown

    def label_as_person(self, ticket_id: str, label: str) -> None:
        """What a person does with the drop-down of the page."""
        self.ask("PUT", f"/tickets/{ticket_id}/label", {"label": label})

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the desk ended at once; its log is {self.directory / 'log'}"
        try:
            return requests.get(f"{self.url}/healthz", timeout=1).ok
        except requests.RequestException:
            return False


@contextmanager
def running_desk(directory: Path, *options: str) -> Iterator[Desk]:
    """A desk with its data in `directory`, stopped at the end."""
    desk = Desk(directory, options=options)
    desk.start()
    try:
        yield desk
    finally:
        desk.stop(signal.SIGKILL)


@dataclass(frozen=True)
class Arrived:
    """One request as it came in. Header names are lower case."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event


class Receiver:
    """Stands where the bridge would: keeps what arrives and answers what `answers` says, else 202."""

    def __init__(self) -> None:
        self.arrived: list[Arrived] = []
        self.answers: list[int] = []
        self.port = free_port()
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/h"

    def start(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = receiver.answers.pop(0) if receiver.answers else 202
                receiver.arrived.append(Arrived(headers, body))
                self.send_response(answer)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
