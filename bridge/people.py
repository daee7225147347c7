"""People of workspaces: invited by one-time links, with a role in each; the first owner.

A link shows itself once and is kept as a hash. Nobody gets into another workspace by one: an invitation to a person
who has a password already is taken only by that person, and a workspace resets passwords of its own people alone.
"""

import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from bridge import passwords, workspaces
from bridge.errors import Invalid, NotFound
from bridge.runtime import Runtime
from bridge.store import people as rows
from bridge.store import workspaces as workspace_rows
from bridge.store.people import LinkRow, MemberRow
from bridge.tokens import Role
from bridge.vault import Secret, fingerprint

PATH = "/link/"
FIRST_FOR = 1800.0
"""Seconds for which the first owner's link is good."""
RESET_FOR = 3600.0
INVITATION_FOR = 7 * 86_400.0
DEMO_FOR = 86_400.0

GONE = "This link was used or ran out. Ask for a new one"

_EMAIL = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,190}")


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link; `url` is shown once."""

    url: str = field(repr=False)
    expires_at: float


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link is for. `known`: there is a person of that e-mail, who has a password."""

    kind: str
    email: str | None
    workspace: str | None
    role: str | None
    known: bool


def anybody(runtime: Runtime) -> bool:
    """Whether there are people already."""
    with runtime.database.read() as connection:
        return rows.anybody(connection)


def first_owner(runtime: Runtime) -> Link | None:
    """The link by which the first owner comes in; None when there are people already."""
    return None if anybody(runtime) else _link(runtime, "first", FIRST_FOR)


def demo_owner(runtime: Runtime, slug: str, email: str) -> Link:
    """A link that signs in as an owner of the demo's workspace, as often as it is opened."""
    workspace = workspaces.show(runtime, slug)
    hashed = passwords.hashed(Secret(secrets.token_urlsafe(32)))  # nobody knows it

    def store(connection: sa.Connection) -> None:
        person = rows.by_email(connection, email)
        person_id = person.id if person else rows.insert(connection, email, hashed, time.time())
        rows.put_member(connection, workspace.id, person_id, Role.OWNER, time.time())

    runtime.database.write(store)
    return _link(runtime, "demo", DEMO_FOR, email)


def invite(runtime: Runtime, slug: str, email: str, role: str) -> Link:
    """A link by which that person gets the role in the workspace. Raises Invalid and NotFound."""
    workspace = workspaces.show(runtime, slug)
    return _link(runtime, "invitation", INVITATION_FOR, _address(email), workspace.id, _role(role))


def add(runtime: Runtime, slug: str, email: str, role: str, password: Secret) -> None:
    """The person belongs to the workspace at once, with this password if new. For who runs the server."""
    workspace, address, wanted = workspaces.show(runtime, slug), _address(email), _role(role)
    hashed = passwords.hashed(passwords.checked(password, address))

    def store(connection: sa.Connection) -> None:
        person = rows.by_email(connection, address)
        if person is not None:
            rows.change(connection, person.id, password_hash=hashed)
            rows.end_sessions(connection, person.id)
        person_id = person.id if person else rows.insert(connection, address, hashed, time.time())
        rows.put_member(connection, workspace.id, person_id, wanted, time.time())

    runtime.database.write(store)


def reset(runtime: Runtime, slug: str, person_id: int) -> Link:
    """A link by which a person of this workspace alone sets a new password. Raises NotFound and Invalid."""
    member = _member(runtime, slug, person_id)
    with runtime.database.read() as connection:
        if len(rows.memberships(connection, person_id)) > 1:
            raise Invalid("person", "is in other workspaces too: who runs the server makes the link, by user reset")
    return _link(runtime, "reset", RESET_FOR, member.email)


def reset_anyone(runtime: Runtime, email: str) -> Link:
    """A link by which a person sets a new password. For who runs the server. Raises NotFound."""
    with runtime.database.read() as connection:
        person = rows.by_email(connection, email.strip().lower())
    if person is None:
        raise NotFound(f"There is nobody called {email}; `moodbridge user add` invites people")
    return _link(runtime, "reset", RESET_FOR, person.email)


def opened(runtime: Runtime, token: str) -> Opened:
    """What the link is for. Raises NotFound when it was used or ran out."""
    with runtime.database.read() as connection:
        row = rows.link(connection, fingerprint(token), time.time())
        if row is None or (row.kind == "first" and rows.anybody(connection)):
            raise NotFound(GONE)
        known = row.email is not None and rows.by_email(connection, row.email) is not None
    names = {one.id: one.name for one in workspaces.listed(runtime)}
    return Opened(row.kind, row.email, names.get(row.workspace_id or 0), row.role, known)


def use(
    runtime: Runtime,
    token: str,
    password: Secret | None = None,
    email: str = "",
    workspace: str = "",
    visitor: int | None = None,
) -> int:
    """Uses the link up; the id of the person who may come in now.

    Raises Invalid, and NotFound. `visitor`: who is signed in already.
    """
    link = opened(runtime, token)
    address = _address(link.email or email)
    if link.kind == "first" and not workspaces.listed(runtime):
        workspaces.add(runtime, workspace or "support")
    hashed = None
    if link.kind != "demo" and not (link.kind == "invitation" and link.known):
        hashed = passwords.hashed(passwords.checked(password or Secret(""), address))

    def store(connection: sa.Connection) -> int:
        now = time.time()
        row = rows.link(connection, fingerprint(token), now)
        person = rows.by_email(connection, address)
        if row is None or (row.kind == "first" and rows.anybody(connection)):
            raise NotFound(GONE)
        if row.kind == "invitation" and person is not None and person.id != visitor:
            raise Invalid("email", f"sign in as {address} first, then open the link again")
        if row.kind != "demo":
            rows.remove_link(connection, row.hash)
        if person is None:
            if hashed is None:
                raise NotFound(GONE)
            person_id = rows.insert(connection, address, hashed, now)
        else:
            person_id = person.id
            if hashed is not None:
                rows.change(connection, person_id, password_hash=hashed)
                rows.end_sessions(connection, person_id)
        if row.kind == "invitation" and row.workspace_id is not None and row.role is not None:
            rows.put_member(connection, row.workspace_id, person_id, row.role, now)
        if row.kind == "first":
            for one in workspace_rows.all_workspaces(connection):
                rows.put_member(connection, one.id, person_id, Role.OWNER, now)
        return person_id

    return runtime.database.write(store)


def listed(runtime: Runtime, slug: str) -> Sequence[MemberRow]:
    """The people of a workspace. Raises NotFound."""
    with runtime.database.read() as connection:
        return rows.members_of(connection, workspace_rows.by_slug(connection, slug).id)


def invited(runtime: Runtime, slug: str) -> Sequence[LinkRow]:
    """Who has not come in yet. Raises NotFound."""
    with runtime.database.read() as connection:
        return rows.invitations(connection, workspace_rows.by_slug(connection, slug).id, time.time())


def change_role(runtime: Runtime, slug: str, person_id: int, role: str) -> None:
    """Another role. Raises NotFound, and Invalid where no owner would be left."""
    wanted = _role(role)
    workspace_id = _keeps_an_owner(runtime, slug, person_id, wanted)
    runtime.database.write(lambda c: rows.put_member(c, workspace_id, person_id, wanted, time.time()))


def remove(runtime: Runtime, slug: str, person_id: int) -> None:
    """The person belongs here no more, at once. Raises NotFound, and Invalid where no owner would be left."""
    workspace_id = _keeps_an_owner(runtime, slug, person_id, None)
    runtime.database.write(lambda connection: rows.remove_member(connection, workspace_id, person_id))


def _keeps_an_owner(runtime: Runtime, slug: str, person_id: int, role: Role | None) -> int:
    member = _member(runtime, slug, person_id)
    owners = [one for one in listed(runtime, slug) if one.role == Role.OWNER]
    if member.role == Role.OWNER and role is not Role.OWNER and len(owners) == 1:
        raise Invalid("role", "this is the only owner; make somebody else an owner first")
    return workspaces.show(runtime, slug).id


def _member(runtime: Runtime, slug: str, person_id: int) -> MemberRow:
    for one in listed(runtime, slug):
        if one.person_id == person_id:
            return one
    raise NotFound("There is no such person in this workspace; the list of people shows those there are")


def _link(
    runtime: Runtime,
    kind: str,
    seconds: float,
    email: str | None = None,
    workspace_id: int | None = None,
    role: str | None = None,
) -> Link:
    token = secrets.token_urlsafe(32)
    now = time.time()
    row = LinkRow(fingerprint(token), kind, email, workspace_id, role, now + seconds)
    runtime.database.write(lambda connection: rows.insert_link(connection, row, now))
    return Link(f"{runtime.settings.public_url}{PATH}{token}", row.expires_at)


def _address(email: str) -> str:
    address = email.strip().lower()
    if not _EMAIL.fullmatch(address):
        raise Invalid("email", "give an address such as ada@acme.example")
    return address


def _role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError:
        raise Invalid("role", "choose one of " + ", ".join(Role)) from None
