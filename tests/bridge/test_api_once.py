"""Idempotency keys: what is asked for twice is done once."""

import time
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge import once, tokens
from bridge.runtime import Runtime
from bridge.store import answered
from tests.fakes import Home

Post = Callable[..., TestResponse]


@pytest.fixture
def post(client: FlaskClient, runtime: Runtime, home: Home) -> Post:
    """Makes an agent's token, unless told otherwise, with an idempotency key."""
    token = tokens.add(runtime, home.slug, "owner").token.reveal()

    def post(key: str = "key-1", path: str = "/tokens", **body: object) -> TestResponse:
        headers = {"Authorization": f"Bearer {token}", once.HEADER: key}
        address = f"/api/v1/workspaces/{home.slug}{path}"
        return client.post(address, headers=headers, json=body or {"role": "agent"})

    return post


def made(runtime: Runtime, home: Home) -> int:
    """How many tokens there are beside the caller's."""
    return len(tokens.listed(runtime, home.slug)) - 1


def test_the_same_request_with_the_same_key_is_done_once_and_gets_the_first_answer(
    post: Post, runtime: Runtime, home: Home
) -> None:
    first, second = post(), post()
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json == first.json
    assert ("Idempotent-Replayed" in first.headers, second.headers["Idempotent-Replayed"]) == (False, "true")
    assert made(runtime, home) == 1


def test_other_keys_are_other_requests(post: Post, runtime: Runtime, home: Home) -> None:
    post("key-1")
    post("key-2")
    assert made(runtime, home) == 2


def test_a_key_that_came_with_another_request_is_refused(post: Post, runtime: Runtime, home: Home) -> None:
    post()
    answer = post(role="admin")
    assert (answer.status_code, answer.json["field"]) == (422, once.HEADER)  # type: ignore[index]
    assert made(runtime, home) == 1


def test_a_key_that_came_to_another_address_is_refused(post: Post) -> None:
    post()
    assert post(path="/releases", name="one").status_code == 422


def test_while_the_first_request_is_at_work_the_second_is_told_to_come_back(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "keep", lambda *_arguments: None)  # as if it were still at work
    post()
    answer = post()
    assert (answer.status_code, answer.headers["Retry-After"]) == (409, "1")


def test_a_request_that_failed_may_be_tried_again_with_its_key(post: Post, runtime: Runtime, home: Home) -> None:
    body = {"kind": "nothing-like-it"}
    assert post(path="/connections", **body).status_code == 404
    assert post().status_code == 201


def test_a_key_is_forgotten_after_a_day(
    post: Post, runtime: Runtime, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    post()
    tomorrow = time.time() + answered.KEPT + 1
    monkeypatch.setattr(time, "time", lambda: tomorrow)
    post()
    assert made(runtime, home) == 2


def test_one_that_died_at_work_may_be_tried_again_after_five_minutes(
    post: Post, runtime: Runtime, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as died:
        died.setattr(once, "keep", lambda *_arguments: None)
        post()
    later = time.time() + answered.GIVEN_UP_AFTER + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert post().status_code == 201
    assert made(runtime, home) == 2


def test_the_same_key_in_another_workspace_is_another_request(
    client: FlaskClient, runtime: Runtime, home: Home, add_home: Callable[..., Home], post: Post
) -> None:
    post()
    other = add_home().slug
    token = tokens.add(runtime, other, "owner").token.reveal()
    headers = {"Authorization": f"Bearer {token}", once.HEADER: "key-1"}
    answer = client.post(f"/api/v1/workspaces/{other}/tokens", headers=headers, json={"role": "agent"})
    assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (201, False)


def test_an_answer_that_is_kept_is_encrypted(post: Post, runtime: Runtime) -> None:
    token = post().json["token"]  # type: ignore[index]
    with runtime.database.read() as connection:
        (kept,) = connection.execute(answered.answered.select()).all()
    assert token not in kept.body
    assert token in runtime.vault.decrypt(kept.body)


@pytest.mark.parametrize("key", ["", "x" * 256, "\xff"])
def test_a_key_that_cannot_be_is_refused(post: Post, key: str) -> None:
    assert post(key).status_code == 422
