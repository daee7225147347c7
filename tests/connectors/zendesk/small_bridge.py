"""A bridge in small: receives webhooks over HTTP, reads, decides by the words, and writes through the connector.

It keeps to the engine's rules (a message once, newest customer message decides, a person's label stands until a
later message) and to nothing else of the engine, so that the connector is tested by itself under load.
"""

import random
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Flask, request
from werkzeug.serving import make_server

from bridge.connector import (
    CHANGES,
    BadSignature,
    ConnectorError,
    Gone,
    HookRequest,
    RateLimited,
    Received,
    Seen,
    Target,
    TicketWrite,
    WriteResult,
    WriteStatus,
)
from bridge.model import Author, Message, Score, Sentiment, Trend
from connectors.zendesk import CONNECTOR, client
from tests.connectors.zendesk.world import World
from tests.hosts.zendesk.server import Quiet

SCORES = {"positive": 80, "neutral": 10, "negative": -45, "urgent": -90}


def says(label: str) -> str:
    """What a customer writes so that the bridge in small labels it so."""
    return f"this sounds {label} to me"


def heard(text: str) -> Sentiment:
    found = re.search(r"sounds (\w+)", text)
    label = found[1] if found else "unknown"
    return Sentiment(label, Score(SCORES[label]) if found else None, Trend.STABLE)


@dataclass
class SmallBridge:
    """`down`: nothing answers. `moody`: the share of webhooks that meet an error although all is well."""

    world: World
    down: bool = False
    moody: float = 0.0
    messages: dict[tuple[str, str], Message] = field(default_factory=dict)
    targets: deque[Target] = field(default_factory=deque)
    seen: dict[str, Seen] = field(default_factory=dict)
    written: dict[str, Sentiment] = field(default_factory=dict)
    held_at: dict[str, float] = field(default_factory=dict)
    final: set[str] = field(default_factory=set)
    opened: dict[str, Sentiment] = field(default_factory=dict)
    """Writes whose outcome nobody saw: the ticket is looked at before it is written again."""
    doubted: set[str] = field(default_factory=set)
    """Tickets of which an event says that they do not show what we wrote."""
    failed: list[WriteResult] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    def take(self, received: Received) -> None:
        with self.lock:
            for message in received.messages:
                self.messages.setdefault((message.ticket_id, message.message_id), message)
            self.targets.extend(target for target in received.targets if target not in self.targets)
            for change in received.label_changes:
                if change.at > self.held_at.get(change.ticket_id, 0.0):
                    self._hold(change.ticket_id, change.label, change.at)

    def hook(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
        """Status and headers of the answer to one webhook."""
        mood = self.dice.random()
        if self.down or mood < self.moody / 2:
            return 500, {}
        if mood < self.moody:
            return self.dice.choice([(409, {}), (503, {"Retry-After": "20"})])
        hooked = HookRequest(body, headers, self.world.clock())
        try:
            CONNECTOR.verify(hooked, self.world.access)
        except BadSignature:
            return 401, {}
        received = CONNECTOR.parse(hooked, self.world.access)
        self.take(received)
        with self.lock:
            for seen in received.seen:
                former = self.seen.get(seen.ticket_id)
                if former is None or former.stamp <= seen.stamp:
                    self.seen[seen.ticket_id] = seen
                    self._doubt(seen)
        return 202, {}

    def poll(self) -> None:
        self.take(Received(targets=(CHANGES,)))

    def work(self, rounds: int = 400) -> None:
        """Reads and writes until nothing is left to do; waits as told by turning the clock."""
        for _ in range(rounds):
            pause = self._read() or self._write()
            if pause is None:
                return
            self.world.clock.advance(pause)
        raise AssertionError(f"not done after {rounds} rounds: {self._due()[:5]}")

    def _read(self) -> float | None:
        while self.targets:
            target = self.targets[0]
            try:
                received = client.read(self.world.access, target)
            except Gone:
                received = Received()
            except RateLimited as limited:
                return limited.retry_after
            except ConnectorError:
                return 5.0
            with self.lock:
                self.targets.popleft()
            self.take(received)
        return None

    def _write(self) -> float | None:
        due = self._due()[:100]
        if not due:
            return None
        try:
            due = self._looked_at(due)
            self.opened |= {write.ticket_id: write.after for write in due}
            due = [replace(write, seen=self.seen.get(write.ticket_id)) for write in due]
            results = client.write(self.world.access, due) if due else []
        except RateLimited as limited:
            for write in due:
                self.opened.pop(write.ticket_id, None)
            return limited.retry_after
        except ConnectorError:
            return 15.0
        pauses = [self._settle(write, result) for write, result in zip(due, results, strict=True)]
        return max(pauses, default=0.1)

    def _looked_at(self, due: list[TicketWrite]) -> list[TicketWrite]:
        """What is left to write, `before` being what stands there where our last write had no seen outcome."""
        unsure = [write.ticket_id for write in due if write.ticket_id in self.opened]
        shown = {one.ticket_id: one.sentiment for one in client.look(self.world.access, unsure)} if unsure else {}
        left = []
        for write in due:
            if write.ticket_id not in self.opened:
                left.append(write)
                continue
            stands = shown.get(write.ticket_id)
            mine = {one.label for one in (write.before, self.opened[write.ticket_id]) if one}
            if write.ticket_id not in shown:
                self._settle(write, WriteResult(write.ticket_id, WriteStatus.GONE))
            elif stands == write.after:
                self._settle(write, WriteResult(write.ticket_id, WriteStatus.DONE))
            else:
                before = stands if stands and stands.label in mine else write.before
                left.append(replace(write, before=before))
        return left

    def _settle(self, write: TicketWrite, result: WriteResult) -> float:
        ticket_id = write.ticket_id
        if result.status is WriteStatus.UNSURE:
            return result.retry_after or 1.0
        self.opened.pop(ticket_id, None)
        self.doubted.discard(ticket_id)
        if result.status is WriteStatus.DONE:
            self.written[ticket_id] = write.after
        elif result.status is WriteStatus.PERSON and result.label:
            self._hold(ticket_id, result.label, result.label_at or self.world.clock())
        elif result.status is WriteStatus.GONE:
            self.final.add(ticket_id)
        elif result.status is WriteStatus.FAILED:
            self.failed.append(result)
            self.final.add(ticket_id)
        else:
            return result.retry_after or 1.0
        self.seen.pop(ticket_id, None)
        return 0.1

    def _hold(self, ticket_id: str, label: str, at: float) -> None:
        self.written[ticket_id] = replace(self.written.get(ticket_id, heard("")), label=label)
        self.held_at[ticket_id] = at

    def _doubt(self, seen: Seen) -> None:
        written = self.written.get(seen.ticket_id)
        if written is not None and seen.label != written.label:
            self.doubted.add(seen.ticket_id)

    def _due(self) -> list[TicketWrite]:
        with self.lock:
            newest: dict[str, Message] = {}
            for message in sorted(self.messages.values(), key=lambda one: (one.written_at, int(one.message_id))):
                if message.author is Author.CUSTOMER:
                    newest[message.ticket_id] = message
        due = []
        for ticket_id, message in newest.items():
            wanted, former = heard(message.text or ""), self.written.get(ticket_id)
            held = message.written_at <= self.held_at.get(ticket_id, 0.0)
            differs = wanted != former or ticket_id in self.opened or ticket_id in self.doubted
            if ticket_id not in self.final and differs and not held:
                due.append(TicketWrite(ticket_id, former, wanted))
        return due


@contextmanager
def receiving(bridge: SmallBridge) -> Iterator[str]:
    """The hook's URL on loopback until the block ends."""
    app = Flask(__name__)

    @app.post("/hooks/h")
    def hook() -> Any:
        headers = {name.lower(): value for name, value in request.headers.items()}
        status, more = bridge.hook(request.get_data(), headers)
        return "", status, more

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}/hooks/h"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
