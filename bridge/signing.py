"""Signs and verifies webhooks by Standard Webhooks, both the ones we send and the ones we receive.

Source of every rule: the "Standard Webhooks" specification, version 1.0.0 (symmetric signatures, `v1`).
"""

import base64
import binascii
import hashlib
import hmac
import secrets as randomness
from collections.abc import Mapping, Sequence

from bridge.errors import BridgeError, Invalid

_PREFIX = "whsec_"
_LONGEST_TIMESTAMP = 12
"""Digits of a time in Unix seconds, with room to spare. It also keeps int() cheap on hostile headers."""


class WrongSignature(BridgeError):
    """The request does not prove that a holder of the secret sent it just now."""


def new_secret() -> str:
    """A fresh secret as people copy it: `whsec_` and base64 of 32 random bytes."""
    return _PREFIX + base64.b64encode(randomness.token_bytes(32)).decode()


def sign(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """The signature of these bytes, such as `v1,g0hM9SsE...=`. Raises Invalid when the secret is malformed."""
    return "v1," + _signature(_key(secret), webhook_id, str(timestamp), body)


def headers(secret: str, webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers that go with this body. Raises Invalid when the secret is malformed."""
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, webhook_id, timestamp, body),
    }


def verify(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: float, tolerance: float = 300) -> None:
    """Returns when one of the header's signatures was made with one of `secrets`, at most `tolerance` seconds from now.

    Header names are lower case. Whatever the headers hold, only WrongSignature is raised; a malformed
    secret of ours raises Invalid.
    """
    webhook_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not webhook_id or not timestamp or not signatures:
        raise WrongSignature("sign the request: webhook-id, webhook-timestamp and webhook-signature must be set")
    if not webhook_id.isascii() or not signatures.isascii():
        raise WrongSignature("webhook-id and webhook-signature must be plain ASCII")
    if len(timestamp) > _LONGEST_TIMESTAMP or not timestamp.isascii() or not timestamp.isdigit():
        raise WrongSignature("webhook-timestamp must be a time in whole Unix seconds")
    if abs(now - int(timestamp)) > tolerance:
        raise WrongSignature(
            f"webhook-timestamp is more than {tolerance:.0f} s away from our time: set the sender's clock, "
            "and sign again before each attempt"
        )
    offered = [item[3:] for item in signatures.split(" ") if item.startswith("v1,")]
    for secret in secrets:
        expected = _signature(_key(secret), webhook_id, timestamp, body)
        for signature in offered:
            if hmac.compare_digest(expected, signature):
                return
    raise WrongSignature("no signature fits: check the secret, and sign the bytes exactly as they are sent")


def _signature(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> str:
    content = f"{webhook_id}.{timestamp}.".encode() + body
    # Not hmac.digest: it lets other threads run meanwhile and waits for its turn again, which cost a web process of 16
    # threads a twentieth of its requests. This one does so from 2 KB on.
    return binascii.b2a_base64(hmac.new(key, content, hashlib.sha256).digest(), newline=False).decode()


def _key(secret: str) -> bytes:
    # Other makers of secrets leave the base64 padding away, so it is added; what is too much does no harm.
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX) + "==")
    except ValueError:
        key = b""
    if not key:
        raise Invalid("secret", "must be whsec_ and base64; copy it again from where it was made")
    return key
