import base64
import time
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from bridge.errors import Invalid
from bridge.signing import WrongSignature, headers, new_secret, sign, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = 1_764_000_000
BODY = b'{"type":"message.created"}'
SIGNED = headers(SECRET, "msg_1", NOW, BODY)
OTHER = new_secret()


def refused(sent: dict[str, str], body: bytes = BODY, now: float = NOW, secret: str = SECRET) -> str:
    with pytest.raises(WrongSignature) as error:
        verify([secret], sent, body, now)
    return str(error.value)


def test_a_published_example_has_its_published_signature() -> None:
    # The example that the reference libraries of Standard Webhooks share in their tests.
    signature = sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_we_sign_we_verify() -> None:
    verify([SECRET], SIGNED, BODY, NOW)


def test_the_reference_library_verifies_what_we_sign() -> None:
    sent = headers(SECRET, "msg_2", int(time.time()), BODY)
    Webhook(SECRET).verify(BODY, sent)


def test_the_reference_library_refuses_what_we_sign_with_another_secret() -> None:
    sent = headers(OTHER, "msg_2", int(time.time()), BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY, sent)


@given(st.text("abcXYZ019_-.", min_size=1), st.text(st.characters(exclude_categories=["Cs"])))
def test_we_verify_what_the_reference_library_signs(webhook_id: str, body: str) -> None:
    # The library replaces the time zone instead of converting, so only a UTC time is signed as what it is.
    signature = Webhook(SECRET).sign(webhook_id, datetime.fromtimestamp(NOW, UTC), body)
    sent = {"webhook-id": webhook_id, "webhook-timestamp": str(NOW), "webhook-signature": signature}
    verify([SECRET], sent, body.encode(), NOW)


def test_each_secret_is_new_and_holds_32_bytes() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"), validate=True)) == 32


def test_a_secret_without_prefix_or_padding_is_the_same_secret() -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 25).decode()
    bare = secret.removeprefix("whsec_").rstrip("=")
    assert sign(bare, "m", NOW, BODY) == sign(secret, "m", NOW, BODY)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_=", "whsec_A", "whsec_é"])
def test_a_malformed_secret_of_ours_is_named_and_not_shown(secret: str) -> None:
    with pytest.raises(Invalid) as error:
        verify([secret], SIGNED, BODY, NOW)
    assert error.value.field == "secret"


def test_one_of_several_signatures_and_several_secrets_is_enough() -> None:
    several = f"v1a,abc {sign(OTHER, 'msg_1', NOW, BODY)} {SIGNED['webhook-signature']}"
    verify([new_secret(), SECRET], SIGNED | {"webhook-signature": several}, BODY, NOW)


def test_without_a_secret_nothing_is_verified() -> None:
    with pytest.raises(WrongSignature):
        verify([], SIGNED, BODY, NOW)


def test_another_body_is_refused() -> None:
    assert "no signature fits" in refused(SIGNED, BODY + b" ")


def test_another_secret_is_refused() -> None:
    assert "no signature fits" in refused(SIGNED, secret=OTHER)


def test_another_id_is_refused() -> None:
    assert "no signature fits" in refused(SIGNED | {"webhook-id": "msg_2"})


def test_another_time_is_refused() -> None:
    assert "no signature fits" in refused(SIGNED | {"webhook-timestamp": str(NOW + 1)})


def test_the_right_signature_under_another_version_is_refused() -> None:
    assert "no signature fits" in refused(SIGNED | {"webhook-signature": "v2" + SIGNED["webhook-signature"][2:]})


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_of_the_three_headers_is_needed(name: str) -> None:
    assert name in refused({key: value for key, value in SIGNED.items() if key != name})


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_off_is_accepted(seconds: int) -> None:
    verify([SECRET], SIGNED, BODY, NOW + seconds)


@pytest.mark.parametrize("seconds", [-300.1, 300.1])
def test_more_than_five_minutes_off_is_refused(seconds: float) -> None:
    assert "clock" in refused(SIGNED, now=NOW + seconds)


@pytest.mark.parametrize(
    "timestamp",
    ["soon", "1764000000.0", "-1764000000", "+1764000000", "1_764_000_000", "\uff11\uff17", "²", "9" * 9000],
)
def test_a_timestamp_that_is_no_whole_number_of_seconds_is_refused(timestamp: str) -> None:
    assert "whole Unix seconds" in refused(SIGNED | {"webhook-timestamp": timestamp})


HOSTILE = st.one_of(
    st.text(),
    st.text("v1, =+/AZ09"),
    st.binary().map(lambda raw: raw.decode("latin-1")),
    st.sampled_from(["v1,", "v1", ",", " ", "v1,é", "v1,\udcff", "\x00", str(NOW), SIGNED["webhook-signature"] + "="]),
)


@given(HOSTILE, HOSTILE, HOSTILE)
@example("msg_1", str(NOW), "v1,é")
@example("msg_\udcff", str(NOW), "v1,abc")
@example("msg_1", str(NOW), "v1,abc" * 10_000)
def test_hostile_headers_are_only_ever_refused(webhook_id: str, timestamp: str, signature: str) -> None:
    sent = {"webhook-id": webhook_id, "webhook-timestamp": timestamp, "webhook-signature": signature}
    refused(sent)


@given(st.integers(0, len(SIGNED["webhook-signature"]) - 1), st.characters())
def test_a_signature_changed_in_one_place_is_refused(place: int, other: str) -> None:
    signature = SIGNED["webhook-signature"]
    if other in (signature[place], " "):
        return
    refused(SIGNED | {"webhook-signature": signature[:place] + other + signature[place + 1 :]})
