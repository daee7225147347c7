"""The sandbox desk's webhooks: what is believed, and what becomes of each event."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import signing
from bridge.connector import BadSignature, HookRequest, LabelChange, Target, TargetKind, Unreadable
from bridge.model import Author, Message
from connectors.sandbox.webhook import parse, verify
from tests.connectors.sandbox_access import SECRET, access_to, hook

NOW = 1_764_000_000.0
BODY = b'{"type":"ticket.created","data":{"ticket_id":"T-1001"}}'
POST = {
    "ticket_id": "T-1001",
    "post_id": "17",
    "author": "customer",
    "author_id": "customer-1001",
    "visibility": "public",
    "text": "Nothing works, zażółć 😡",
    "created_at": "2026-11-22T10:00:00.250Z",
}


def signed(secret: str = SECRET, body: bytes = BODY, at: float = NOW, now: float = NOW) -> HookRequest:
    return hook(body, signing.headers(secret, "evt_1", int(at), body), now)


def event(kind: str, **data: object) -> HookRequest:
    return hook(json.dumps({"type": kind, "timestamp": "2026-11-22T10:00:00Z", "data": data}).encode())


def test_a_signed_event_is_believed() -> None:
    verify(signed(), access_to())


def test_an_event_signed_with_the_former_secret_is_believed_while_a_rotation_runs() -> None:
    verify(signed(SECRET), access_to(secrets=(signing.new_secret(), SECRET)))


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(signed(signing.new_secret()), id="another secret"),
        pytest.param(HookRequest(BODY + b" ", signed().headers, NOW), id="changed body"),
        pytest.param(hook(BODY), id="no signature"),
        pytest.param(signed(at=NOW - 301), id="stale"),
        pytest.param(signed(at=NOW + 301), id="from the future"),
    ],
)
def test_an_event_that_proves_nothing_is_refused(request_: HookRequest) -> None:
    with pytest.raises(BadSignature):
        verify(request_, access_to())


def test_nothing_is_believed_before_the_desk_has_given_its_secret() -> None:
    with pytest.raises(BadSignature):
        verify(signed(), access_to(secrets=()))


def test_a_customers_post_comes_with_its_words() -> None:
    received = parse(event("post.created", **POST), access_to())
    assert received.messages == (
        Message("T-1001", "17", Author.CUSTOMER, "customer-1001", "Nothing works, zażółć 😡", 1_795_341_600.25),
    )
    assert (received.targets, received.label_changes, received.ignored) == ((), (), 0)


def test_a_staff_post_comes_without_its_words() -> None:
    (message,) = parse(event("post.created", **{**POST, "author": "staff"}), access_to()).messages
    assert (message.author, message.text) == (Author.STAFF, None)


def test_an_internal_note_is_ignored() -> None:
    received = parse(event("post.created", **{**POST, "author": "staff", "visibility": "internal"}), access_to())
    assert (received.messages, received.ignored) == ((), 1)


def test_a_new_ticket_is_to_be_read() -> None:
    received = parse(event("ticket.created", ticket_id="T-1001"), access_to())
    assert received.targets == (Target(TargetKind.TICKET, "T-1001"),)


def test_a_persons_label_is_a_correction() -> None:
    received = parse(
        event(
            "label.changed",
            ticket_id="T-1001",
            label="positive",
            previous="urgent",
            by="staff-1",
            changed_at="2026-11-22T10:00:00Z",
        ),
        access_to(),
    )
    assert received.label_changes == (LabelChange("T-1001", "positive", "staff-1", 1_795_341_600.0),)


@pytest.mark.parametrize("kind", ["ticket.solved", "something.new"])
def test_any_other_event_is_ignored(kind: str) -> None:
    received = parse(event(kind, ticket_id="T-1001"), access_to())
    assert (received.messages, received.targets, received.ignored) == ((), (), 1)


def test_fields_that_nobody_knows_are_passed_over() -> None:
    assert parse(event("post.created", **POST, colour="blue"), access_to()).messages


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ticket_id", None),
        ("ticket_id", 1001),
        ("ticket_id", "T 1001"),
        ("ticket_id", "T-" + "1" * 200),
        ("post_id", ""),
        ("author", "robot"),
        ("author_id", ["c"]),
        ("visibility", "secret"),
        ("text", None),
        ("text", "\ud800"),
        ("created_at", "yesterday"),
        ("created_at", "2026-11-22T10:00:00"),
        ("created_at", "9999-12-31T23:59:59-14:00"),
    ],
)
def test_a_malformed_field_is_named(field: str, value: object) -> None:
    with pytest.raises(Unreadable) as refusal:
        parse(event("post.created", **{**POST, field: value}), access_to())
    assert (refusal.value.field, refusal.value.status) == (f"data.{field}", 422)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"\xff\xfe", "body"),
        (b"[" * 100_000, "body"),
        (b"9" * 5_000, "body"),
        (b"[]", "body"),
        (b"{}", "type"),
        (b'{"type": 5}', "type"),
        (b'{"type": "post.created"}', "data"),
        (b'{"type": "post.created", "data": []}', "data"),
    ],
)
def test_a_body_that_is_no_event_is_refused_by_name(body: bytes, field: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        parse(hook(body), access_to())
    assert refusal.value.field == field


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_only_json_is_read(media_type: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        parse(hook(BODY, {"content-type": media_type}), access_to())
    assert refusal.value.status == 415


def test_a_charset_beside_the_media_type_does_not_matter() -> None:
    assert parse(hook(BODY, {"content-type": "Application/JSON; charset=utf-8"}), access_to()).targets


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
KINDS = st.sampled_from(["post.created", "ticket.created", "label.changed", "ticket.solved"])
FIELDS = st.sampled_from([*POST, "label", "by", "changed_at"])


@given(st.binary(max_size=300) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_hostile_bodies_are_read_or_refused_and_nothing_else(body: bytes) -> None:
    with suppress(Unreadable):
        parse(hook(body), access_to())


@given(KINDS, st.dictionaries(FIELDS, ANY_JSON, max_size=4))
def test_hostile_fields_are_read_or_refused_and_nothing_else(kind: str, changes: dict[str, Any]) -> None:
    data = {**POST, "label": "urgent", "by": "staff-1", "changed_at": POST["created_at"], **changes}
    with suppress(Unreadable):
        for message in parse(event(kind, **data), access_to()).messages:
            assert message.text is None or message.text.encode()
