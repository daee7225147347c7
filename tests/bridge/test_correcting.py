"""A person's label, given here: it moves the score, stands against scorers, and the helpdesk follows."""

import pytest

from bridge import corrections, tickets
from bridge.errors import Invalid, NotFound
from bridge.runtime import Runtime
from bridge.store.tables import State
from bridge.store.tables import tickets as ticket_table
from tests import fakes
from tests.fakes import Home, scored


@pytest.fixture
def desk(runtime: Runtime) -> Home:
    """A workspace whose helpdesk takes labels."""
    return fakes.home(runtime, kind="writable")


def correct(runtime: Runtime, home: Home, message: str, label: str, ticket: str = "T-1") -> corrections.Corrected:
    return corrections.correct(runtime, home.slug, home.connection, ticket, message, label, by="tester")


def message_of(runtime: Runtime, home: Home) -> tickets.TicketMessage:
    return tickets.one(runtime, home.slug, home.connection, "T-1").messages[-1]


@pytest.mark.parametrize(
    ("score", "label", "moved"),
    [(-90, "neutral", -20), (80, "negative", -21), (10, "urgent", -71), (-90, "positive", 50), (-90, "unknown", None)],
)
def test_the_score_moves_to_the_nearest_value_with_the_label(
    runtime: Runtime, desk: Home, score: int, label: str, moved: int | None
) -> None:
    (message,) = scored(runtime, desk, "T-1", score)
    assert correct(runtime, desk, message, label).score == moved
    assert message_of(runtime, desk).label == label


def test_it_is_told_who_corrected_and_when(runtime: Runtime, desk: Home) -> None:
    (message,) = scored(runtime, desk, "T-1", -90)
    correct(runtime, desk, message, "neutral")
    shown = message_of(runtime, desk)
    assert shown.corrected_by == "tester"
    assert shown.corrected_at is not None


def test_the_ticket_follows_and_its_helpdesk_is_due(runtime: Runtime, desk: Home) -> None:
    _, second = scored(runtime, desk, "T-1", -90, -40)
    correct(runtime, desk, second, "positive")
    with runtime.database.read() as db:
        row = db.execute(ticket_table.select()).one()
    assert (row.label, row.score, row.state) == ("positive", 50, State.PENDING)


def test_the_same_label_again_changes_nothing(runtime: Runtime, desk: Home) -> None:
    (message,) = scored(runtime, desk, "T-1", -40)
    assert correct(runtime, desk, message, "negative").score == -40
    assert message_of(runtime, desk).corrected_by is None


def test_a_label_that_is_not_of_the_scale_is_refused(runtime: Runtime, desk: Home) -> None:
    (message,) = scored(runtime, desk, "T-1", -40)
    with pytest.raises(Invalid):
        correct(runtime, desk, message, "furious")


def test_another_workspaces_message_is_not_found(runtime: Runtime, desk: Home, home: Home) -> None:
    (message,) = scored(runtime, desk, "T-1", -40)
    with pytest.raises(NotFound):
        corrections.correct(runtime, home.slug, desk.connection, "T-1", message, "neutral", by="stranger")


def test_a_message_that_nobody_knows_is_not_found(runtime: Runtime, desk: Home) -> None:
    scored(runtime, desk, "T-1", -40)
    with pytest.raises(NotFound):
        correct(runtime, desk, "m-none", "neutral")
