"""What was under way when a process died: its rows are taken over, and what was done is not done again."""

import os
import signal
import sqlite3
import time
from contextlib import closing

from tests.hosts.sandbox import Desk
from tests.waiting import eventually
from tests.whole.installation import Installation
from tests.whole.scorer import Scorer
from tests.whole.test_kills import count

WITHIN = 20.0
"""Seconds after a kill until what the process held is done by another."""


def kill(up: Installation, name: str) -> None:
    os.kill(up.processes()[name], signal.SIGKILL)


def test_rows_held_at_a_kill_are_done_soon_and_nothing_twice(up: Installation, desk: Desk, scorer: Scorer) -> None:
    """The desk has written the labels, and nobody heard its answer; a message is being scored."""
    desk.ask("POST", "/faults", {"times": 1, "on": "writes", "when": "after", "latency_ms": 8000})
    written = [desk.create_ticket(f"ticket {number} [-90]") for number in range(5)]
    eventually(lambda: count(up, "label IS NOT NULL") == 5, "their scores")
    eventually(lambda: desk.ask("GET", "/stats")["writes"] > 0, "the desk to write")
    scorer.latency = 60.0
    scored = desk.create_ticket("being scored [80]")
    eventually(lambda: count(up, "worker_id IS NOT NULL") == 1, "a call of the scorer")
    kill(up, "moodbridge worker writeback")
    kill(up, "moodbridge worker score")
    killed = time.monotonic()
    scorer.latency = 0.1
    desk.call("DELETE", "/faults")

    eventually(lambda: desk.sentiment(scored), "the message that was being scored", WITHIN)
    eventually(lambda: unwritten(up) == 0, "every write", killed + WITHIN - time.monotonic())
    for ticket_id in written:
        assert (desk.sentiment(ticket_id) or {})["label"] == "urgent"
    assert (desk.sentiment(scored) or {})["label"] == "positive"
    stats = desk.ask("GET", "/stats")
    assert (stats["repeated"], stats["conflicts"], stats["writes"]) == (0, 0, 6)


def unwritten(up: Installation) -> int:
    """How many tickets are still to be written."""
    with closing(sqlite3.connect(f"file:{up.data_dir / 'moodbridge.db'}?mode=ro", uri=True)) as database:
        found: int = database.execute("SELECT count(*) FROM tickets WHERE state = 0").fetchone()[0]
        return found
