"""The connector inside the product, as the issue asks for it: what it costs, what it survives, what it leaves alone."""

import base64
import hashlib
import hmac
import json
from importlib import import_module
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from bridge import workspaces
from bridge.store.tables import State, messages, read_requests, tickets, writes
from tests.connectors.zendesk.product import LABELS, POSTGRES_IN_SOAK, SAYS, SLUG, Product
from tests.hosts.zendesk.account import Ticket, stamp

PUT = "PUT"


def opened(product: Product, label: str = "neutral", **more: Any) -> Ticket:
    """A customer's ticket with its label."""
    ticket = product.account.open_ticket(product.account.person("Ann"), SAYS[label], **more)
    product.settle()
    assert product.label(ticket) == label
    return ticket


def customer(product: Product, ticket: Ticket) -> Any:
    return product.account.users[ticket.requester_id]


def updates(product: Product, since: int = 0) -> list[tuple[str, str]]:
    return [call for call in product.account.calls[since:] if call[0] == PUT and "/tickets/" in call[1]]


# The life of a ticket


def test_words_come_back_as_a_label_and_later_words_are_written_over_a_persons_choice(product: Product) -> None:
    account = product.account
    ticket = opened(product, tags=["mobile"])
    account.reply(ticket, customer(product, ticket), SAYS["urgent"])
    product.settle()
    assert product.label(ticket) == "urgent"
    product.clock.advance(5)
    account.choose(ticket, account.smith, product.field(), "sentiment_negative")
    account.reply(ticket, account.smith, "We are on it.")
    product.settle()
    assert product.label(ticket) == "negative"
    product.clock.advance(5)
    account.reply(ticket, customer(product, ticket), SAYS["positive"])
    product.settle()
    assert product.label(ticket) == "positive"
    assert "mobile" in ticket.tags


def test_a_public_staff_reply_is_kept_without_its_text_and_a_note_is_not_kept(product: Product) -> None:
    ticket = opened(product)
    product.account.reply(ticket, product.account.smith, "Have you tried turning it off and on?")
    product.account.reply(ticket, product.account.smith, "Annoying customer", public=False)
    product.settle()
    staff = product.rows(messages, messages.c.author == "staff")
    assert [(row.state, row.text, row.author_id) for row in staff] == [
        (State.KEPT, None, str(product.account.smith.id))
    ]


def test_a_label_that_an_agent_chose_is_learnt_from_the_event_of_their_reply(product: Product) -> None:
    ticket = opened(product, "negative")
    product.clock.advance(5)
    product.account.choose(ticket, product.account.smith, product.field(), "sentiment_positive")
    product.account.reply(ticket, product.account.smith, "You sound happy.")
    product.settle()
    (row,) = product.rows(tickets)
    assert (product.label(ticket), row.label, row.held_at is not None) == ("positive", "positive", True)


def test_our_own_writes_set_nothing_off(product: Product) -> None:
    opened(product, "negative")
    product.clock.advance(700)
    assert [call for call in product.calls_of(lambda: None) if call[0] == PUT] == []


# What it costs


def test_a_live_message_costs_no_read_and_one_write(product: Product) -> None:
    ticket = opened(product)
    calls = product.calls_of(lambda: product.account.reply(ticket, customer(product, ticket), SAYS["urgent"]))
    assert calls == [(PUT, f"/api/v2/tickets/{ticket.id}")]


def test_a_live_message_that_changes_nothing_costs_nothing(product: Product) -> None:
    ticket = opened(product)
    assert product.calls_of(lambda: product.account.reply(ticket, customer(product, ticket), SAYS["neutral"])) == []
    assert product.rows(tickets)[0].messages_scored == 2


def test_a_new_ticket_costs_the_read_of_its_comments_and_one_write(product: Product) -> None:
    ticket: list[Ticket] = []
    calls = product.calls_of(
        lambda: ticket.append(product.account.open_ticket(product.account.person("Ann"), SAYS["negative"]))
    )
    assert calls == [("GET", f"/api/v2/tickets/{ticket[0].id}/comments"), (PUT, f"/api/v2/tickets/{ticket[0].id}")]


def test_in_bulk_a_hundred_tickets_are_two_writes_and_solved_ones_are_left_alone(product: Product) -> None:
    account = product.account
    many = [account.open_ticket(account.person("Ann"), SAYS["urgent"]) for _ in range(100)]
    product.settle()
    assert product.labels(many) == {"urgent"}
    many[0].status = "solved"
    product.stop()
    workspaces.set(product.runtime, SLUG, {"scale": "five"})
    product.connect()
    since = len(account.calls)
    product.start()
    product.settle()
    assert (product.label(many[0]), product.labels(many[1:])) == ("urgent", {"very_negative"})
    assert len(updates(product, since)) <= 2


def test_many_tickets_at_once_are_labelled_by_few_writes(product: Product) -> None:
    account = product.account
    many = [account.open_ticket(account.person("Ann"), SAYS["negative"]) for _ in range(40)]
    product.settle()
    assert product.labels(many) == {"negative"}
    assert len(updates(product)) < 20


# What is taken back


@pytest.mark.parametrize("way", ["redacted", "made private"])
def test_a_comment_that_is_taken_back_is_forgotten_and_the_ticket_shows_the_one_before(
    product: Product, way: str
) -> None:
    ticket = opened(product, "neutral")
    comment = product.account.reply(ticket, customer(product, ticket), SAYS["urgent"])
    product.settle()
    take_back = product.account.redact if way == "redacted" else product.account.make_private
    take_back(ticket, comment, product.account.smith)
    product.settle()
    assert product.label(ticket) == "neutral"
    (row,) = product.rows(messages, messages.c.message_id == str(comment.id))
    assert (row.state, row.label, row.author_id) == (State.FORGOTTEN, None, None)


def test_a_ticket_of_which_nothing_is_left_shows_no_label_and_keeps_what_others_set(product: Product) -> None:
    ticket = opened(product, "urgent", tags=["mobile"])
    first = ticket.comments[0]
    product.account.redact(ticket, first, product.account.smith)
    product.settle()
    assert product.label(ticket) is None
    assert [ticket.fields.get(product.field(title)) for title in ("Sentiment score", "Sentiment trend")] == [None, None]
    assert "mobile" in ticket.tags
    assert product.rows(tickets) == []


def test_of_a_ticket_that_is_deleted_for_good_nothing_stays(product: Product) -> None:
    ticket = opened(product, "negative")
    product.account.delete_for_good(ticket, product.account.admin)
    product.settle()
    for table in (messages, tickets, writes, read_requests):
        assert product.rows(table) == []


def test_what_was_taken_back_while_the_bridge_was_down_is_forgotten_too(product: Product) -> None:
    ticket = opened(product, "neutral")
    comment = product.account.reply(ticket, customer(product, ticket), SAYS["urgent"])
    product.settle()
    product.stop()
    product.account.redact(ticket, comment, product.account.smith)
    product.clock.advance(3600)
    product.start()
    product.settle()
    assert product.label(ticket) == "neutral"


# Ways in beside our webhook


def test_after_an_hour_without_the_bridge_all_replies_are_labelled_within_fifteen_minutes(product: Product) -> None:
    account = product.account
    some = [account.open_ticket(account.person("Ann"), SAYS["neutral"]) for _ in range(30)]
    product.settle()
    product.stop()
    for ticket in some:
        product.clock.advance(120)
        account.reply(ticket, customer(product, ticket), SAYS["urgent"])
    product.sender.settle(60)
    product.clock.advance(30)
    product.start()
    back_at = product.clock()
    while product.labels(some) != {"urgent"} and product.clock() - back_at < 900:
        product.settle()
        product.clock.advance(10)
    assert product.labels(some) == {"urgent"}
    assert product.clock() - back_at < 900
    assert len(product.rows(messages)) == 60


def test_without_a_public_address_the_poll_alone_labels_within_three_minutes(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("connectors.zendesk.install"), "reachable", lambda access: False)
    product.account.webhooks.clear()
    assert any("every minute" in step for step in product.connect().installed)
    product.settle()
    ticket = product.account.open_ticket(product.account.person("Ann"), SAYS["negative"])
    begun = product.clock()
    while product.label(ticket) is None and product.clock() - begun < 180:
        product.clock.advance(10)
        product.settle()
    assert product.label(ticket) == "negative"


def test_events_that_were_signed_before_a_rotation_are_still_taken(product: Product) -> None:
    ticket = opened(product)
    (former,) = product.account.webhooks.values()
    (hook,) = {hook["endpoint"].rpartition("/")[2] for hook in product.account.webhooks.values()}
    product.connect(rotate=True)
    (renewed,) = product.account.webhooks.values()
    assert renewed["secret"] != former["secret"]
    for secret, status in ((former["secret"], 202), (renewed["secret"], 202), ("another", 401)):
        assert post(product, hook, secret, {"ticket_id": str(ticket.id)}).status_code == status
    product.clock.advance(86_401)
    assert post(product, hook, former["secret"], {"ticket_id": str(ticket.id)}).status_code == 401


def test_what_a_trigger_of_theirs_names_is_read_once_connect_has_seen_its_webhook(product: Product) -> None:
    account = product.account
    (mine,) = account.webhooks.values()
    given = {"id": "t", "name": "By trigger", "secret": "of theirs", "subscriptions": ["conditional_ticket_events"]}
    account.webhooks["t"] = {**mine, **given}
    mine["status"] = "inactive"
    hook = mine["endpoint"].rpartition("/")[2]
    ticket = account.open_ticket(account.person("Ann"), SAYS["negative"])
    assert post(product, hook, "of theirs", {"ticket_id": str(ticket.id)}).status_code == 401
    product.connect()
    assert post(product, hook, "of theirs", {"ticket_id": str(ticket.id)}).status_code == 202
    product.settle()
    assert product.label(ticket) == "negative"


def post(product: Product, hook: str, secret: str, body: object) -> requests.Response:
    raw, at = json.dumps(body).encode(), stamp(product.clock())
    digest = hmac.new(secret.encode(), at.encode() + raw, hashlib.sha256).digest()
    headers = {
        "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
        "X-Zendesk-Webhook-Signature-Timestamp": at,
    }
    return requests.post(f"{product.sender.address}/hooks/{hook}", data=raw, headers=headers, timeout=10)


# Load


@POSTGRES_IN_SOAK
def test_a_thousand_live_messages_in_a_minute_on_the_smallest_plan(product: Product) -> None:
    account, limits = product.account, product.account.limits
    limits.bucket("account").limit = 200
    some = [account.open_ticket(account.person("Ann"), SAYS["neutral"]) for _ in range(200)]
    product.settle()
    product.clock.advance(120)
    since, refused = len(account.calls), len(limits.refused)
    begun = product.clock()
    for number in range(1000):
        account.reply(some[number % 200], customer(product, some[number % 200]), SAYS[LABELS[number % 3]])
        behind = begun + number * 0.06 - product.clock()
        if behind > 0:
            product.clock.advance(behind)
    product.settle(300)
    assert [product.label(some[number % 200]) for number in range(800, 1000)] == [
        LABELS[number % 3] for number in range(800, 1000)
    ]
    assert product.rows(tickets, tickets.c.messages_scored < 6) == []
    assert len(limits.refused) == refused
    assert limits.busiest_minute("account") <= 100
    assert [call for call in account.calls[since:] if call[1].endswith("/comments")] == []
    assert len(updates(product, since)) <= 40


def test_the_two_databases_hold_no_open_write_at_the_end(product: Product) -> None:
    opened(product, "urgent")
    with product.runtime.database.read() as connection:
        assert connection.execute(sa.select(writes.c.state).distinct()).scalars().all() == ["done"]
