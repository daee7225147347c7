"""Signing in and out: sessions of people, which can be ended. A session's token is kept as a hash alone."""

import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import sqlalchemy as sa

from bridge import passwords, second_factor
from bridge.errors import BridgeError, Invalid
from bridge.runtime import Runtime
from bridge.store import people as rows
from bridge.store.database import DatabaseDown
from bridge.store.people import Membership, SessionRow
from bridge.vault import Secret, fingerprint

LONGEST = 30 * 86_400.0
"""Seconds after which one signs in again, in any case."""
IDLE = 7 * 86_400.0
"""Seconds without a visit after which a session ends."""
NOTE_EVERY = 60.0
LONGEST_AGENT = 120


class NotSignedIn(BridgeError):
    """E-mail, password or code do not fit; which of them is not said."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who visits, and which workspaces are theirs."""

    person_id: int
    email: str
    session: str = field(repr=False)
    """The session's hash."""
    workspaces: Sequence[Membership] = ()
    second_factor: bool = False


def sign_in(runtime: Runtime, email: str, password: Secret, code: str, agent: str) -> Secret:
    """The token of a new session. Raises NotSignedIn; how long it takes does not tell why."""
    with runtime.database.read() as connection:
        person = rows.by_email(connection, email.strip().lower())
    right = passwords.matches(person.password_hash if person else None, password)
    if person is None or not right:
        raise NotSignedIn("E-mail, password or code do not fit. Try again, or ask an owner for a reset link.")
    if person.factor is not None:
        step = second_factor.step_of(runtime.vault.decrypt(person.factor), code, time.time())
        taken = person.id
        if step is None or not runtime.database.write(lambda connection: rows.take_step(connection, taken, step)):
            raise NotSignedIn("E-mail, password or code do not fit. Try again with the newest code of your app.")
    return begin(runtime, person.id, agent)


def begin(runtime: Runtime, person_id: int, agent: str) -> Secret:
    """The token of a new session of a person who is known."""
    token = secrets.token_urlsafe(32)
    shown = "".join(one for one in agent if one.isprintable())[:LONGEST_AGENT]
    now = time.time()
    runtime.database.write(lambda c: rows.insert_session(c, fingerprint(token), person_id, shown, now))
    return Secret(token)


def who(runtime: Runtime, token: str) -> SignedIn | None:
    """Who shows the token; None when there is no such session any more."""
    now = time.time()
    with runtime.database.read() as connection:
        session = rows.session(connection, fingerprint(token))
        if session is None or session.created_at < now - LONGEST or session.seen_at < now - IDLE:
            return None
        person = rows.by_id(connection, session.person_id)
        if person is None:
            return None
        theirs = rows.memberships(connection, person.id)
    if session.seen_at < now - NOTE_EVERY:
        with suppress(DatabaseDown):  # who looks may look on while nothing can be written
            runtime.database.write(lambda c: rows.note_seen(c, session.hash, now), timeout=1)
    return SignedIn(person.id, person.email, session.hash, theirs, person.factor is not None)


def end(runtime: Runtime, person_id: int, session: str) -> None:
    """Ends one session."""
    runtime.database.write(lambda connection: rows.end_sessions(connection, person_id, only=session))


def end_others(runtime: Runtime, person_id: int, session: str | None) -> None:
    """Ends every session of the person but this one."""
    runtime.database.write(lambda connection: rows.end_sessions(connection, person_id, but=session))


def listed(runtime: Runtime, person_id: int) -> Sequence[SessionRow]:
    """A person's sessions, the last seen first."""
    with runtime.database.read() as connection:
        return rows.sessions_of(connection, person_id)


def change_password(runtime: Runtime, person_id: int, old: Secret, new: Secret, session: str) -> None:
    """A new password; every other session ends. Raises Invalid."""
    with runtime.database.read() as connection:
        person = rows.by_id(connection, person_id)
    if person is None or not passwords.matches(person.password_hash, old):
        raise Invalid("password", "your present password is another; type it again")
    hashed = passwords.hashed(passwords.checked(new, person.email))

    def store(connection: sa.Connection) -> None:
        rows.change(connection, person_id, password_hash=hashed)
        rows.end_sessions(connection, person_id, but=session)

    runtime.database.write(store)


def set_second_factor(runtime: Runtime, person_id: int, secret: str, code: str) -> None:
    """From now on signing in asks for a code too. Raises Invalid unless the code fits the secret."""
    step = second_factor.step_of(secret, code, time.time())
    if step is None:
        raise Invalid("code", "that is not the code; check the clock of your phone and type the newest one")
    sealed = runtime.vault.encrypt(secret)
    runtime.database.write(lambda c: rows.change(c, person_id, factor=sealed, factor_step=step))


def remove_second_factor(runtime: Runtime, person_id: int, password: Secret) -> None:
    """The password alone is enough again. Raises Invalid."""
    with runtime.database.read() as connection:
        person = rows.by_id(connection, person_id)
    if person is None or not passwords.matches(person.password_hash, password):
        raise Invalid("password", "your password is another; type it again")
    runtime.database.write(lambda connection: rows.change(connection, person_id, factor=None))
