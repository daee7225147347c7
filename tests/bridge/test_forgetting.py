"""What is forgotten on request is gone, and only that."""

import pytest
import sqlalchemy as sa

from bridge import forgetting
from bridge.errors import Invalid
from bridge.receive import Receiver
from bridge.runtime import Runtime
from bridge.store.tables import messages, tickets
from tests import fakes
from tests.fakes import Home


def rows(runtime: Runtime, table: sa.Table) -> list[sa.Row[tuple[object, ...]]]:
    with runtime.database.read() as connection:
        return list(connection.execute(sa.select(table).order_by(table.c.id)))


def test_a_ticket_goes_with_its_messages_and_others_stay(runtime: Runtime, home: Home) -> None:
    fakes.scored(runtime, home, "T-1", -80, -60)
    fakes.scored(runtime, home, "T-2", 50)
    removed = forgetting.forget_ticket(runtime, home.slug, "T-1")
    assert (removed.tickets, removed.messages) == (1, 2)
    assert [row.ticket_id for row in rows(runtime, tickets)] == ["T-2"]
    assert [row.ticket_id for row in rows(runtime, messages)] == ["T-2"]


def test_of_an_author_no_score_and_no_words_stay(runtime: Runtime, home: Home) -> None:
    fakes.scored(runtime, home, "T-1", -80)
    receiver = Receiver(runtime)
    receiver.receive(home.hook, *home.event([fakes.message("T-1", author_id="c-2")]))
    removed = forgetting.forget_author(runtime, home.slug, "c-1")
    assert (removed.tickets, removed.messages) == (1, 1)
    assert [(row.author_id, row.score, row.text is None) for row in rows(runtime, messages)] == [
        (None, None, True),
        ("c-2", None, False),
    ]


def test_another_workspace_keeps_what_the_author_wrote(runtime: Runtime, home: Home) -> None:
    other = fakes.home(runtime)
    for one in (home, other):
        fakes.scored(runtime, one, "T-1", -80)
    forgetting.forget_author(runtime, home.slug, "c-1")
    assert [row.score for row in rows(runtime, messages) if row.workspace_id == other.workspace_id] == [-80]


def test_what_is_not_there_is_said(runtime: Runtime, home: Home) -> None:
    with pytest.raises(Invalid, match="no ticket T-9"):
        forgetting.forget_ticket(runtime, home.slug, "T-9")
    with pytest.raises(Invalid, match="no message by c-9"):
        forgetting.forget_author(runtime, home.slug, "c-9")
