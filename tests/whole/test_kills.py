"""The plug is pulled in a burst: no message is lost, none is scored or written again without need."""

import os
import random
import signal
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

from bridge.conversation import Conversation, state_of
from bridge.model import Score, ScoredMessage
from bridge.scale import FOUR, label_of
from tests.hosts.sandbox import Desk
from tests.waiting import eventually
from tests.whole.installation import Installation
from tests.whole.scorer import Scorer

TICKETS, POSTS = 100, 5
SETTLED_WITHIN = 20.0
"""Seconds from the last kill until every accepted message is settled and written."""
MARK = "lantern-zebra-77"
"""A word of the customers that must be found nowhere afterwards."""


@dataclass
class Burst:
    """What is written on the desk: for each ticket its scores, in order."""

    desk: Desk
    scores: dict[str, list[int]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)

    def write(self) -> None:
        """All tickets, by eight customers at once."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self._ticket, range(TICKETS)))

    def _ticket(self, number: int) -> None:
        chance = random.Random(number)
        scores = [chance.randint(-100, 100) for _ in range(POSTS)]
        texts = [f"{MARK} of ticket {number}, message {place} [{score}]" for place, score in enumerate(scores)]
        ticket_id = self.desk.create_ticket(texts[0])
        for text in texts[1:]:
            self.desk.post(ticket_id, text)
        self.scores[ticket_id] = scores
        self.texts += texts

    def wrong(self) -> list[str]:
        """The tickets that do not show on the desk what their messages say."""
        return [ticket_id for ticket_id, scores in self.scores.items() if not self._is_right(ticket_id, scores)]

    def _is_right(self, ticket_id: str, scores: list[int]) -> bool:
        shown = self.desk.sentiment(ticket_id)
        wanted = expected(scores)
        return shown is not None and (shown["label"], shown["score"], shown["trend"]) == (
            wanted.label,
            None if wanted.score is None else wanted.score / 100,
            str(wanted.trend),
        )


def expected(scores: list[int]) -> Conversation:
    """A ticket's state by the rules, from all its scores."""
    messages = [
        ScoredMessage(str(place), float(place), Score(score), label_of(FOUR, Score(score)))
        for place, score in enumerate(scores)
    ]
    state = state_of(messages)
    assert state is not None
    return state


def count(up: Installation, what: str) -> int:
    """A number that the database holds."""
    with closing(sqlite3.connect(f"file:{up.data_dir / 'moodbridge.db'}?mode=ro", uri=True)) as database:
        found: int = database.execute(f"SELECT count(*) FROM messages WHERE {what}").fetchone()[0]  # noqa: S608
        return found


def kill(up: Installation, name: str) -> int:
    """kill -9 of one process, or of `everything`; how many messages were claimed at that moment."""
    if name == "everything":
        claimed = count(up, "worker_id IS NOT NULL")
        up.kill()
        up.start()
        return claimed
    pid = eventually(lambda: up.processes().get(name), f"{name} to run")
    claimed = count(up, "worker_id IS NOT NULL") if name == "moodbridge worker score" else 0
    os.kill(pid, signal.SIGKILL)
    return claimed


def test_no_message_is_lost_whatever_is_killed_in_a_burst(up: Installation, desk: Desk, scorer: Scorer) -> None:
    burst = Burst(desk)
    writing = threading.Thread(target=burst.write)
    writing.start()
    again = 0
    workers = ["moodbridge worker score", "redis", "moodbridge web", "moodbridge worker writeback"]
    for settled, name in zip((20, 60, 110, 160), workers, strict=True):
        eventually(lambda wanted=settled: count(up, "label IS NOT NULL") >= wanted, f"{settled} scores")  # type: ignore[misc]
        again += kill(up, name)
    writing.join()
    again += kill(up, "everything")
    last_kill = time.monotonic()

    eventually(lambda: count(up, "label IS NOT NULL") == TICKETS * POSTS, "every score", SETTLED_WITHIN)
    eventually(lambda: not burst.wrong(), "the desk to show them", last_kill + SETTLED_WITHIN - time.monotonic(), 0.2)

    assert set(scorer.answered) == set(burst.texts)
    assert scorer.answered.total() - len(burst.texts) <= again
    stats = desk.ask("GET", "/stats")
    assert stats["repeated"] <= 2 * 100, "more than the bulk call in flight at each of the two kills"


def test_nothing_of_the_customers_is_left_in_the_clear(up: Installation, desk: Desk) -> None:
    for number in range(20):
        desk.create_ticket(f"{MARK} of ticket {number} [-90]")
    eventually(lambda: count(up, "label IS NOT NULL") == 20, "every score")
    _, ready = up.request("GET", "/readyz")
    assert up.stop() == 0

    files = [path for path in up.data_dir.rglob("*") if path.is_file()]
    assert any(path.name == "moodbridge.db" for path in files)
    told = {path.name: path.read_bytes() for path in [*files, up.log]} | {"readyz": ready}
    for secret in (MARK, desk.token):
        assert [name for name, content in told.items() if secret.encode() in content] == []


def test_after_a_kill_of_the_score_worker_new_messages_are_settled_soon(up: Installation, desk: Desk) -> None:
    desk.create_ticket("before [10]")
    eventually(lambda: count(up, "label IS NOT NULL") == 1, "the first score")
    kill(up, "moodbridge worker score")
    eventually(lambda: "moodbridge worker score" in up.processes(), "the restart")
    desk.create_ticket("after [20]")
    eventually(lambda: count(up, "label IS NOT NULL") == 2, "the next score", within=3)


def test_a_workspace_switched_off_scores_nothing_and_loses_nothing(
    up: Installation, desk: Desk, scorer: Scorer
) -> None:
    scorer.latency = 1.0
    for number in range(40):
        ticket_id = desk.create_ticket(f"ticket {number} message 0 [10]")
        for place in range(1, 5):
            desk.post(ticket_id, f"ticket {number} message {place} [20]")
    eventually(lambda: count(up, "state IN (0, 1)") == 200, "all to be taken")
    up.run("workspace", "set", "acme", "enabled=off")
    eventually(lambda: count(up, "worker_id IS NOT NULL") == 0, "calls in flight to settle")
    before = scorer.answered.total()
    pending = count(up, "state = 0")
    up.run("workspace", "set", "acme", "enabled=on")
    eventually(lambda: count(up, "label IS NOT NULL") == 200, "every score")
    assert scorer.answered.total() == 200
    assert scorer.answered.total() - before == pending
