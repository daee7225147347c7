"""What was answered 202 is settled, once and rightly, although any process is killed at any moment.

The sender has no poll to repair a loss by, unlike a helpdesk: what the bridge forgets stays forgotten.
"""

import contextlib
import os
import random
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.store.database import Database
from bridge.store.tables import messages, tickets
from tests.databases import Postgres
from tests.waiting import eventually
from tests.whole.installation import Installation, Sender, connected, installed, message
from tests.whole.scorer import WHERE, Scorer
from tests.whole.test_kills import SETTLED_WITHIN, expected

SENDERS = 8
POSTS = 5
"""Messages of each ticket."""


@dataclass
class House:
    """An installation with two score workers, its database, and a program that posts to it."""

    up: Installation
    sender: Sender
    database: Database
    scorer: Scorer
    scores: dict[str, list[int]] = field(default_factory=dict)
    """The scores of each ticket's messages, in the order of their writing."""
    texts: list[str] = field(default_factory=list)

    def write(self, ticket_count: int) -> None:
        """Posts messages by several senders at once, each until it is accepted, as senders do."""
        with ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(self._ticket, range(ticket_count)))

    def _ticket(self, number: int) -> None:
        chance = random.Random(number)
        name = f"T-{number}"
        scores = [chance.randint(-100, 100) for _ in range(POSTS)]
        self.scores[name] = scores
        for place in chance.sample(range(POSTS), POSTS):
            text = f"ticket {number}, message {place} [{scores[place]}]"
            self.texts.append(text)
            item = message(name, f"m-{place}", text, f"2026-11-22T10:00:{place:02}Z")
            eventually(lambda item=item: self._accepted(item), f"{text} to be accepted")  # type: ignore[misc]

    def _accepted(self, item: dict[str, Any]) -> bool:
        try:
            status, _ = self.sender.send(item)
        except (OSError, HTTPException):
            return False  # web is being restarted
        assert status in (202, 503), f"answered {status}"
        return status == 202

    def count(self, *where: sa.ColumnElement[bool]) -> int:
        with self.database.read() as connection:
            found: int = connection.execute(sa.select(sa.func.count()).select_from(messages).where(*where)).scalar_one()
        return found

    def settled(self) -> int:
        return self.count(messages.c.label.is_not(None))

    def claimed(self) -> int:
        return self.count(messages.c.worker_id.is_not(None))

    def kill(self, name: str) -> int:
        """kill -9 of one process whose title begins so, or of `everything`; how many messages its workers held then."""
        if name == "everything":
            claimed = self._stopped("moodbridge worker score")
            self.up.kill()
            self.up.start()
            return claimed
        (pid, *_) = eventually(lambda: self._pids(name), f"{name} to run")
        claimed = self._stopped(name) if "score" in name else 0
        os.kill(pid, signal.SIGKILL)
        for other in self._pids(name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(other, signal.SIGCONT)
        return claimed

    def _stopped(self, name: str) -> int:
        """Stops the processes, so that the count holds at the kill; the messages they hold."""
        for pid in self._pids(name):
            os.kill(pid, signal.SIGSTOP)
        counts = [-1, self.claimed()]
        while counts[-1] != counts[-2]:  # a commit may still be under way in the server
            counts.append(self.claimed())
        return counts[-1]

    def _pids(self, name: str) -> list[int]:
        return [pid for title, pid in self.up.processes().items() if title.startswith(name)]

    def wrong(self) -> list[str]:
        """The tickets whose state is not what all their messages say."""
        with self.database.read() as connection:
            rows = {row.ticket_id: row for row in connection.execute(sa.select(tickets))}
        return [name for name, scores in self.scores.items() if not _is_right(rows.get(name), scores)]


def _is_right(row: sa.Row[Any] | None, scores: list[int]) -> bool:
    state = expected(scores)
    return row is not None and (row.label, row.score, row.trend, row.messages_scored) == (
        state.label,
        state.score,
        state.trend,
        len(scores),
    )


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """On SQLite in the data directory, or on a PostgreSQL server."""
    with contextlib.ExitStack() as stack:
        scorer = stack.enter_context(Scorer(latency=0.3))
        settings = {WHERE: scorer.url}
        if request.param == "postgres":
            postgres: Postgres = request.getfixturevalue("postgres")
            settings["DATABASE_URL"] = stack.enter_context(postgres.fresh())
        command = (sys.executable, "-m", "tests.whole.scorer", "up", "--score-workers", "2")
        up = stack.enter_context(installed(tmp_path, *command, **settings))
        up.start()
        database = Database(settings.get("DATABASE_URL") or f"sqlite:///{up.data_dir / 'moodbridge.db'}")
        stack.callback(database.close)
        yield House(up, connected(up), database, scorer)


def pull_plugs(house: House, ticket_count: int, plugs: Iterator[tuple[int, str]]) -> None:
    """Posts while processes are killed, each when so many messages are settled; then holds the house to its word."""
    writing = threading.Thread(target=house.write, args=(ticket_count,))
    writing.start()
    again = 0
    for settled, name in plugs:
        eventually(lambda wanted=settled: house.settled() >= wanted, f"{settled} messages to be settled")  # type: ignore[misc]
        again += house.kill(name)
    writing.join()
    again += house.kill("everything")
    wanted = ticket_count * POSTS
    eventually(lambda: house.settled() == wanted, "every accepted message to be settled", SETTLED_WITHIN)
    assert house.count() == wanted
    assert house.wrong() == []
    assert set(house.scorer.answered) == set(house.texts)
    assert house.scorer.answered.total() - wanted <= again


@pytest.mark.parametrize("house", ["postgres"], indirect=True)
def test_what_was_accepted_is_settled_whatever_is_killed(house: House) -> None:
    plugs = ((20, "moodbridge web"), (50, "moodbridge worker score"), (80, "redis"), (110, "moodbridge scheduler"))
    pull_plugs(house, 60, iter(plugs))


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_what_was_accepted_is_settled_through_fifty_kills(house: House) -> None:
    chance = random.Random(7)
    names = ("moodbridge web", "moodbridge worker score", "redis", "moodbridge scheduler", "everything")
    pull_plugs(house, 600, ((50 * step, chance.choice(names)) for step in range(1, 51)))
