"""Sends the events that wait to the webhooks, and again later when nobody takes them.

A delivery keeps its `webhook-id` over all attempts and restarts, so that the receiver can tell a repeat.
"""

import logging
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from bridge import signing
from bridge.http import Http, HttpError
from connectors.sandbox.desk import hooks
from connectors.sandbox.desk.database import Database

log = logging.getLogger("moodbridge.sandbox.outbox")

_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the next attempt; the last one repeats."""
_GIVE_UP_AFTER = 3 * 86_400.0
_LONGEST_PAUSE = 300.0
_SETTLING_IN = 60.0
"""So long after a secret was made the receiver may not have stored it yet: its 401 or 404 is not final."""
_SENDERS = 8


@dataclass(frozen=True, slots=True)
class _Delivery:
    number: int
    webhook: int
    url: str
    secret: str = field(repr=False)
    secret_age: float
    event_id: str
    age: float
    attempts: int
    body: bytes = field(repr=False)


def pause_after(
    status: int | None, retry_after: float | None, attempts: int, age: float, secret_age: float
) -> float | None:
    """Seconds until the next attempt after an answer that is no 2xx (None: no answer); None when there is none.

    `attempts` counts the one just made; `age` is the event's, in seconds.
    """
    if age > _GIVE_UP_AFTER:
        return None
    unsettled = status in (401, 404) and secret_age < _SETTLING_IN
    if status is not None and 400 <= status < 500 and status not in (409, 429) and not unsettled:
        return None
    pause = _PAUSES[min(attempts, len(_PAUSES)) - 1]
    return min(max(pause, retry_after or 0), _LONGEST_PAUSE)


class Outbox:
    """The threads that send. What they hold when the process ends is sent again by the next one."""

    def __init__(self, database: Database, http: Http) -> None:
        self._database = database
        self._http = http
        self._held: set[int] = set()
        self._held_lock = threading.Lock()
        self._stopped = threading.Event()
        self._senders = ThreadPoolExecutor(_SENDERS, thread_name_prefix="sender")
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends after the calls in flight."""
        self._stopped.set()
        self._database.changed.set()
        self._thread.join()
        self._senders.shutdown()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._database.changed.clear()
            self._database.changed.wait(self._hand_out())

    def _hand_out(self) -> float:
        """Gives what is due to the senders; seconds until something else will be."""
        now = time.time()
        with self._held_lock:
            held = set(self._held)
        free = _SENDERS - len(held)
        if free <= 0:
            return 1.0  # a sender that is done sets `changed`
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT deliveries.*, url, secret, secret_made_at FROM deliveries"
                " JOIN webhooks ON webhooks.n = deliveries.webhook"
                " WHERE state = 'waiting' ORDER BY due_at, deliveries.n LIMIT ?",
                (_SENDERS + 1,),
            ).fetchall()
        for row in rows:
            if row["n"] in held:
                continue
            if row["due_at"] > now:
                return min(1.0, float(row["due_at"]) - now)
            if free == 0:
                break
            free -= 1
            with self._held_lock:
                self._held.add(row["n"])
            self._senders.submit(self._send, _delivery(row, now))
        return 1.0

    def _send(self, delivery: _Delivery) -> None:
        try:
            self._deliver(delivery)
        except sqlite3.Error:
            log.exception("a delivery could not be settled; it will be sent again")
            time.sleep(1)
        finally:
            with self._held_lock:
                self._held.discard(delivery.number)
            self._database.changed.set()

    def _deliver(self, delivery: _Delivery) -> None:
        signed = signing.headers(delivery.secret, delivery.event_id, int(time.time()), delivery.body)
        status, retry_after = None, None
        try:
            reply = self._http.request(
                "POST",
                delivery.url,
                headers={"content-type": "application/json", **signed},
                data=delivery.body,
                connect_timeout=2,
                read_timeout=10,
                deadline=15,
                max_bytes=100_000,
            )
            status, answer = reply.status, str(reply.status)
            retry_after = _seconds(reply.headers.get("retry-after"))
        except HttpError as error:
            answer = type(error).__name__
        if status is not None and 200 <= status < 300:
            self._settle(delivery, "delivered", answer)
            return
        pause = pause_after(status, retry_after, delivery.attempts + 1, delivery.age, delivery.secret_age)
        fate = "it ends here" if pause is None else f"again in {pause:.0f} s"
        log.warning("event %s to hook ...%s: %s, %s", delivery.event_id, delivery.url[-4:], answer, fate)
        if pause is None:
            self._settle(delivery, "ended", answer)
        else:
            self._put_off(delivery, pause, answer)

    def _settle(self, delivery: _Delivery, state: str, answer: str) -> None:
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE deliveries SET state = ?, body = NULL, attempts = attempts + 1, last_answer = ? WHERE n = ?",
                (state, answer, delivery.number),
            )
            hooks.prune(connection)

    def _put_off(self, delivery: _Delivery, pause: float, answer: str) -> None:
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE deliveries SET due_at = ?, attempts = attempts + 1, last_answer = ? WHERE n = ?",
                (time.time() + pause, answer, delivery.number),
            )


def _delivery(row: sqlite3.Row, now: float) -> _Delivery:
    return _Delivery(
        number=row["n"],
        webhook=row["webhook"],
        url=row["url"],
        secret=row["secret"],
        secret_age=now - row["secret_made_at"],
        event_id=row["event_id"],
        age=now - row["created_at"],
        attempts=row["attempts"],
        body=row["body"],
    )


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
