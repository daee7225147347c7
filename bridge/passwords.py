"""Passwords: which are taken, how they are kept (argon2id), and comparing in a time that tells nothing.

Sources: OWASP Password Storage Cheat Sheet (argon2id with 19 MiB, 2 passes, 1 lane); NIST SP 800-63B-4 (2025),
section 3.1.1 (length before rules about signs).
"""

import threading
from functools import cache
from typing import TYPE_CHECKING

from bridge.errors import Invalid
from bridge.vault import Secret

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 12
LONGEST = 200

_AT_ONCE = threading.Semaphore(2)
"""Each takes 19 MiB and a core for some 30 ms: many sign-ins at once may not starve hooks."""


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # where somebody signs in, not at each start

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def _nobodys() -> str:
    return _hasher().hash("of nobody, so that unknown people take as long")


def checked(password: Secret, email: str) -> Secret:
    """The password, if it may be one. Raises Invalid."""
    words = password.reveal()
    if not SHORTEST <= len(words) <= LONGEST:
        raise Invalid("password", f"give {SHORTEST} to {LONGEST} characters; a sentence is easy to remember")
    if words.lower() in (email, email.partition("@")[0]) or len(set(words)) < 4:
        raise Invalid("password", "that one is easily guessed; take a sentence that only you would say")
    return password


def hashed(password: Secret) -> str:
    """The argon2id hash, with its salt and parameters."""
    with _AT_ONCE:
        return _hasher().hash(password.reveal())


def matches(password_hash: str | None, password: Secret) -> bool:
    """Whether the password is the one; without a hash no, after as much work."""
    from argon2.exceptions import InvalidHashError, VerificationError

    with _AT_ONCE:
        try:
            right = _hasher().verify(password_hash or _nobodys(), password.reveal()[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return right and password_hash is not None
