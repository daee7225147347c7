"""The whole way: webhooks over HTTP from the account to the bridge, labels back into it, in fair weather and foul."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from bridge.connector import Target, TargetKind
from tests.connectors.zendesk.small_bridge import SCORES, SmallBridge, receiving, says
from tests.connectors.zendesk.world import World
from tests.hosts.zendesk.account import Field, Ticket, User
from tests.hosts.zendesk.hooks import Sender

LABELS = list(SCORES)


@dataclass
class Stage:
    world: World
    bridge: SmallBridge
    sender: Sender

    def settle(self) -> None:
        self.sender.settle()
        self.bridge.work()

    def updates(self) -> list[str]:
        return [path for method, path in self.world.account.calls if method == "PUT" and "/tickets/" in path]


@pytest.fixture
def stage(bare: World) -> Iterator[Stage]:
    bridge = SmallBridge(bare)
    with receiving(bridge) as hook_url:
        bare.access = replace(bare.access, hook_url=hook_url)
        bare.connect()
        sender = Sender(bare.account)
        yield Stage(bare, bridge, sender)
        sender.stop()


def test_a_customers_words_come_back_as_a_label(stage: Stage) -> None:
    ann = stage.world.account.person("Ann")
    ticket = stage.world.account.open_ticket(ann, says("negative"))
    stage.settle()
    assert stage.world.shown(ticket)[:2] == ("sentiment_negative", "-0.45")
    stage.world.account.reply(ticket, ann, says("urgent"))
    stage.settle()
    assert stage.world.shown(ticket)[:2] == ("sentiment_urgent", "-0.90")


@pytest.mark.parametrize("twice", [False, True])
def test_the_first_comment_is_one_message_whether_or_not_its_event_is_sent_too(stage: Stage, twice: bool) -> None:
    stage.world.account.first_comment_event = twice
    stage.world.account.open_ticket(stage.world.account.person("Ann"), says("negative"))
    stage.settle()
    assert len(stage.bridge.messages) == 1


def test_our_write_sets_nothing_off_that_comes_back(stage: Stage) -> None:
    stage.world.account.open_ticket(stage.world.account.person("Ann"), says("negative"))
    stage.settle()
    events = len(stage.sender.states)
    stage.bridge.poll()
    stage.settle()
    assert (len(stage.sender.states), len(stage.updates())) == (events, 1)


def test_after_an_hour_without_the_bridge_all_replies_are_labelled_within_fifteen_minutes(stage: Stage) -> None:
    account, clock = stage.world.account, stage.world.clock
    ann = account.person("Ann")
    tickets = [account.open_ticket(ann, says("neutral")) for _ in range(30)]
    stage.settle()
    stage.bridge.down = True
    for ticket in tickets:
        clock.advance(120)
        account.reply(ticket, ann, says("urgent"))
    stage.sender.settle()
    clock.advance(60)
    stage.bridge.down = False
    back_at = clock()
    while clock() - back_at < 900 and {stage.world.shown(ticket)[0] for ticket in tickets} != {"sentiment_urgent"}:
        stage.bridge.poll()
        stage.bridge.work()
        clock.advance(60)
    assert {stage.world.shown(ticket)[0] for ticket in tickets} == {"sentiment_urgent"}


def test_a_thousand_live_messages_in_a_minute_on_the_smallest_plan(stage: Stage) -> None:
    account, clock = stage.world.account, stage.world.clock
    account.limits.plan = 200
    ann = account.person("Ann")
    tickets = [account.open_ticket(ann, says("neutral")) for _ in range(200)]
    # The tickets themselves are old: only replies are asked of the live path.
    stage.sender.settle()
    stage.bridge.targets.clear()
    clock.advance(600)
    begun = len(account.calls)
    for number in range(1000):
        clock.advance(0.06)
        account.reply(tickets[number % 200], ann, says(LABELS[number % 3]))
        if number % 25 == 24:
            stage.sender.settle()
            stage.bridge._write()
    stage.settle()
    assert len(stage.bridge.messages) == 1000
    for number in range(800, 1000):
        assert stage.world.shown(tickets[number % 200])[0] == f"sentiment_{LABELS[number % 3]}"
    assert account.limits.refused == []
    assert account.limits.busiest_minute("account") <= 100
    assert not [path for method, path in account.calls[begun:] if path.endswith("/comments")]


@dataclass
class Office:
    """Agents who work on the tickets while the bridge does, and what must still be true at the end."""

    world: World
    bridge: SmallBridge
    smith: User
    dice: random.Random
    tags: dict[int, set[str]] = field(default_factory=dict)
    chosen: dict[int, tuple[float, str]] = field(default_factory=dict)
    said: dict[int, tuple[float, str]] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)

    def say(self, ticket: Ticket, customer: User) -> None:
        label = self.dice.choice(LABELS)
        comment = self.world.account.reply(ticket, customer, says(label))
        self.said[ticket.id] = (comment.created_at, label)

    def choose(self, ticket: Ticket) -> None:
        """Another label than stands there, once until the bridge has seen it: picking what we wrote last, or going
        back to it, cannot be told from our own write."""
        ours = self.bridge.written.get(str(ticket.id))
        shown = self.world.shown(ticket)[0]
        label = self.dice.choice([label for label in LABELS if f"sentiment_{label}" != shown])
        if ours is not None and shown == f"sentiment_{ours.label}":
            self.world.account.choose(ticket, self.smith, self.world.field("Sentiment"), f"sentiment_{label}")
            self.chosen[ticket.id] = (ticket.updated_at, label)

    def meddle(self, ticket: Ticket) -> None:
        account, what = self.world.account, self.dice.random()
        if what < 0.5:
            tag = f"agent_{self.dice.randrange(1000)}"
            account.tag(ticket, self.smith, add=[tag])
            self.tags[ticket.id].add(tag)
        elif what < 0.7 and self.tags[ticket.id]:
            tag = self.dice.choice(sorted(self.tags[ticket.id]))
            account.tag(ticket, self.smith, remove=[tag])
            self.tags[ticket.id].remove(tag)
        elif what < 0.85:
            account.reply(ticket, self.smith, "We look into it.", public=self.dice.random() < 0.5)
        elif what < 0.97:
            self.choose(ticket)
        else:
            account.close(ticket)
            self.closed.add(ticket.id)


@pytest.mark.parametrize("coupled_twice", [(True, False), (True, True)], ids=["created alone", "created and comment"])
def test_with_every_documented_failure_at_random_nothing_is_lost_and_nobody_else_is_touched(
    stage: Stage, coupled_twice: tuple[bool, bool]
) -> None:
    account, clock, dice = stage.world.account, stage.world.clock, random.Random(11)
    account.coupled, account.first_comment_event = coupled_twice
    account.items_count_as_updates = True
    account.fields[901] = Field(901, "text", "Order number")
    office = Office(stage.world, stage.bridge, account.smith, dice)
    ann = account.person("Ann")
    tickets = []
    for number in range(60):
        label = dice.choice(LABELS)
        ticket = account.open_ticket(ann, says(label), tags=["mobile"])
        ticket.fields[901] = f"order {number}"
        office.tags[ticket.id], office.said[ticket.id] = {"mobile"}, (ticket.created_at, label)
        tickets.append(ticket)
    account.faults.rate, account.faults.job_item_rate = 0.2, 0.15
    stage.sender.repeat, stage.sender.shuffle, stage.bridge.moody = 0.3, 0.5, 0.2
    for number in range(440):
        clock.advance(dice.uniform(0.5, 8))
        open_ones = [ticket for ticket in tickets if ticket.id not in office.closed]
        office.say(dice.choice(open_ones), ann)
        office.meddle(dice.choice(open_ones))
        if number % 20 == 19:
            stage.sender.settle()
            stage.bridge._read() or stage.bridge._write()
    for _ in range(3):
        clock.advance(700)
        stage.bridge.poll()
        stage.settle()

    account.faults.rate = 0.0
    thrown = set(account.faults.thrown)
    assert len(stage.bridge.messages) == sum(len([c for c in ticket.comments if c.public]) for ticket in tickets)
    assert stage.bridge.failed == []
    for ticket in tickets:
        ours = {tag for tag in ticket.tags if tag.startswith("sentiment_")}
        assert set(ticket.tags) - ours == office.tags[ticket.id]
        assert ticket.fields[901] == f"order {tickets.index(ticket)}"
        if ticket.id not in office.closed:
            said, chosen = office.said[ticket.id], office.chosen.get(ticket.id, (0.0, ""))
            assert stage.world.shown(ticket)[0] == f"sentiment_{max(said, chosen)[1]}"
    assert len(thrown) >= 7
    for name in ("account", "incremental"):
        assert account.limits.busiest_minute(name) <= account.limits.bucket(name).limit // 2


def test_a_hundred_tickets_take_at_most_two_writes(stage: Stage) -> None:
    account = stage.world.account
    for _ in range(100):
        account.open_ticket(account.person("Ann"), says("negative"))
    stage.sender.settle()
    stage.bridge._read()
    stage.settle()
    assert len(stage.updates()) <= 2


def test_a_trigger_that_names_a_ticket_is_enough(stage: Stage) -> None:
    ticket = stage.world.account.open_ticket(stage.world.account.person("Ann"), says("urgent"))
    stage.sender.settle()
    stage.bridge.targets.clear()
    stage.bridge.targets.append(Target(TargetKind.TICKET, str(ticket.id)))
    stage.bridge.work()
    assert stage.world.shown(ticket)[0] == "sentiment_urgent"
