"""A conversation's history: right whatever arrives late or is corrected, and cheap however long it is."""

import json
import time
from collections.abc import Callable
from functools import partial

import pytest
from click.testing import CliRunner

from bridge import corrections, tickets
from bridge.cli import moodbridge
from bridge.connector import Forgotten
from bridge.runtime import Runtime
from bridge.store.forget import forget
from tests.fakes import Home, scored

AT = time.time() - 10 * 86_400

Score = Callable[..., list[str]]


@pytest.fixture
def score(runtime: Runtime, home: Home) -> Score:
    return partial(scored, runtime, home, "T-1", at=AT)


@pytest.fixture
def show(runtime: Runtime, home: Home) -> Callable[[], tickets.WholeTicket]:
    return partial(tickets.one, runtime, home.slug, home.connection, "T-1")


Show = Callable[[], tickets.WholeTicket]


def test_a_ticket_tells_first_latest_lowest_and_slope(score: Score, show: Show) -> None:
    score(80)
    score(-90, None, at=AT + 86_400)
    score(-20, at=AT + 2 * 86_400)
    one = show().ticket

    assert (one.first_score, one.score, one.lowest_score, one.slope) == (80, -20, -90, -50)
    assert (one.messages_scored, one.messages_unknown) == (4, 1)


def test_a_late_message_becomes_the_first(score: Score, show: Show) -> None:
    score(30, -60)
    score(100, at=AT - 3600)
    told = show()

    assert told.ticket.first_score == 100
    assert [point.score for point in told.history] == [100, 30, -60]
    assert told.history[-1].direction == told.ticket.direction


def test_a_correction_counts_in_the_history_and_says_who_and_when(
    runtime: Runtime, home: Home, score: Score, show: Show
) -> None:
    first, _ = score(80, -90)
    corrections.correct(runtime, home.slug, home.connection, "T-1", first, "urgent", "jo@acme.example")
    told = show()

    assert (told.ticket.first_score, told.history[0].label) == (-71, "urgent")
    assert (told.messages[0].corrected_by, told.messages[0].corrected_at is not None) == ("jo@acme.example", True)


def test_a_long_conversation_follows_what_arrives_late_is_corrected_and_is_forgotten(
    runtime: Runtime, home: Home, score: Score, show: Show
) -> None:
    for day in range(6):
        names = score(*[day * 10 - 30] * 30, at=AT + day * 86_400)
    early = score(-100, 90, at=AT + 40_000)
    one = show().ticket
    assert (one.messages_scored, one.lowest_score, one.first_score, one.score) == (182, -100, -30, 20)

    corrections.correct(runtime, home.slug, home.connection, "T-1", early[0], "neutral", "somebody")
    assert show().ticket.lowest_score == -30
    gone = Forgotten("T-1", names[-1])
    runtime.database.write(lambda c: forget(c, home.workspace_id, home.connection, gone, time.time()))
    assert show().ticket.messages_scored == 181
    score(*[None] * 60, at=AT + 7 * 86_400)
    told = show()
    assert (told.ticket.messages_scored, told.ticket.messages_unknown, told.ticket.score) == (241, 60, 20)
    assert told.history[-1].current_avg == told.ticket.current_avg


def test_the_command_shows_the_history(
    runtime: Runtime, home: Home, score: Score, monkeypatch: pytest.MonkeyPatch
) -> None:
    score(80, -90)
    settings = runtime.settings
    monkeypatch.setenv("MOODBRIDGE_SECRET_KEY", settings.secret_keys[0].reveal())
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("REDIS_URL", settings.redis_url or "")
    monkeypatch.setenv("MOODBRIDGE_DATA_DIR", str(settings.data_dir))

    told = CliRunner().invoke(moodbridge, ["ticket", home.slug, home.connection, "T-1", "--json"])

    value = json.loads(told.stdout)
    assert (value["first_score"], value["lowest_score"], value["score"]) == (0.8, -0.9, -0.9)
    assert [point["current_avg"] for point in value["history"]] == [0.8, -0.05]
