"""What Zendesk's webhooks say, and whose they are."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.connector import (
    Access,
    BadSignature,
    Forgotten,
    HookRequest,
    Received,
    Seen,
    Target,
    TargetKind,
    Unreadable,
)
from bridge.model import Author, Message
from connectors.zendesk import CONNECTOR, record
from tests.connectors.zendesk.world import access_for

FIXTURES = Path(__file__).parents[1] / "fixtures" / "zendesk"
NOW = 1_736_346_330.0
READ_5158 = (Target(TargetKind.TICKET, "5158"),)


@pytest.fixture
def access() -> Access:
    return access_for("http://127.0.0.1:9")


def body_of(name: str) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return dict(whole["body"])


def request(body: bytes | object, headers: dict[str, str] | None = None, now: float = NOW) -> HookRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HookRequest(raw, headers or {}, now)


def signed(body: bytes, secret: str, at: str = "2025-01-08T14:25:30Z", now: float = NOW) -> HookRequest:
    digest = hmac.new(secret.encode(), at.encode() + body, hashlib.sha256).digest()
    sent = base64.b64encode(digest).decode()
    headers = {"x-zendesk-webhook-signature": sent, "x-zendesk-webhook-signature-timestamp": at}
    return HookRequest(body, headers, now)


def parsed(name: str, access: Access) -> Received:
    return CONNECTOR.parse(request(body_of(name)), access)


# Whose it is


def test_the_signature_is_the_base64_hmac_of_timestamp_and_raw_body_by_the_secret_as_it_reads(access: Access) -> None:
    # A vector computed by hand from the rule; Zendesk publishes none.
    secret = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="
    at = datetime(2023, 9, 18, 23, 38, 13, tzinfo=UTC).timestamp()
    headers = {
        "x-zendesk-webhook-signature": "gGp+tIYhC4AqVz7LEwYXY11QDNanf9yxjOyWeFv2k80=",
        "x-zendesk-webhook-signature-timestamp": "2023-09-18T23:38:13Z",
    }
    CONNECTOR.verify(HookRequest(b'{"a":1}\n', headers, at), replace(access, secrets=(secret,)))


def test_every_secret_of_a_rotation_is_good(access: Access) -> None:
    both = replace(access, secrets=("new", "old"))
    CONNECTOR.verify(signed(b"{}", "new"), both)
    CONNECTOR.verify(signed(b"{}", "old"), both)


def test_json_that_was_written_anew_is_not_what_was_signed(access: Access) -> None:
    good = signed(b'{ "a" :  1}\n', "first")
    with pytest.raises(BadSignature):
        CONNECTOR.verify(replace(good, body=b'{"a": 1}'), access)


@pytest.mark.parametrize(
    "bad",
    [
        signed(b"{}", "other"),
        signed(b"{}", "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="),
        HookRequest(b"{}", {}, NOW),
        replace(signed(b"{}", "first"), headers={"x-zendesk-webhook-signature-timestamp": "2025-01-08T14:25:30Z"}),
        signed(b"{}", "first", at="yesterday"),
        HookRequest(
            b"{}",
            {"x-zendesk-webhook-signature": "é", "x-zendesk-webhook-signature-timestamp": "2025-01-08T14:25:30Z"},
            NOW,
        ),
    ],
    ids=["another secret", "the public test secret", "no headers", "no signature", "no time", "not ASCII"],
)
def test_what_does_not_prove_its_origin_is_refused(bad: HookRequest, access: Access) -> None:
    with pytest.raises(BadSignature):
        CONNECTOR.verify(bad, access)


@pytest.mark.parametrize("away", [-301, 301])
def test_a_signature_older_or_newer_than_five_minutes_is_refused(away: float, access: Access) -> None:
    with pytest.raises(BadSignature):
        CONNECTOR.verify(signed(b"{}", "first", now=NOW + away), access)


def test_a_late_retry_of_an_old_event_is_good_because_the_attempt_is_signed(access: Access) -> None:
    body = json.dumps(body_of("ticket.comment_added.customer")).encode()
    later = "2025-01-08T15:25:30Z"
    CONNECTOR.verify(signed(body, "first", at=later, now=NOW + 3600), access)


# What it says


def test_a_customers_public_comment_is_a_message_with_its_text(access: Access) -> None:
    text = "This is the third time I ask. Where is it?"
    message = Message("5158", "9876543210", Author.CUSTOMER, "8447388090495", text, NOW)
    assert parsed("ticket.comment_added.customer", access).messages == (message,)


def test_the_events_tags_tell_what_the_ticket_showed(access: Access) -> None:
    told = parsed("ticket.comment_added.customer", access)
    assert told.seen == (Seen("5158", "neutral", "2025-01-08T14:25:30Z"),)


def test_two_labels_among_the_tags_tell_nothing(access: Access) -> None:
    event = body_of("ticket.comment_added.customer")
    event["detail"]["tags"] = ["sentiment_neutral", "sentiment_urgent"]
    assert CONNECTOR.parse(request(event), access).seen == ()


def test_zendesks_own_sentiment_tags_are_not_ours(access: Access) -> None:
    event = body_of("ticket.comment_added.customer")
    event["detail"]["tags"] = ["sentiment__negative"]
    assert CONNECTOR.parse(request(event), access).seen == (Seen("5158", None, "2025-01-08T14:25:30Z"),)


def test_a_public_staff_reply_is_kept_without_its_text(access: Access) -> None:
    (message,) = parsed("ticket.comment_added.staff", access).messages
    assert (message.author, message.author_id, message.text) == (Author.STAFF, "8447346621310", None)


def test_an_internal_note_is_ignored(access: Access) -> None:
    assert parsed("ticket.comment_added.internal", access) == Received(ignored=1)


def test_what_our_own_user_wrote_is_ignored(access: Access) -> None:
    record.save(access, record.Record(8447346621310, 1, 2, 3))
    assert parsed("ticket.comment_added.staff", access) == Received(ignored=1)


def test_a_customers_comment_counts_whoever_brought_it_in(access: Access) -> None:
    record.save(access, record.Record(8447388090495, 1, 2, 3))
    assert len(parsed("ticket.comment_added.customer", access).messages) == 1


def test_ids_may_be_numbers_and_the_text_may_stand_in_html_alone(access: Access) -> None:
    (message,) = parsed("ticket.comment_added.numbers", access).messages
    assert (message.ticket_id, message.message_id) == ("5158", "9876543214")
    assert message.text == "Thanks, it works now!"


def test_a_transcript_is_read_because_it_mixes_customer_and_staff(access: Access) -> None:
    told = parsed("ticket.comment_added.transcript", access)
    assert (told.messages, told.targets) == ((), READ_5158)


def test_a_new_ticket_is_read_because_its_event_has_no_comment_id(access: Access) -> None:
    told = parsed("ticket.created", access)
    assert (told.messages, told.targets) == ((), READ_5158)
    assert told.seen == (Seen("5158", None, "2025-01-08T14:25:30Z"),)


def test_a_line_of_a_conversation_is_a_message(access: Access) -> None:
    (message,) = parsed("messaging_ticket.message_added.customer", access).messages
    assert (message.ticket_id, message.text) == ("141", "hello? anybody there")


def test_an_agents_line_of_a_conversation_is_kept_without_its_text(access: Access) -> None:
    (message,) = parsed("messaging_ticket.message_added.agent", access).messages
    assert (message.author, message.text) == (Author.STAFF, None)


@pytest.mark.parametrize("name", ["messaging_ticket.message_added.system", "ticket.status_changed"])
def test_what_nobody_wrote_to_anybody_is_ignored(name: str, access: Access) -> None:
    assert parsed(name, access) == Received(ignored=1)


def test_a_trigger_names_a_ticket_to_read(access: Access) -> None:
    assert parsed("trigger", access) == Received(targets=READ_5158)


@pytest.mark.parametrize(
    ("name", "message_id"),
    [
        ("ticket.comment_redacted", "9876543210"),
        ("ticket.comment_made_private", "9876543210"),
        ("ticket.permanently_deleted", None),
    ],
)
def test_what_the_helpdesk_takes_back_is_to_be_forgotten(name: str, message_id: str | None, access: Access) -> None:
    assert parsed(name, access) == Received(forgotten=(Forgotten("5158", message_id),))


def test_times_have_whole_seconds_as_the_api_gives_them(access: Access) -> None:
    (message,) = parsed("ticket.comment_added.customer", access).messages
    assert message.written_at == NOW


def test_half_a_character_in_the_text_is_replaced(access: Access) -> None:
    event = body_of("ticket.comment_added.customer")
    event["event"]["comment"]["body"] = "broken \ud800 emoji"
    (message,) = CONNECTOR.parse(request(event), access).messages
    assert message.text == "broken ? emoji"


# What cannot be read


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("event",), None, "event.comment"),
        (("event", "comment", "id"), "a b", "id"),
        (("event", "comment", "id"), True, "id"),
        (("event", "comment", "author"), [], "author"),
        (("event", "comment", "is_public"), "yes", "event.comment"),
        (("event", "comment", "body"), 7, "body"),
        (("detail",), "x", "detail"),
        (("detail", "id"), "../users/1", "id"),
        (("time",), "soon", "time"),
        (("type",), 3, "type"),
    ],
)
def test_a_wrong_part_is_named(path: tuple[str, ...], value: object, named: str, access: Access) -> None:
    event = body_of("ticket.comment_added.customer")
    part = event
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    with pytest.raises(Unreadable) as problem:
        CONNECTOR.parse(request(event), access)
    assert problem.value.field == named


@pytest.mark.parametrize("body", [b"", b"\xff", b"[1]", b'"x"', b"[" * 100_000, b"{}"])
def test_what_is_no_event_is_unreadable(body: bytes, access: Access) -> None:
    with pytest.raises(Unreadable):
        CONNECTOR.parse(request(body), access)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_hostile_values_anywhere_are_read_or_refused_never_an_accident(data: st.DataObject, access: Access) -> None:
    name = data.draw(st.sampled_from(sorted(path.stem for path in FIXTURES.glob("*.json"))))
    event = body_of(name)
    places = [(event, key) for key in event]
    for part in (event.get("detail"), event.get("event"), (event.get("event") or {}).get("comment")):
        if isinstance(part, dict):
            places += [(part, key) for key in part]
    where, key = data.draw(st.sampled_from(places))
    where[key] = data.draw(JSON)
    try:
        received = CONNECTOR.parse(request(event), access)
    except Unreadable:
        return
    assert isinstance(received, Received)
