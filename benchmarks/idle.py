"""How fast a label lands when nothing else is to do, by the offline scorer: `python -m benchmarks.idle`."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from benchmarks.machine import heading, quantile, table
from benchmarks.rig import Rig, free_port, rig, until
from bridge import connections, workspaces
from bridge.http import Http, Policy
from bridge.processes.ready import http_ready
from bridge.store.tables import messages

MESSAGES = 200
PAUSE = 0.15
"""Seconds between a label and the next message."""

TOKEN = "a-token-of-the-bench"
TEXT = "I have been waiting since Monday and nobody answers. This is unacceptable."


def main() -> None:
    """Prints the table."""
    heading(f"Idle: {MESSAGES} messages one after the other, typed into the sandbox desk, offline scorer")
    table(("milliseconds", "p50", "p99", "max"), _rows())


def _rows() -> Iterator[Sequence[object]]:
    with rig() as bridge:
        desk = _Desk(bridge)
        bridge.web()
        for queue in ("read", "score", "writeback"):
            bridge.start("worker", "--queue", queue)
        bridge.start("scheduler")
        workspaces.add(bridge.runtime, "demo")
        connections.connect(bridge.runtime, "demo", "sandbox", {"url": desk.url, "token": TOKEN})
        for number in range(MESSAGES + 5):
            desk.write(f"{number} {TEXT}")
            time.sleep(PAUSE)
        landed = desk.landed[5:]
        stored = _stored(bridge)
    times = [(*stored[label["ticket_id"]], _moment(label["at"])) for label in landed]
    for name, values in (
        ("webhook accepted to label in the desk", [at - received for received, _, at in times]),
        ("of these: accepted to score stored", [scored - received for received, scored, _ in times]),
        ("and: score stored to label in the desk", [at - scored for _, scored, at in times]),
        ("typed to label in the desk", [label["waited_ms"] / 1000 for label in landed]),
    ):
        yield name, *(1000 * value for value in (quantile(values, 0.5), quantile(values, 0.99), max(values)))


class _Desk:
    """A running sandbox desk, and what landed in it."""

    def __init__(self, bridge: Rig) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        arguments = ["--data", str(bridge.folder / "desk"), "--port", str(port), "--token-env", "BENCH_TOKEN"]
        process = bridge.run(["-m", "connectors.sandbox.desk", *arguments], BENCH_TOKEN=TOKEN)
        until(lambda: http_ready(f"{self.url}/healthz"), 30, bridge.folder / "lines.log", process)
        self._http = Http(Policy(allow_private=True))
        self._last = 0
        self.landed: list[dict[str, Any]] = []

    def write(self, text: str) -> None:
        """A new ticket; returns when its label has landed."""
        self._ask("POST", "/api/tickets", {"subject": "Order", "requester": "Ada", "text": text})
        wanted = len(self.landed) + 1
        until(lambda: len(self._look()) >= wanted, 30)

    def _look(self) -> list[dict[str, Any]]:
        told = self._ask("GET", f"/api/feed?after={self._last}")
        self._last = told["last"]
        self.landed += [entry for entry in told["items"] if entry["kind"] == "label"]
        return self.landed

    def _ask(self, method: str, path: str, value: object = None) -> Any:
        return self._http.request(
            method, self.url + path, json=value, headers={"Authorization": f"Bearer {TOKEN}"}
        ).json()


def _stored(bridge: Rig) -> dict[str, tuple[float, float]]:
    """When each ticket's message was received and scored."""
    with bridge.runtime.database.read() as connection:
        rows = connection.execute(sa.select(messages.c.ticket_id, messages.c.received_at, messages.c.scored_at))
        return {row.ticket_id: (row.received_at, row.scored_at) for row in rows}


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


if __name__ == "__main__":
    main()
