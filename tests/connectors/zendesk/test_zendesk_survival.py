"""The product while Zendesk fails in every documented way at random and agents work on the same tickets."""

import random
from dataclasses import dataclass, field

from bridge.store.tables import State, messages, tickets, writes
from tests.connectors.zendesk.product import LABELS, POSTGRES_IN_SOAK, SAYS, Product
from tests.hosts.zendesk.account import Field, Ticket, User

MESSAGES = 500
TICKETS = 60


@dataclass
class Office:
    """Customers who write and agents who tag, answer, correct and close; and what must be true at the end."""

    product: Product
    dice: random.Random
    ann: User
    tags: dict[int, set[str]] = field(default_factory=dict)
    said: dict[int, tuple[float, str]] = field(default_factory=dict)
    chosen: dict[int, tuple[float, str]] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)

    def open(self, number: int) -> Ticket:
        label = self.dice.choice(LABELS)
        ticket = self.product.account.open_ticket(self.ann, SAYS[label], tags=["mobile"])
        ticket.fields[901] = f"order {number}"
        self.tags[ticket.id], self.said[ticket.id] = {"mobile"}, (ticket.created_at, label)
        return ticket

    def say(self, ticket: Ticket) -> None:
        label = self.dice.choice(LABELS)
        comment = self.product.account.reply(ticket, self.ann, SAYS[label])
        self.said[ticket.id] = (comment.created_at, label)

    def meddle(self, ticket: Ticket) -> None:
        account, smith, what = self.product.account, self.product.account.smith, self.dice.random()
        if what < 0.5:
            tag = f"agent_{self.dice.randrange(1000)}"
            account.tag(ticket, smith, add=[tag])
            self.tags[ticket.id].add(tag)
        elif what < 0.7 and self.tags[ticket.id]:
            tag = self.dice.choice(sorted(self.tags[ticket.id]))
            account.tag(ticket, smith, remove=[tag])
            self.tags[ticket.id].remove(tag)
        elif what < 0.85:
            account.reply(ticket, smith, "We look into it.", public=self.dice.random() < 0.5)
        elif what < 0.97:
            self.correct(ticket)
        else:
            account.close(ticket)
            self.closed.add(ticket.id)

    def correct(self, ticket: Ticket) -> None:
        """An agent picks another label, once until the bridge has seen it: going back to what the bridge wrote last
        cannot be told from the bridge's own write."""
        account, shown = self.product.account, self.product.label(ticket)
        with account.lock:
            if shown is not None and shown == self.product.written_label(ticket):
                label = self.dice.choice([label for label in LABELS if label != shown])
                account.choose(ticket, account.smith, self.product.field(), f"sentiment_{label}")
                self.chosen[ticket.id] = (ticket.updated_at, label)

    def last(self, ticket: Ticket) -> str:
        """What the ticket should show: what was said or chosen last."""
        return max(self.said[ticket.id], self.chosen.get(ticket.id, (0.0, "")))[1]


@POSTGRES_IN_SOAK
def test_500_messages_through_every_failure_end_right_and_nobody_elses_work_is_touched(product: Product) -> None:
    account, dice = product.account, random.Random(11)
    # Nobody knows which Zendesk does: each database sees one of the two.
    account.first_comment_event = product.runtime.database.is_sqlite
    account.items_count_as_updates = True
    account.fields[901] = Field(901, "text", "Order number")
    office = Office(product, dice, account.person("Ann"))
    some = [office.open(number) for number in range(TICKETS)]
    account.faults.rate, account.faults.job_item_rate = 0.2, 0.15
    product.sender.repeat, product.sender.shuffle, product.front.moody = 0.3, 0.5, 0.2
    for number in range(MESSAGES - TICKETS):
        product.clock.advance(dice.uniform(0.5, 8))
        at_work = [ticket for ticket in some if ticket.id not in office.closed]
        office.say(dice.choice(at_work))
        office.meddle(dice.choice(at_work))
        if number % 20 == 19:
            product.settle()
    for _ in range(3):
        product.clock.advance(700)
        product.settle()

    account.faults.rate = 0.0
    assert len(set(account.faults.thrown)) >= 7
    public = sum(len([comment for comment in ticket.comments if comment.public]) for ticket in some)
    assert len(product.rows(messages)) == public
    assert product.rows(messages, messages.c.state == int(State.DEAD)) == []
    assert product.rows(tickets, tickets.c.state == int(State.DEAD)) == []
    assert product.rows(writes, writes.c.state == "sending") == []
    for ticket in some:
        ours = {tag for tag in ticket.tags if tag.startswith("sentiment_")}
        assert set(ticket.tags) - ours == office.tags[ticket.id]
        assert ticket.fields[901] == f"order {some.index(ticket)}"
        if ticket.id not in office.closed:
            assert product.label(ticket) == office.last(ticket)
        assert len(account.limits.taken[f"ticket/{ticket.id}"]) <= 2 * len(ticket.comments) + 12
    for name in ("account", "incremental"):
        assert account.limits.busiest_minute(name) <= account.limits.bucket(name).limit // 2
