"""Old Zendesk tickets: few calls, each scored and written once."""

from collections.abc import Iterator

import pytest

from bridge import runs, undo
from bridge.runtime import open_runtime
from bridge.settings import Settings
from connectors.zendesk import rate
from connectors.zendesk.breaker import Breaker
from connectors.zendesk.listing import DESCRIPTION
from tests.contract.bridge import SLUG, Bridge
from tests.contract.test_contract_zendesk import ZendeskAccount
from tests.hosts.zendesk.account import Account, Ticket
from tests.hosts.zendesk.server import serve

TICKETS = 250
LONGER = 75


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    with request.getfixturevalue("sqlite_files").fresh() as url:
        yield url


@pytest.fixture
def helpdesk(monkeypatch: pytest.MonkeyPatch) -> Iterator[ZendeskAccount]:
    monkeypatch.setattr("connectors.zendesk.bulk.POLLS", (0.02, 0.1, 0.3, 1.0))
    monkeypatch.setattr("connectors.zendesk.client._breaker", Breaker())
    monkeypatch.setattr(rate, "MINUTE", 1)  # whoever waits for the account's minute, waits a second
    account = Account(job_seconds=0.02)
    account.limits.bucket("account").limit = 100_000
    with serve(account) as running:
        yield ZendeskAccount(running)


@pytest.fixture
def bridge(settings: Settings, helpdesk: ZendeskAccount) -> Iterator[Bridge]:
    runtime = open_runtime(settings, {"zendesk": helpdesk.connector})
    yield Bridge(runtime, helpdesk)
    runtime.close()


@pytest.fixture
def old(helpdesk: ZendeskAccount, bridge: Bridge) -> list[Ticket]:
    """Tickets of one second, of which 30 in 100 have two messages; no webhook told of them."""
    account = helpdesk.account
    customer = account.person("Ana")
    made = [account.open_ticket(customer, f"This is broken, {number}") for number in range(TICKETS)]
    for ticket in made[:LONGER]:
        account.reply(ticket, customer, "Still broken")
    return made


def backfilled(bridge: Bridge, limit: int | None = None) -> runs.Run:
    run = runs.begin(bridge.runtime, SLUG, limit)
    for _ in range(40):
        bridge.drain("read", "score", "writeback")
        runs.end_finished(bridge.runtime)
        done = runs.show(bridge.runtime, SLUG, run.run)
        if done.state == "done" and done.written == done.found:
            return done
        bridge.waits()
    raise AssertionError(f"not done: {done}")


def test_every_ticket_is_scored_and_written_with_few_calls(
    bridge: Bridge, helpdesk: ZendeskAccount, old: list[Ticket]
) -> None:
    before = helpdesk.calls()
    done = backfilled(bridge)
    assert (done.found, done.scored, done.written, done.messages) == (TICKETS, TICKETS, TICKETS, TICKETS + LONGER)
    assert {helpdesk.label(str(ticket.id)) for ticket in old} == {"negative"}
    # At most 350 for 1,000 tickets, and the first page costs what the last one does.
    assert helpdesk.calls() - before <= TICKETS * 0.36


def test_a_ticket_read_whole_later_holds_its_first_message_once(
    bridge: Bridge, helpdesk: ZendeskAccount, old: list[Ticket]
) -> None:
    backfilled(bridge, 1)
    newest = str(old[-1].id)
    assert [message for _, message, _ in bridge.messages()] == [DESCRIPTION]
    bridge.reads(newest)
    bridge.drain("read", "score")
    assert bridge.ticket(newest).messages_scored == 1


def test_tickets_that_staff_opened_are_passed_over(bridge: Bridge, helpdesk: ZendeskAccount) -> None:
    account = helpdesk.account
    customer = account.person("Ana")
    account.open_ticket(customer, "Called us, was angry", submitter=account.smith)
    account.open_ticket(customer, "This is broken")
    done = backfilled(bridge)
    assert (done.found, dict(done.skipped)) == (1, {"by_staff": 1})


def test_an_undo_empties_the_fields_and_leaves_a_persons_label(
    bridge: Bridge, helpdesk: ZendeskAccount, old: list[Ticket]
) -> None:
    run = backfilled(bridge).run
    helpdesk.person_labels(str(old[3].id), "positive")
    done = undo.undo(bridge.runtime, run)
    assert (done.put_back, dict(done.skipped)) == (TICKETS - 1, {"person": 1})
    assert {helpdesk.label(str(ticket.id)) for ticket in old} == {None, "positive"}
