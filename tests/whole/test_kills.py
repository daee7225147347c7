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


def count(up: Installation, what: str, table: str = "messages") -> int:
    """A number that the database holds."""
    with closing(sqlite3.connect(f"file:{up.data_dir / 'moodbridge.db'}?mode=ro", uri=True)) as database:
        found: int = database.execute(f"SELECT count(*) FROM {table} WHERE {what}").fetchone()[0]  # noqa: S608
        return found


@dataclass
class Held:
    """What the workers had under way as they were killed."""

    messages: int = 0
    """Claimed: each may be scored once more."""
    writes: int = 0
    """Tickets of the one call to the desk: each may be written once more."""


SCORE, WRITEBACK = "moodbridge worker score", "moodbridge worker writeback"


def kill(up: Installation, name: str, held: Held) -> None:
    """kill -9 of one process, or of `everything`."""
    killed = (SCORE, WRITEBACK) if name == "everything" else (name,)
    pids = [eventually(lambda one=one: up.processes().get(one), f"{one} to run") for one in killed]  # type: ignore[misc]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)  # so that what is counted is what they hold as they die
    held.messages += count(up, "worker_id IS NOT NULL") if SCORE in killed else 0
    held.writes += count(up, "state = 'sending'", "writes") if WRITEBACK in killed else 0
    if name == "everything":
        up.kill()
        up.start()
    else:
        os.kill(pids[0], signal.SIGKILL)


def test_no_message_is_lost_whatever_is_killed_in_a_burst(up: Installation, desk: Desk, scorer: Scorer) -> None:
    burst = Burst(desk)
    writing = threading.Thread(target=burst.write)
    writing.start()
    held = Held()
    workers = [SCORE, "redis", "moodbridge web", WRITEBACK]
    for settled, name in zip((20, 60, 110, 160), workers, strict=True):
        eventually(lambda wanted=settled: count(up, "label IS NOT NULL") >= wanted, f"{settled} scores")  # type: ignore[misc]
        kill(up, name, held)
    writing.join()
    kill(up, "everything", held)
    last_kill = time.monotonic()

    eventually(lambda: count(up, "label IS NOT NULL") == TICKETS * POSTS, "every score", SETTLED_WITHIN)
    eventually(lambda: not burst.wrong(), "the desk to show them", last_kill + SETTLED_WITHIN - time.monotonic(), 0.2)

    assert set(scorer.answered) == set(burst.texts)
    assert scorer.answered.total() - len(burst.texts) <= held.messages
    assert desk.ask("GET", "/stats")["repeated"] <= held.writes


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


def test_after_a_kill_of_the_score_worker_new_messages_are_settled_at_once_and_its_own_soon(
    up: Installation, desk: Desk, scorer: Scorer
) -> None:
    scorer.latency = 60.0
    desk.create_ticket("under way [10]")
    eventually(lambda: count(up, "worker_id IS NOT NULL") == 1, "a call of the scorer")
    kill(up, SCORE, Held())
    killed = time.monotonic()
    scorer.latency = 0.1
    eventually(lambda: SCORE in up.processes(), "the restart")
    desk.create_ticket("new [20]")
    eventually(lambda: count(up, "label IS NOT NULL") == 1, "the new message's score", within=3)
    eventually(lambda: count(up, "label IS NOT NULL") == 2, "the other's", killed + SETTLED_WITHIN - time.monotonic())


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
