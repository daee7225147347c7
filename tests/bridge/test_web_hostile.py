"""Hostile bodies with a good signature: never a 5xx, and nothing of them is stored unless they are accepted."""

import json
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from bridge.runtime import Runtime, open_runtime
from bridge.settings import Settings
from bridge.store.tables import messages, read_requests
from bridge.web.app import create_app
from connectors.api import CONNECTOR
from tests import fakes
from tests.fakes import Home

REFUSALS = {413, 415, 422}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
hostile_text = st.sampled_from(["", "\x00", "\ud800", "a" * 300, "../..", "T 1", "1e999", "<script>", "%s", "'--"])
# Nearly a good message: every field may be missing, or hold something else.
fields: dict[str, Any] = {
    "ticket_id": st.just("T-1") | hostile_text | anything,
    "message_id": st.uuids().map(str) | hostile_text | anything,
    "author": st.sampled_from(["customer", "staff"]) | anything,
    "author_id": st.none() | hostile_text | anything,
    "text": st.text(max_size=50) | hostile_text | anything,
    "html": st.none() | hostile_text | anything,
    "created_at": st.just("2026-11-22T10:00:00Z")
    | st.sampled_from(["0001-01-01", "9999-12-31T23:59:59-23:59"])
    | anything,
    "channel": anything,
    "subject": anything,
}
item = st.fixed_dictionaries({}, optional=fields) | anything
event = st.fixed_dictionaries(
    {"type": st.just("message.created") | anything, "data": item | st.lists(item, max_size=5)},
    optional={"timestamp": anything},
)
body = (
    st.binary(max_size=200)
    | st.builds(json.dumps, event).map(lambda text: text.encode("utf-8", "replace"))
    | st.integers(1, 50_000).map(lambda depth: b"[" * depth)
    | st.integers(1, 5000).map(lambda digits: b'{"type":' + b"9" * digits + b"}")
)


@pytest.fixture
def open_api(settings: Settings) -> Iterator[tuple[Runtime, FlaskClient, Home]]:
    runtime = open_runtime(settings, {"api": CONNECTOR})
    yield runtime, create_app(runtime).test_client(), fakes.home(runtime, kind="api")
    runtime.close()


def rows(runtime: Runtime) -> int:
    with runtime.database.read() as connection:
        return sum(
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (messages, read_requests)
        )


@hypothesis.settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile=body)
def test_a_hostile_body_is_refused_politely_or_stored_as_it_says(
    open_api: tuple[Runtime, FlaskClient, Home], hostile: bytes
) -> None:
    runtime, client, home = open_api
    before = rows(runtime)

    answer = client.post(f"/hooks/{home.hook}", data=hostile, headers=home.signed(hostile))

    accepted = answer.json["accepted"] if answer.status_code == 202 and answer.json else 0
    assert answer.status_code in REFUSALS | {202}
    assert rows(runtime) - before == accepted
