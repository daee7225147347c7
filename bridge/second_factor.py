"""Codes of an authenticator app: RFC 6238 (2011) with SHA-1, 30 seconds and six digits, as every app does it."""

import base64
import hashlib
import hmac
import secrets
from urllib.parse import quote

STEP = 30
DIGITS = 6
AROUND = 1
"""Steps before and behind now that are taken too, for clocks that differ."""


def new_secret() -> str:
    """20 random bytes in base 32, as people type it into their app."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def code_at(secret: str, step: int) -> str:
    """The code of a step of time (RFC 4226, section 5.3)."""
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    place = digest[-1] & 15
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(secret: str, code: str, now: float) -> int | None:
    """The step whose code this is, near now; None when it is no such code."""
    typed = "".join(code.split()).encode()
    current = int(now) // STEP
    found = None
    for step in range(current - AROUND, current + AROUND + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), typed):
            found = step
    return found


def address(secret: str, email: str) -> str:
    """What an app reads: an otpauth address."""
    return f"otpauth://totp/Moodbridge:{quote(email)}?secret={secret}&issuer=Moodbridge"
