"""POST /hooks/<hook>: what helpdesks get to hear, and that nothing is stored unless it is accepted."""

import dataclasses
import io
import logging
import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge import connections, receive, workspaces
from bridge.connector import ConnectorError
from bridge.runtime import Runtime
from bridge.store.tables import messages
from bridge.vault import fingerprint
from bridge.wake import Waker
from bridge.web import failures
from bridge.web.app import create_app
from tests.fakes import FAKE, HOOK_LIMIT, Home, message
from tests.outage import database_down


@pytest.fixture
def client(runtime: Runtime) -> FlaskClient:
    return create_app(runtime).test_client()


def send(client: FlaskClient, home: Home, *items: dict[str, object], **more: object) -> TestResponse:
    body, headers = home.event(items, **more)
    return client.post(f"/hooks/{home.hook}", data=body, headers=headers)


def stored(runtime: Runtime) -> int:
    with runtime.database.read() as connection:
        found: int = connection.execute(sa.select(sa.func.count()).select_from(messages)).scalar_one()
    return found


def test_a_signed_message_is_accepted_and_stored(client: FlaskClient, runtime: Runtime, home: Home) -> None:
    answer = send(client, home, message(), message())

    assert (answer.status_code, answer.json) == (202, {"accepted": 2, "duplicates": 0, "ignored": 0})
    assert stored(runtime) == 2


def test_a_replay_inside_the_window_is_a_duplicate_and_stores_nothing(
    client: FlaskClient, runtime: Runtime, home: Home
) -> None:
    body, headers = home.event([message()])
    client.post(f"/hooks/{home.hook}", data=body, headers=headers)

    again = client.post(f"/hooks/{home.hook}", data=body, headers=headers)

    assert (again.status_code, again.json) == (202, {"accepted": 0, "duplicates": 1, "ignored": 0})
    assert stored(runtime) == 1


def test_what_is_none_of_our_business_is_counted_as_ignored(client: FlaskClient, home: Home) -> None:
    assert send(client, home, ignored=3).json == {"accepted": 0, "duplicates": 0, "ignored": 3}


def test_a_workspace_that_is_off_accepts_and_ignores(client: FlaskClient, runtime: Runtime, home: Home) -> None:
    workspaces.set(runtime, home.slug, {"enabled": "off"})

    answer = send(client, home, message())

    assert (answer.status_code, answer.json) == (202, {"accepted": 0, "duplicates": 0, "ignored": 1})


def test_a_body_that_was_changed_on_its_way_is_refused(client: FlaskClient, runtime: Runtime, home: Home) -> None:
    body, headers = home.event([message()])

    answer = client.post(f"/hooks/{home.hook}", data=body + b" ", headers=headers)

    assert answer.status_code == 401
    assert stored(runtime) == 0


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_signature_of_another_time_is_refused(
    client: FlaskClient, runtime: Runtime, home: Home, minutes: int
) -> None:
    body, _ = home.event([message()])

    answer = client.post(f"/hooks/{home.hook}", data=body, headers=home.signed(body, at=time.time() + minutes * 60))

    assert answer.status_code == 401
    assert stored(runtime) == 0


def test_the_signature_of_another_workspace_is_refused(
    client: FlaskClient, home: Home, add_home: Callable[..., Home]
) -> None:
    body, headers = add_home().event([message()])

    assert client.post(f"/hooks/{home.hook}", data=body, headers=headers).status_code == 401


def test_an_unsigned_request_is_refused(client: FlaskClient, home: Home) -> None:
    assert client.post(f"/hooks/{home.hook}", json={"messages": []}).status_code == 401


@pytest.mark.parametrize("hook", ["", "nobody", "x" * 5000, "a/b", "%00", "%FF", "é"])
def test_an_unknown_hook_is_not_found(client: FlaskClient, home: Home, hook: str) -> None:
    body, headers = home.event([message()])

    answer = client.post(f"/hooks/{hook}", data=body, headers=headers)

    assert answer.status_code == 404


def test_a_disconnected_hook_is_not_found(client: FlaskClient, runtime: Runtime, home: Home) -> None:
    send(client, home, message())
    connections.disconnect(runtime, home.connection)

    assert send(client, home, message()).status_code == 404


def test_a_body_of_another_type_is_refused(client: FlaskClient, home: Home) -> None:
    body, headers = home.event([message()])

    answer = client.post(f"/hooks/{home.hook}", data=body, headers={**headers, "content-type": "text/plain"})

    assert answer.status_code == 415


def test_an_unreadable_body_is_refused_and_the_field_is_named(client: FlaskClient, home: Home) -> None:
    body = b"not json"

    answer = client.post(f"/hooks/{home.hook}", data=body, headers=home.signed(body))

    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert (answer.json["status"], answer.json["field"]) == (422, "body")


def post_stream(client: FlaskClient, hook: str, stream: object, length: str, headers: dict[str, str]) -> TestResponse:
    """A POST whose body is read from `stream`; an empty `length` announces none."""
    return client.post(
        f"/hooks/{hook}", headers=headers, environ_overrides={"wsgi.input": stream, "CONTENT_LENGTH": length}
    )


class Untouchable:
    """A body of which nobody should read a byte."""

    def read(self, _size: int = -1) -> bytes:
        raise AssertionError("the body was read")


def test_a_body_announced_as_too_large_is_refused_without_reading_it(client: FlaskClient, home: Home) -> None:
    answer = post_stream(client, home.hook, Untouchable(), str(HOOK_LIMIT + 1), home.signed(b""))

    assert answer.status_code == 413


def test_the_body_of_an_unknown_hook_is_not_read(client: FlaskClient, home: Home) -> None:
    answer = post_stream(client, "nobody", Untouchable(), "10", home.signed(b""))

    assert answer.status_code == 404


class Endless:
    """A body without an announced length; it counts what is read of it."""

    def __init__(self, at_a_time: int) -> None:
        self._at_a_time = at_a_time
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        count = min(size, self._at_a_time)
        self.given += count
        return b"x" * count


def test_a_body_without_a_length_is_read_until_it_is_too_large(client: FlaskClient, home: Home) -> None:
    endless = Endless(1000)

    answer = post_stream(client, home.hook, endless, "", home.signed(b""))

    assert answer.status_code == 413
    assert endless.given == HOOK_LIMIT + 1


def test_a_body_that_comes_in_pieces_without_a_length_is_accepted(client: FlaskClient, home: Home) -> None:
    body, headers = home.event([message()])

    class Pieces(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(7, -1 if size is None else size))

    answer = post_stream(client, home.hook, Pieces(body), "", headers)

    assert answer.status_code == 202


@pytest.mark.parametrize("hook", ["known", "nobody"])
def test_get_and_head_answer_and_do_nothing(client: FlaskClient, runtime: Runtime, home: Home, hook: str) -> None:
    path = f"/hooks/{home.hook if hook == 'known' else hook}"
    body, headers = home.event([message()])

    assert client.get(path, data=body, headers=headers).status_code == 200
    head = client.head(path, data=body, headers=headers)
    assert (head.status_code, head.data) == (200, b"")
    assert stored(runtime) == 0


def test_other_methods_are_refused(client: FlaskClient, home: Home) -> None:
    answer = client.put(f"/hooks/{home.hook}")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")


def test_with_the_database_down_the_sender_is_told_to_come_back(
    client: FlaskClient, runtime: Runtime, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "COMMIT_WITHIN", 0.2)
    send(client, home, message())
    body, headers = home.event([message()])

    with database_down(runtime.database):
        refused = client.post(f"/hooks/{home.hook}", data=body, headers=headers)
    later = client.post(f"/hooks/{home.hook}", data=body, headers=headers)

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "20")
    assert later.status_code == 202


def test_with_redis_down_messages_are_accepted(runtime: Runtime, home: Home) -> None:
    deaf = dataclasses.replace(runtime, waker=Waker("unix:///nowhere/redis.sock"))

    answer = send(create_app(deaf).test_client(), home, message())

    assert answer.status_code == 202
    assert stored(runtime) == 1


def test_only_requests_that_do_not_verify_are_slowed_down(
    client: FlaskClient, runtime: Runtime, home: Home, add_home: Callable[..., Home]
) -> None:
    bad = {"data": b"{}", "headers": home.signed(b"other")}
    answers = [client.post(f"/hooks/{home.hook}", **bad) for _ in range(int(failures.BURST) + 20)]

    assert [answers[0].status_code, answers[-1].status_code] == [401, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert send(client, home, message()).status_code == 202
    other = add_home()
    assert client.post(f"/hooks/{other.hook}", data=b"{}", headers=home.signed(b"{}")).status_code == 401


def test_who_was_slowed_down_may_fail_again_later() -> None:
    now = [0.0]
    counted = failures.Failures(lambda: now[0])
    while counted.allowed("hook"):
        pass

    now[0] += 1 / failures.PER_SECOND

    assert [counted.allowed("hook"), counted.allowed("hook")] == [True, False]


@pytest.fixture
def log_lines(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    caplog.set_level(logging.DEBUG)
    return lambda: "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)


def test_a_refusal_is_logged_with_the_end_of_the_hook_alone(
    client: FlaskClient, home: Home, log_lines: Callable[[], str]
) -> None:
    client.post(f"/hooks/{home.hook}", data=b"secret words", headers=home.signed(b"secret words"))

    assert home.hook[-4:] in log_lines()
    assert home.hook not in log_lines()
    assert "secret words" not in log_lines()


def test_an_accepted_request_is_not_logged_at_info(
    client: FlaskClient, home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    send(client, home, message())

    assert [record for record in caplog.records if record.name.startswith("moodbridge.web")] == []


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError("secret words"), 500), (ConnectorError("say it otherwise"), 422)]
)
def test_a_connector_that_fails_tells_nothing_of_our_inside(
    runtime: Runtime, home: Home, log_lines: Callable[[], str], error: Exception, status: int
) -> None:
    def fail(*_arguments: object) -> None:
        raise error

    broken = dataclasses.replace(FAKE, verify=fail)
    installation = dataclasses.replace(runtime, connectors={"fake": broken})

    answer = send(create_app(installation).test_client(), home, message())

    assert answer.status_code == status
    assert b"secret words" not in answer.data


def test_hook_paths_are_kept_as_hashes_only(runtime: Runtime, home: Home) -> None:
    with runtime.database.read() as connection:
        row = connection.execute(sa.text("SELECT * FROM connections")).one()

    assert fingerprint(home.hook) in map(str, row)
    assert home.hook not in " ".join(map(str, row))


def test_every_answer_carries_the_security_headers(client: FlaskClient, home: Home) -> None:
    for answer in (send(client, home, message()), client.get(f"/hooks/{home.hook}"), client.post("/hooks/x")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Server"] == ""
