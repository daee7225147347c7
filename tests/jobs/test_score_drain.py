"""The score drain with the embedded scorer: a verdict for every message, and no words kept."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bridge import connections, workspaces
from bridge.model import ScorerName, Verdict
from bridge.runtime import Runtime
from bridge.scoring import offline, scorers
from bridge.store.queue import OWN_ERRORS
from bridge.store.tables import State, metadata
from tests.jobs.desk import Desk, Floor
from tests.waiting import eventually


class Scorer:
    """Stands in for the embedded scorer: counts, waits for its gate, or fails."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.gate: threading.Event | None = None
        self.error: Exception | None = None
        self.indicators: tuple[str, ...] = ()

    def __call__(self, text: str) -> Verdict:
        self.texts.append(text)
        if self.gate is not None:
            assert self.gate.wait(60)
        if self.error is not None:
            raise self.error
        return Verdict(-80, None, self.indicators, (), ScorerName("test", "test", "1"))  # type: ignore[arg-type]


@pytest.fixture
def scorer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scorer]:
    made = Scorer()
    monkeypatch.setitem(scorers.SCORERS, "offline", made)
    yield made
    if made.gate is not None:
        made.gate.set()


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Thanks!", "positive"),
        ("How do I do X?", "neutral"),
        ("This is broken", "negative"),
        ("I'm cancelling", "urgent"),
    ],
)
def test_each_message_gets_its_label_and_says_who_gave_it(floor: Floor, text: str, label: str) -> None:
    floor.says(text)
    floor.drain("score")
    (row,) = floor.messages()
    assert (row.label, row.state) == (label, State.SETTLED)
    assert json.loads(row.scorer)[0] == offline.score(text).scorer.provider


def test_what_has_neither_letter_nor_emoji_is_unknown_and_never_neutral(floor: Floor) -> None:
    floor.says("123 ... ?!")
    floor.drain("score")
    (row,) = floor.messages()
    assert (row.label, row.score) == ("unknown", None)


def test_after_scoring_no_words_are_left_anywhere(floor: Floor, runtime: Runtime, scorer: Scorer) -> None:
    scorer.indicators = ("correct horse",)
    floor.says("correct horse battery staple")
    floor.drain("score", "writeback")
    assert floor.messages()[0].text is None
    with runtime.database.read() as connection:
        for table in metadata.tables.values():
            for row in connection.execute(sa.select(table)):
                assert not [value for value in row if isinstance(value, str) and "horse" in value]


def test_indicators_are_kept_encrypted_unless_the_workspace_wants_none(floor: Floor, scorer: Scorer) -> None:
    scorer.indicators = ("so angry",)
    floor.says("I am so angry")
    floor.drain("score")
    kept = floor.messages()[0].indicators
    assert json.loads(floor.runtime.vault.decrypt(kept)) == ["so angry"]
    workspaces.set(floor.runtime, floor.home.slug, {"indicators": "off"})
    floor.says("I am so angry again")
    floor.drain("score")
    assert floor.messages()[1].indicators is None


def test_labels_follow_the_workspaces_scale(floor: Floor, scorer: Scorer) -> None:
    workspaces.set(floor.runtime, floor.home.slug, {"scale": "five"})
    floor.says("whatever")
    floor.drain("score")
    assert floor.messages()[0].label == "very_negative"


def test_a_message_under_way_while_the_scale_changes_gets_its_label_by_the_new_one(
    floor: Floor, scorer: Scorer
) -> None:
    scorer.gate = threading.Event()
    floor.says("under way")
    engine = floor.engine("score")
    engine.look()
    floor.until_called(scorer.texts)
    workspaces.set(floor.runtime, floor.home.slug, {"scale": "five"})
    scorer.gate.set()
    eventually(lambda: floor.messages()[0].label, "the score")
    assert (floor.messages()[0].label, floor.tickets()[0].label) == ("very_negative", "very_negative")


def test_while_the_workspace_is_off_no_scorer_is_asked(floor: Floor, scorer: Scorer) -> None:
    floor.says("accepted while on")
    workspaces.set(floor.runtime, floor.home.slug, {"enabled": "off"})
    floor.drain("score")
    assert scorer.texts == []
    workspaces.set(floor.runtime, floor.home.slug, {"enabled": "on"})
    floor.drain("score")
    assert scorer.texts == ["accepted while on"]


def test_staff_messages_are_never_scored(floor: Floor, scorer: Scorer) -> None:
    floor.says("an answer of ours", author="staff")
    floor.drain("score")
    assert scorer.texts == []


def test_a_message_under_way_when_the_workspace_is_switched_off_settles(floor: Floor, scorer: Scorer) -> None:
    scorer.gate = threading.Event()
    floor.says("under way")
    engine = floor.engine("score")
    engine.look()
    floor.until_called(scorer.texts)
    workspaces.set(floor.runtime, floor.home.slug, {"enabled": "off"})
    scorer.gate.set()
    eventually(lambda: floor.messages()[0].label == "urgent", "the score")


def test_a_message_of_a_worker_that_died_is_scored_again_by_another(floor: Floor, scorer: Scorer) -> None:
    scorer.gate = threading.Event()
    floor.says("hold on")
    dying = floor.engine("score")
    dying.look()
    floor.until_called(scorer.texts)
    floor.kill(dying)
    scorer.gate.set()
    floor.drain("score")
    (row,) = floor.messages()
    assert (row.label, row.deaths) == ("urgent", 1)
    assert scorer.texts == ["hold on", "hold on"]


def test_a_scorer_that_always_fails_ends_in_a_dead_letter_that_keeps_its_text(floor: Floor, scorer: Scorer) -> None:
    scorer.error = RuntimeError("cannot score: hold on")
    floor.says("hold on")
    for _ in range(OWN_ERRORS):
        floor.drain("score")
        floor.all_due()
    (row,) = floor.messages()
    assert (row.state, row.last_error) == (State.DEAD, "RuntimeError")
    assert floor.runtime.vault.decrypt(row.text) == "hold on"


def test_a_ticket_of_a_disconnected_helpdesk_is_scored_and_not_written(floor: Floor, desk: Desk) -> None:
    floor.says("This is broken")
    connections.disconnect(floor.runtime, floor.home.connection)
    floor.drain("score", "writeback")
    assert floor.messages()[0].label == "negative"
    assert desk.written == []


def test_a_message_of_a_helpdesk_whose_connector_was_taken_away_is_scored(floor: Floor) -> None:
    floor.says("This is broken")
    floor.runtime = replace(floor.runtime, connectors={})
    floor.drain("score")
    assert floor.messages()[0].label == "negative"
    assert floor.tickets()[0].state == State.SETTLED
