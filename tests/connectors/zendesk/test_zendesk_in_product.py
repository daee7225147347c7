"""The connector inside the product: webhook, database, drains, and the label in the ticket."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask, request
from werkzeug.serving import make_server

from bridge import connections, workspaces
from bridge.receive import Receiver
from bridge.runtime import Runtime, open_runtime
from bridge.settings import Settings
from connectors.zendesk import CONNECTOR
from jobs import read, score, writeback
from jobs.engine import Engine
from tests.hosts.zendesk.account import Account, Ticket
from tests.hosts.zendesk.hooks import Sender
from tests.hosts.zendesk.server import Quiet, serve
from tests.waiting import eventually


@dataclass
class Product:
    account: Account
    sender: Sender

    def label(self, ticket: Ticket) -> str | None:
        field = next(one.id for one in self.account.fields.values() if one.title == "Sentiment")
        return ticket.fields.get(field)


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    opened = open_runtime(settings, {"zendesk": CONNECTOR})
    yield opened
    opened.close()


@pytest.fixture
def product(runtime: Runtime) -> Iterator[Product]:
    account = Account(job_seconds=0.05)
    with serve(account) as desk:
        slug = workspaces.add(runtime, "acme", None).slug
        options = {
            "subdomain": "acme",
            "client-id": "moodbridge",
            "client-secret": "s3cret-of-the-client",
            "base-url": desk.url,
        }
        hook = connections.connect(runtime, slug, "zendesk", options).hook_url.rpartition("/")[2]
        server = make_server("127.0.0.1", 0, hooks(Receiver(runtime)), threaded=True, request_handler=Quiet)
        for webhook in account.webhooks.values():
            webhook["endpoint"] = f"http://127.0.0.1:{server.port}/hooks/{hook}"
        stop = threading.Event()
        engines = [Engine(runtime, module.DRAIN) for module in (read, score, writeback)]
        threads = [threading.Thread(target=drain, args=(engine, stop)) for engine in engines]
        threads.append(threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}))
        for thread in threads:
            thread.start()
        sender = Sender(account)
        yield Product(account, sender)
        sender.stop()
        stop.set()
        server.shutdown()
        for engine in engines:
            engine.close(5)
        for thread in threads:
            thread.join(5)
        server.server_close()


def hooks(receiver: Receiver) -> Flask:
    app = Flask(__name__)

    @app.post("/hooks/<hook>")
    def receive(hook: str) -> Any:
        receiver.receive(hook, request.get_data(), {name.lower(): value for name, value in request.headers.items()})
        return "", 202

    return app


def drain(engine: Engine[Any, Any], stop: threading.Event) -> None:
    while not stop.wait(0.05):
        engine.run()


def test_words_come_back_as_a_label_and_later_words_are_written_over_a_persons_choice(product: Product) -> None:
    account = product.account
    ann = account.person("Ann")
    ticket = account.open_ticket(ann, "How do I do X?", tags=["mobile"])
    eventually(lambda: product.label(ticket) == "sentiment_neutral", "the first label")
    account.reply(ticket, ann, "I need this fixed NOW")
    eventually(lambda: product.label(ticket) == "sentiment_urgent", "the second label")
    field = next(one.id for one in account.fields.values() if one.title == "Sentiment")
    account.choose(ticket, account.smith, field, "sentiment_negative")
    account.reply(ticket, account.smith, "We are on it.")
    account.reply(ticket, ann, "This works perfectly")
    eventually(lambda: product.label(ticket) == "sentiment_positive", "the label after the person's")
    assert "mobile" in ticket.tags
    assert [call for call in account.calls if call[1].endswith("/comments")] == [
        ("GET", f"/api/v2/tickets/{ticket.id}/comments")
    ]


def test_many_tickets_are_labelled_by_few_writes(product: Product) -> None:
    ann = product.account.person("Ann")
    tickets = [product.account.open_ticket(ann, "This is broken") for _ in range(40)]
    eventually(lambda: all(product.label(ticket) == "sentiment_negative" for ticket in tickets), "all labels")
    assert len([call for call in product.account.calls if call[0] == "PUT" and "/tickets/" in call[1]]) < 20
