"""Sends an account's events to its webhooks as Zendesk does: signed raw bytes, repeats, any order, its retry table.

Rules: developer.zendesk.com "Creating and monitoring webhooks" and "Verifying webhook authenticity"; the retry table
as quoted by two write-ups of 2026: a time-out is tried 5 more times, 409 3 more, 429 and 503 only if Retry-After is
under 60 s, everything else ends it; the breaker opens when 70 % of the requests of 5 minutes failed.
"""

import base64
import hashlib
import hmac
import json
import random
import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests

from tests.hosts.zendesk.account import Account, Event, Json, stamp

RETRIES = {"timeout": 5, "409": 3, "wait": 3}
BREAKER_WINDOW = 300.0


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Base64 of HMAC-SHA256 over timestamp and raw body, keyed by the secret's own characters."""
    digest = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def envelope(event: Event, dice: random.Random) -> bytes:
    """The body as delivered: laid out with odd white space and a last newline, so that only raw bytes verify."""
    whole = {
        "account_id": 22129848,
        "id": str(uuid.UUID(int=dice.getrandbits(128))),
        "type": event.type,
        "subject": f"zen:ticket:{event.ticket_id}",
        "time": stamp(event.at)[:-1] + f".{dice.randrange(10**9):09d}Z",
        "zendesk_event_version": "2022-11-06",
        "detail": event.detail,
        "event": event.body,
    }
    separators = dice.choice([(",", ": "), (" ,", " :  "), (",", ":")])
    text = json.dumps(whole, indent=dice.choice([None, 3]), separators=separators, ensure_ascii=dice.random() < 0.5)
    return text.encode() + b"\n"


@dataclass
class Delivery:
    url: str
    secret: str
    webhook_id: str
    body: bytes
    attempts: int = 0
    due: float = 0.0


@dataclass
class Sender:
    """Delivers on one thread. `patience` scales every pause, so that tests wait milliseconds where Zendesk waits
    seconds; `repeat` and `shuffle` are the shares of deliveries sent twice and sent out of order."""

    account: Account
    repeat: float = 0.0
    shuffle: float = 0.0
    patience: float = 0.01
    timeout: float = 12.0
    seed: int = 1
    skew: float = 0.0
    address: str | None = None
    """Where the internet leads to on this machine: stands for scheme and host of every endpoint."""
    waiting: deque[Delivery] = field(default_factory=deque)
    states: list[str] = field(default_factory=list)
    outcomes: deque[tuple[float, bool]] = field(default_factory=deque)
    open_until: float = 0.0
    busy: int = 0

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.turn = threading.Condition()
        self.stopped = False
        self.account.listeners.append(self.tell)
        self.thread = threading.Thread(target=self._run, daemon=True, name="zendesk-hooks")
        self.thread.start()

    def tell(self, event: Event) -> None:
        for hook in list(self.account.webhooks.values()):
            if hook["status"] != "active" or event.type not in hook["subscriptions"]:
                continue
            delivery = Delivery(hook["endpoint"], hook["secret"], hook["id"], envelope(event, self.dice))
            copies = 2 if self.dice.random() < self.repeat else 1
            with self.turn:
                for _ in range(copies):
                    place = self.dice.randrange(len(self.waiting) + 1) if self.dice.random() < self.shuffle else None
                    copy = Delivery(delivery.url, delivery.secret, delivery.webhook_id, delivery.body)
                    self.waiting.append(copy) if place is None else self.waiting.insert(place, copy)
                self.turn.notify_all()

    def settle(self, seconds: float = 20.0) -> None:
        """Returns when everything was delivered or given up."""
        with self.turn:
            if not self.turn.wait_for(lambda: not self.waiting and not self.busy, seconds):
                raise AssertionError(f"{len(self.waiting)} webhooks still wait")

    def stop(self) -> None:
        with self.turn:
            self.stopped = True
            self.turn.notify_all()
        self.thread.join(5)

    def _run(self) -> None:
        with requests.Session() as session:
            while True:
                with self.turn:
                    self.turn.wait_for(lambda: self.stopped or self.waiting)
                    if self.stopped:
                        return
                    delivery = min(self.waiting, key=lambda one: one.due)
                    pause = delivery.due - time.monotonic()
                    if pause > 0:
                        self.turn.wait(pause)
                        continue
                    self.waiting.remove(delivery)
                    self.busy += 1
                state, again = self._attempt(session, delivery)
                with self.turn:
                    if again is None:
                        self.states.append(state)
                    else:
                        delivery.due = time.monotonic() + again * self.patience
                        self.waiting.append(delivery)
                    self.busy -= 1
                    self.turn.notify_all()

    def _attempt(self, session: requests.Session, delivery: Delivery) -> tuple[str, float | None]:
        """The state it ends in, and the pause before another try (None: no more)."""
        now = time.monotonic()
        if now < self.open_until:
            return "circuit broken", None
        delivery.attempts += 1
        timestamp = stamp(self.account.clock() + self.skew)
        headers = {
            "User-Agent": "Zendesk Webhook",
            "Content-Type": "application/json; charset=utf-8",
            "X-Zendesk-Account-Id": "22129848",
            "X-Zendesk-Webhook-Id": delivery.webhook_id,
            "X-Zendesk-Webhook-Invocation-Id": uuid.uuid4().hex,
            "X-Zendesk-Webhook-Signature": signature(delivery.secret, timestamp, delivery.body),
            "X-Zendesk-Webhook-Signature-Timestamp": timestamp,
        }
        try:
            url = delivery.url if self.address is None else self.address + urlsplit(delivery.url).path
            reply = session.post(url, data=delivery.body, headers=headers, timeout=self.timeout)
        except requests.RequestException:
            self._count(now, ok=False)
            return "failed", 1.0 if delivery.attempts <= RETRIES["timeout"] else None
        self._count(now, ok=reply.ok)
        if reply.ok:
            return "success", None
        if reply.status_code == 409 and delivery.attempts <= RETRIES["409"]:
            return "failed", 1.0
        wait = reply.headers.get("Retry-After", "")
        told = reply.status_code in (429, 503) and wait.isdigit() and int(wait) < 60
        if told and delivery.attempts <= RETRIES["wait"]:
            return "failed", float(wait)
        return "terminated", None

    def _count(self, now: float, ok: bool) -> None:
        self.outcomes.append((now, ok))
        while self.outcomes and now - self.outcomes[0][0] > BREAKER_WINDOW:
            self.outcomes.popleft()
        failed = sum(1 for _, good in self.outcomes if not good)
        if len(self.outcomes) >= 10 and failed / len(self.outcomes) >= 0.7:
            self.open_until = now + 5 * self.patience


def new_webhook(webhook_id: str, wanted: Json, secret: str, creator: int) -> Json:
    """A webhook as stored: what was asked for, with its id and signing secret."""
    return {**wanted, "id": webhook_id, "secret": secret, "created_by": str(creator), "status": wanted["status"]}
