"""Scoring anew what was scored offline: the text is read again from the helpdesk, and nothing alerts."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bridge import providers, rescore
from bridge.connector import Access, Received, Target
from bridge.errors import Invalid
from bridge.model import Author, Message, Origin
from bridge.runtime import Runtime, open_runtime
from bridge.settings import Settings
from bridge.store.tables import State, messages
from jobs.engine import Engine
from jobs.read import DRAIN as READ
from tests import fakes
from tests.fakes import FAKE, Home
from tests.hosts.provider import FakeProvider
from tests.jobs.provided import Draining, caveats, receive, rows, scorer, use
from tests.waiting import eventually

TEXTS = {f"T-{number}": f"Order {number} is broken" for number in range(3)}


def read(access: Access, target: Target) -> Received:
    """The helpdesk's answer: the ticket's messages as they arrived, and one that never did."""
    known = Message(target.name, f"of-{target.name}", Author.CUSTOMER, "c-1", TEXTS[target.name], 1_790_000_000.0)
    return Received((known, replace(known, message_id=f"more-{target.name}", text="A newer one, is it broken?")))


READABLE = replace(FAKE, kind="readable", capabilities=replace(FAKE.capabilities, readable=True), read=read)


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    opened = open_runtime(settings, {FAKE.kind: FAKE, READABLE.kind: READABLE})
    yield opened
    opened.close()


@pytest.fixture
def home(runtime: Runtime) -> Home:
    return fakes.home(runtime, kind="readable")


@pytest.fixture
def offline(runtime: Runtime, home: Home, drain: Draining, provider: FakeProvider) -> None:
    """Three messages that were scored offline, as the account was empty; it no longer is."""
    use(runtime, home, provider)
    provider.state.fail_next("no_money")
    items = [fakes.message(ticket, f"of-{ticket}", text=text) for ticket, text in TEXTS.items()]
    body, headers = home.event(items)
    fakes.Receiver(runtime).receive(home.hook, body, headers)
    drain.all(home)
    providers.test(runtime, home.slug)


def read_all(runtime: Runtime) -> None:
    engine = Engine(runtime, READ)
    eventually(lambda: engine.look() == 0 and not engine.run(), "all reads")
    engine.close(5)


@pytest.mark.usefixtures("offline")
def test_what_was_scored_offline_is_read_again_and_scored_by_the_provider(
    runtime: Runtime, home: Home, drain: Draining
) -> None:
    done = {row.message_id for row in rows(runtime, home) if scorer(row) == "openai"}
    asked = rescore.rescore(runtime, home.slug)
    assert asked == rescore.Rescore(messages=3 - len(done), tickets=3 - len(done), no_source=0)
    read_all(runtime)
    found = [row for row in drain.all(home) if row.message_id.startswith("of-")]
    assert {scorer(row) for row in found} == {"openai"}
    assert not any(caveats(row) == ["offline_fallback"] for row in found)
    anew = [row for row in found if row.message_id not in done]
    assert {(row.origin, row.bulk, row.wanted, row.text) for row in anew} == {(Origin.RESCORE, 1, None, None)}


@pytest.mark.usefixtures("offline")
def test_until_then_the_ticket_shows_what_it_showed(runtime: Runtime, home: Home) -> None:
    before = {row.message_id: (row.label, row.score) for row in rows(runtime, home)}
    rescore.rescore(runtime, home.slug)
    read_all(runtime)
    waiting = [row for row in rows(runtime, home) if row.message_id.startswith("of-")]
    assert any(row.state == State.PENDING for row in waiting)
    assert {row.message_id: (row.label, row.score) for row in waiting} == before


@pytest.mark.usefixtures("offline")
def test_what_a_person_corrected_is_left_alone(runtime: Runtime, home: Home, drain: Draining) -> None:
    correction = {"label": "urgent", "score": -80, "corrected_by": "anna", "corrected_at": 1_790_000_001.0}
    runtime.database.write(lambda connection: connection.execute(sa.update(messages).values(**correction)))
    assert rescore.rescore(runtime, home.slug).messages == 0


@pytest.mark.usefixtures("offline")
def test_a_correction_made_while_it_is_scored_anew_stands(runtime: Runtime, home: Home, drain: Draining) -> None:
    rescore.rescore(runtime, home.slug)
    read_all(runtime)
    correction = {"label": "urgent", "score": -80, "corrected_by": "anna", "corrected_at": 1_790_000_001.0}
    runtime.database.write(lambda connection: connection.execute(sa.update(messages).values(**correction)))
    found = [row for row in drain.all(home) if row.message_id.startswith("of-")]
    assert {(row.label, row.score) for row in found} == {("urgent", -80)}


@pytest.mark.usefixtures("offline")
def test_a_message_sent_again_by_the_helpdesk_brings_its_text_too_and_stays_bulk(
    runtime: Runtime, home: Home, drain: Draining
) -> None:
    asked = rescore.rescore(runtime, home.slug).messages
    body, headers = home.event([fakes.message(ticket, f"of-{ticket}", text=text) for ticket, text in TEXTS.items()])
    receipt = fakes.Receiver(runtime).receive(home.hook, body, headers)
    assert (receipt.accepted, receipt.duplicates) == (asked, 3 - asked)
    assert {scorer(row) for row in drain.all(home)} == {"openai"}
    assert {row.origin for row in rows(runtime, home) if row.scored_at and row.origin != "live"} == {"rescore"}


def test_a_helpdesk_that_cannot_be_read_again_is_told(
    runtime: Runtime, drain: Draining, provider: FakeProvider
) -> None:
    home = fakes.home(runtime)
    use(runtime, home, provider)
    provider.state.fail_next("refused")
    receive(runtime, home, ["This is broken"])
    drain.all(home)
    assert rescore.rescore(runtime, home.slug) == rescore.Rescore(messages=0, tickets=0, no_source=1)


def test_without_a_working_provider_nothing_is_asked_for(runtime: Runtime, home: Home) -> None:
    with pytest.raises(Invalid, match="none is set"):
        rescore.rescore(runtime, home.slug)
