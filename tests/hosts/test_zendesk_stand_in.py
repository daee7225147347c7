"""The stand-in is as strict as Zendesk: a test against it means something."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from tests.hosts.zendesk.account import Account, Ticket, stamp
from tests.hosts.zendesk.hooks import Sender, new_webhook
from tests.hosts.zendesk.server import Running, serve


@dataclass
class Clock:
    now: float = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(clock: Clock) -> Iterator[Running]:
    with serve(Account(clock=clock)) as running:
        yield running


def sign_in(desk: Running, **changed: object) -> requests.Response:
    wanted = {
        "grant_type": "client_credentials",
        "client_id": "moodbridge",
        "client_secret": "s3cret-of-the-client",
        "scope": "read write",
        "expires_in": 3600,
        **changed,
    }
    return requests.post(f"{desk.url}/oauth/tokens", json=wanted, timeout=5)


def call(desk: Running, method: str, path: str, body: object = None, **changed: object) -> requests.Response:
    bearer = sign_in(desk, **changed).json()["access_token"]
    headers = {"Authorization": f"Bearer {bearer}"}
    return requests.request(method, desk.url + path, json=body, headers=headers, timeout=5)


def ticket_in(desk: Running) -> Ticket:
    return desk.account.open_ticket(desk.account.person("Ann"), "hi")


# Sign-in


def test_a_scope_in_an_array_gives_a_token_that_is_refused(desk: Running) -> None:
    assert call(desk, "GET", "/api/v2/users/me", scope=["read", "write"]).status_code == 403


def test_a_read_token_does_not_write(desk: Running) -> None:
    path = f"/api/v2/tickets/{ticket_in(desk).id}"
    assert call(desk, "PUT", path, {"ticket": {}}, scope="read").status_code == 403


def test_a_bearer_dies_at_its_time(desk: Running, clock: Clock) -> None:
    headers = {"Authorization": "Bearer " + sign_in(desk).json()["access_token"]}
    clock.now += 3600
    assert requests.get(f"{desk.url}/api/v2/users/me", headers=headers, timeout=5).status_code == 401


@pytest.mark.parametrize("changed", [{"client_secret": "x"}, {"expires_in": 10}, {"grant_type": "password"}])
def test_a_wrong_sign_in_is_refused(desk: Running, changed: dict[str, object]) -> None:
    assert sign_in(desk, **changed).status_code in (400, 401)


# Updates


def test_an_update_with_an_old_stamp_is_a_conflict(desk: Running) -> None:
    ticket = ticket_in(desk)
    change = {"safe_update": True, "updated_stamp": stamp(ticket.updated_at)}
    desk.account.tag(ticket, desk.account.smith, add=["x"])
    reply = call(desk, "PUT", f"/api/v2/tickets/{ticket.id}", {"ticket": change})
    assert (reply.status_code, reply.json()["error"]) == (409, "UpdateConflict")


def test_a_closed_ticket_takes_no_update(desk: Running) -> None:
    ticket = ticket_in(desk)
    desk.account.close(ticket)
    reply = call(desk, "PUT", f"/api/v2/tickets/{ticket.id}", {"ticket": {"tags": []}})
    assert (reply.status_code, "closed prevents ticket update" in reply.text) == (422, True)


@pytest.mark.parametrize(
    "change", [{"sentiment": 1}, {"custom_fields": [{"id": 9, "value": "x"}]}, {"safe_update": True}]
)
def test_unknown_keys_and_fields_are_refused(desk: Running, change: object) -> None:
    assert call(desk, "PUT", f"/api/v2/tickets/{ticket_in(desk).id}", {"ticket": change}).status_code == 422


def test_a_hundred_and_one_tickets_are_too_many(desk: Running) -> None:
    items = [{"id": number} for number in range(101)]
    reply = call(desk, "PUT", "/api/v2/tickets/update_many", {"tickets": items})
    assert (reply.status_code, reply.json()["error"]) == (400, "TooManyValues")


def test_thirty_jobs_are_open_at_most(desk: Running) -> None:
    item = {"tickets": [{"id": ticket_in(desk).id}]}
    codes = [call(desk, "PUT", "/api/v2/tickets/update_many", item).status_code for _ in range(31)]
    assert codes == [200] * 30 + [429]


def test_a_ticket_takes_thirty_updates_in_ten_minutes(desk: Running, clock: Clock) -> None:
    path = f"/api/v2/tickets/{ticket_in(desk).id}"
    codes = []
    for _ in range(31):
        codes.append(call(desk, "PUT", path, {"ticket": {"tags": ["x"]}}).status_code)
        clock.now += 5
    assert codes == [200] * 30 + [429]


def test_an_account_takes_so_many_calls_a_minute(desk: Running, clock: Clock) -> None:
    desk.account.limits.plan = 3
    codes = [call(desk, "GET", "/api/v2/users/me") for _ in range(4)]
    assert [reply.status_code for reply in codes] == [200, 200, 200, 429]
    assert codes[-1].headers["Retry-After"].isdigit()
    clock.now += 60
    assert call(desk, "GET", "/api/v2/users/me").status_code == 200


@pytest.mark.parametrize(
    ("style", "name"), [("plain", "ratelimit-limit"), ("hyphen", "rate-limit"), ("x", "X-Rate-Limit")]
)
def test_the_limit_is_told_in_one_spelling(desk: Running, style: str, name: str) -> None:
    desk.account.header_style = style
    headers = call(desk, "GET", "/api/v2/users/me").headers
    assert [one for one in ("ratelimit-limit", "rate-limit", "X-Rate-Limit") if one in headers] == [name]


# Webhooks


@dataclass
class Endpoint:
    """Answers from a list, then 202; keeps what came."""

    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def endpoint(desk: Running) -> Iterator[Endpoint]:
    heard = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status, headers = heard.answers.pop(0) if heard.answers else (202, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    hook = {"endpoint": url, "status": "active", "subscriptions": ["zen:event-type:ticket.created"]}
    desk.account.webhooks["h"] = new_webhook("h", hook, "secret", 1)
    yield heard
    server.shutdown()
    server.server_close()


@pytest.fixture
def sender(desk: Running, endpoint: Endpoint) -> Iterator[Sender]:
    sending = Sender(desk.account)
    yield sending
    sending.stop()


def test_the_raw_body_is_signed_and_writing_the_json_anew_breaks_it(
    desk: Running, endpoint: Endpoint, sender: Sender
) -> None:
    ticket_in(desk)
    sender.settle()
    ((headers, body),) = endpoint.came
    told = headers["x-zendesk-webhook-signature-timestamp"].encode()

    def signed(raw: bytes) -> str:
        return base64.b64encode(hmac.new(b"secret", told + raw, hashlib.sha256).digest()).decode()

    assert headers["x-zendesk-webhook-signature"] == signed(body)
    assert signed(json.dumps(json.loads(body)).encode()) != signed(body)


def test_events_carry_ids_as_texts_and_upper_case_enums(desk: Running, endpoint: Endpoint, sender: Sender) -> None:
    ticket = ticket_in(desk)
    sender.settle()
    detail = json.loads(endpoint.came[0][1])["detail"]
    assert (detail["id"], detail["status"]) == (str(ticket.id), "OPEN")


@pytest.mark.parametrize(
    ("answer", "tries"),
    [
        ((409, {}), 4),
        ((503, {"Retry-After": "20"}), 4),
        ((429, {"Retry-After": "59"}), 4),
        ((429, {"Retry-After": "60"}), 1),
        ((503, {}), 1),
        ((500, {}), 1),
        ((404, {}), 1),
        ((401, {}), 1),
    ],
)
def test_only_what_zendesk_repeats_is_repeated(
    desk: Running, endpoint: Endpoint, sender: Sender, answer: tuple[int, dict[str, str]], tries: int
) -> None:
    sender.patience = 0.0001
    endpoint.answers = [answer] * 9
    ticket_in(desk)
    sender.settle()
    assert (len(endpoint.came), sender.states) == (tries, ["terminated"])


def test_an_endpoint_that_fails_is_left_alone_for_a_while_and_its_events_are_lost(
    desk: Running, endpoint: Endpoint, sender: Sender
) -> None:
    sender.patience = 100
    endpoint.answers = [(500, {})] * 40
    for _ in range(40):
        ticket_in(desk)
    sender.settle()
    assert len(endpoint.came) < 15
    assert "circuit broken" in sender.states


def test_events_come_twice_and_out_of_order_when_asked_to(desk: Running, endpoint: Endpoint, sender: Sender) -> None:
    sender.repeat, sender.shuffle = 0.5, 0.9
    for _ in range(40):
        ticket_in(desk)
    sender.settle()
    order = [int(json.loads(body)["detail"]["id"]) for _, body in endpoint.came]
    assert len(order) > len(set(order)) == 40
    assert order != sorted(order)
