"""Is it alive, is it ready, what does it count."""

import dataclasses
import socket
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from rq import Worker
from rq.serializers import JSONSerializer

from bridge import tokens
from bridge.runtime import Runtime
from bridge.store.queue import hold_lease
from bridge.wake import DRAINS, Waker, connect, queue_named
from bridge.web import health
from bridge.web.app import create_app
from bridge.web.health import Ready, look, told
from tests.fakes import Home, message, scored
from tests.outage import database_down


@pytest.fixture
def work(runtime: Runtime) -> Callable[[str], None]:
    """Call it with a queue: a worker registers for it in Redis, as RQ's do at their start."""
    assert runtime.settings.redis_url is not None
    client = connect(runtime.settings.redis_url)

    def register(queue: str) -> None:
        worker = Worker([queue_named(queue, client)], connection=client, serializer=JSONSerializer)
        worker.register_birth()  # type: ignore[no-untyped-call]

    return register


def answer_of(client: FlaskClient, path: str = "/readyz") -> dict[str, Any]:
    body = client.get(path).json
    assert isinstance(body, dict)
    return body


def test_healthz_asks_nobody(runtime: Runtime) -> None:
    nothing = dataclasses.replace(runtime, database=None, waker=None, http=None)  # type: ignore[arg-type]
    client = create_app(nothing).test_client()

    answer = client.get("/healthz")

    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_with_everything_at_work_all_is_ok(client: FlaskClient, work: Callable[[str], None]) -> None:
    for queue in DRAINS:
        work(queue)

    assert answer_of(client) == {
        "status": "ok",
        "database": "ok",
        "redis": "ok",
        "workers": "ok",
        "oldest_pending": "ok",
        "oldest_pending_seconds": 0.0,
    }


def test_a_worker_that_is_down_does_not_keep_hooks_away(client: FlaskClient, work: Callable[[str], None]) -> None:
    work("score")

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json is not None
    assert (answer.json["status"], answer.json["workers"]) == ("degraded", "degraded")


def test_a_worker_that_holds_rows_counts_although_redis_forgot_it(runtime: Runtime) -> None:
    for queue in DRAINS:
        runtime.database.write(
            lambda connection, queue=queue: hold_lease(connection, f"w-{queue}", queue, "host", 1, time.time())  # type: ignore[misc]
        )

    assert look(runtime).workers


def test_a_worker_whose_lease_ran_out_does_not_count(runtime: Runtime) -> None:
    for queue in DRAINS:
        runtime.database.write(
            lambda connection, queue=queue: hold_lease(connection, f"w-{queue}", queue, "host", 1, time.time() - 60)  # type: ignore[misc]
        )

    assert not look(runtime).workers


def test_redis_that_is_down_does_not_keep_hooks_away(runtime: Runtime) -> None:
    settings = dataclasses.replace(runtime.settings, redis_url="unix:///nowhere/redis.sock")
    deaf = dataclasses.replace(runtime, settings=settings, waker=Waker("unix:///nowhere/redis.sock"))

    answer = create_app(deaf).test_client().get("/readyz")

    assert answer.status_code == 200
    assert answer.json is not None
    assert (answer.json["database"], answer.json["redis"]) == ("ok", "degraded")


def test_a_database_that_cannot_commit_is_not_ready(
    client: FlaskClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "COMMIT_WITHIN", 0.2)

    with database_down(runtime.database):
        answer = client.get("/readyz")

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json is not None
    assert (answer.json["database"], answer.json["oldest_pending_seconds"]) == ("degraded", None)


def test_what_waits_is_told_with_its_age(runtime: Runtime, home: Home, client: FlaskClient) -> None:
    body, headers = home.event([message()])
    client.post(f"/hooks/{home.hook}", data=body, headers=headers)

    oldest = look(runtime).oldest

    assert oldest is not None
    assert 0 < oldest < 60


@pytest.mark.parametrize(("oldest", "word"), [(0.0, "ok"), (60.0, "ok"), (60.1, "degraded"), (None, "degraded")])
def test_what_waits_longer_than_a_minute_is_degraded(oldest: float | None, word: str) -> None:
    assert told(Ready(stores=True, redis=True, workers=True, oldest=oldest))["oldest_pending"] == word


def test_who_asks_again_at_once_costs_no_second_look(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Runtime] = []

    def counted(runtime: Runtime) -> Ready:
        looks.append(runtime)
        return Ready(stores=True, redis=True, workers=True, oldest=0.0)

    monkeypatch.setattr(health, "look", counted)

    for _ in range(5):
        client.get("/readyz")

    assert len(looks) == 1


def metrics_of(text: str) -> dict[str, float]:
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape(client: FlaskClient, runtime: Runtime, home: Home) -> dict[str, float]:
    token = tokens.add(runtime, home.slug, "agent").token.reveal()
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    return metrics_of(answer.text)


def test_metrics_ask_for_a_token(client: FlaskClient) -> None:
    assert client.get("/metrics").status_code == 401


def test_metrics_count_hooks_and_queues(client: FlaskClient, runtime: Runtime, home: Home) -> None:
    body, headers = home.event([message(), message()])
    client.post(f"/hooks/{home.hook}", data=body, headers=headers)
    client.post(f"/hooks/{home.hook}", data=body, headers=headers)
    client.post(f"/hooks/{home.hook}", data=body)

    found = scrape(client, runtime, home)

    assert found["moodbridge_accepted_total"] == 2
    assert found["moodbridge_hook_answers_total 202"] == 2
    assert found["moodbridge_hook_answers_total 401"] == 1
    assert found["moodbridge_hook_seconds_count"] == 2
    assert [found[f"moodbridge_{state} messages"] for state in ("pending", "claimed", "dead")] == [2, 0, 0]
    assert found["moodbridge_oldest_pending_seconds"] > 0
    assert found["moodbridge_wake_errors_total"] == 0
    assert found["moodbridge_database_up"] == 1


def test_metrics_name_no_workspace_and_no_words(client: FlaskClient, runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-secret", -80)
    body, headers = home.event([message("T-secret", text="secret words")])
    client.post(f"/hooks/{home.hook}", data=body, headers=headers)
    token = tokens.add(runtime, home.slug, "agent").token.reveal()

    text = client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).text

    for hidden in (home.slug, home.connection, home.hook, "secret", token):
        assert hidden not in text


def test_metrics_are_open_on_their_own_port_of_this_machine(runtime: Runtime) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = dataclasses.replace(runtime.settings, metrics_port=port)
    create_app(dataclasses.replace(runtime, settings=settings))

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        found = metrics_of(answer.read().decode())

    assert found["moodbridge_database_up"] == 1


def test_a_metrics_port_that_is_taken_does_not_keep_the_web_down(runtime: Runtime) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = dataclasses.replace(runtime.settings, metrics_port=taken.getsockname()[1])

        client = create_app(dataclasses.replace(runtime, settings=settings)).test_client()

    assert client.get("/healthz").status_code == 200
