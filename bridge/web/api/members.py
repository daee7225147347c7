"""People of the workspace. Owners manage them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from bridge import people
from bridge.errors import NotFound
from bridge.people import Link
from bridge.store.people import MemberRow
from bridge.tokens import Role
from bridge.web.answers import NOTHING_HERE
from bridge.web.api.endpoint import Call, endpoint
from bridge.web.api.paging import page_of
from bridge.web.api.types import Moment, Paging, says


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the workspace; `seen_at` is the last visit."""

    id: str
    email: str
    role: Role
    created_at: Moment
    second_factor: bool
    seen_at: Moment | None


@dataclass(frozen=True, slots=True)
class MemberPage:
    """People by e-mail."""

    items: Sequence[Member]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whom to invite."""

    email: Annotated[str, says(pattern="^[a-z0-9._+-]{1,64}@[a-z0-9.-]{1,190}$")]
    role: Role


@dataclass(frozen=True, slots=True)
class RoleChange:
    """Another role."""

    role: Role


@dataclass(frozen=True, slots=True)
class LinkMade:
    """A one-time link, which is shown this once."""

    url: str
    expires_at: Moment


@endpoint("GET", "/members", Role.ADMIN, MemberPage)
def list_members(call: Call, query: Paging) -> MemberPage:
    """List the people of the workspace."""
    found = [_shown(one) for one in people.listed(call.runtime, call.slug)]
    return MemberPage(*page_of(found, query, lambda one: one.id))


@endpoint("POST", "/members", Role.OWNER, LinkMade, status=201)
def invite_member(call: Call, body: Invitation) -> Link:
    """Invite a person: the link brings the role."""
    return people.invite(call.runtime, call.slug, body.email, body.role)


@endpoint("GET", "/members/<person>", Role.ADMIN, Member)
def show_member(call: Call, person: str) -> Member:
    """Show a person of the workspace."""
    return _one(call, person)


@endpoint("PATCH", "/members/<person>", Role.OWNER, Member)
def change_member(call: Call, person: str, body: RoleChange) -> Member:
    """Give a person another role. One owner stays."""
    people.change_role(call.runtime, call.slug, _id(person), body.role)
    return _one(call, person)


@endpoint("DELETE", "/members/<person>", Role.OWNER, None, status=204)
def remove_member(call: Call, person: str) -> None:
    """Remove a person from the workspace, at once. One owner stays."""
    people.remove(call.runtime, call.slug, _id(person))


@endpoint("POST", "/members/<person>/reset", Role.OWNER, LinkMade)
def reset_member(call: Call, person: str) -> Link:
    """Make a link by which a person of this workspace alone sets a new password."""
    return people.reset(call.runtime, call.slug, _id(person))


def _id(person: str) -> int:
    if not (person.isascii() and person.isdigit() and len(person) < 10):
        raise NotFound(NOTHING_HERE)
    return int(person)


def _one(call: Call, person: str) -> Member:
    found = next((one for one in people.listed(call.runtime, call.slug) if one.person_id == _id(person)), None)
    if found is None:
        raise NotFound(NOTHING_HERE)
    return _shown(found)


def _shown(one: MemberRow) -> Member:
    return Member(str(one.person_id), one.email, Role(one.role), one.created_at, one.second_factor, one.seen_at)
