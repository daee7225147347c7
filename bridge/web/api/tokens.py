"""API tokens. Nobody makes one that may do more than the own role."""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge import tokens
from bridge.tokens import Role
from bridge.web.answers import Forbidden
from bridge.web.api.endpoint import Call, endpoint
from bridge.web.api.paging import page_of
from bridge.web.api.types import Moment, Paging


@dataclass(frozen=True, slots=True)
class Token:
    """A token; `hint` is how it ends."""

    id: str
    role: Role
    hint: str
    created_at: Moment
    last_used_at: Moment | None
    revoked_at: Moment | None


@dataclass(frozen=True, slots=True)
class TokenPage:
    """Tokens, the oldest first, revoked ones included."""

    items: Sequence[Token]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token to make."""

    role: Role


@dataclass(frozen=True, slots=True)
class TokenMade:
    """A token just made; `token` is shown this once."""

    id: str
    role: Role
    token: str


@endpoint("GET", "/tokens", Role.ADMIN, TokenPage)
def list_tokens(call: Call, query: Paging) -> TokenPage:
    """List API tokens."""
    found = tokens.listed(call.runtime, call.slug)
    return TokenPage(*page_of(found, query, lambda one: one.id))  # type: ignore[arg-type]


@endpoint("POST", "/tokens", Role.ADMIN, TokenMade, status=201)
def add_token(call: Call, body: NewToken) -> TokenMade:
    """Make an API token, of one's own role at most."""
    if not call.holder.role.reaches(body.role):
        raise Forbidden
    made = tokens.add(call.runtime, call.slug, body.role)
    return TokenMade(made.id, made.role, made.token.reveal())


@endpoint("DELETE", "/tokens/<token>", Role.ADMIN, None, status=204)
def revoke_token(call: Call, token: str) -> None:
    """Revoke an API token: it works no more, at once.

    One of a higher role than one's own is not revoked.
    """
    found = next((one for one in tokens.listed(call.runtime, call.slug) if one.id == token), None)
    if found is not None and not call.holder.role.reaches(Role(found.role)):
        raise Forbidden
    tokens.revoke(call.runtime, call.slug, token)
