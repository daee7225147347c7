"""The token endpoint: client_credentials only, as developer.zendesk.com "OAuth tokens for grant types" tells."""

import secrets
import threading
from dataclasses import dataclass, field

from tests.hosts.zendesk.account import Account, Json, Problem

DEFAULT_LIFE = 1800
"""Seconds an access token lives for clients made since 2026-04-30 that do not say `expires_in`."""


@dataclass
class Token:
    scopes: frozenset[str]
    expires_at: float
    user_id: int


@dataclass
class SignIn:
    """The account's OAuth clients and the bearers it gave out."""

    account: Account
    clients: dict[str, str] = field(default_factory=lambda: {"moodbridge": "s3cret-of-the-client"})
    allowed: frozenset[str] = frozenset()
    """The client's allowed scopes; empty: all."""
    tokens: dict[str, Token] = field(default_factory=dict)
    issued: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def grant(self, wanted: Json) -> Json:
        """What POST /oauth/tokens answers."""
        if wanted.get("grant_type") != "client_credentials":
            raise Problem(400, {"error": "unsupported_grant_type"})
        secret = self.clients.get(str(wanted.get("client_id")))
        if secret is None or secret != wanted.get("client_secret"):
            raise Problem(401, {"error": "invalid_client"})
        life = wanted.get("expires_in", DEFAULT_LIFE)
        if not isinstance(life, int) or not 300 <= life <= 172_800:
            raise Problem(400, {"error": "invalid_request"})
        scope = wanted.get("scope", "")
        # An array, or `scopes`, gives a token that is refused everywhere.
        scopes = frozenset(scope.split()) if isinstance(scope, str) else frozenset()
        if self.allowed and not scopes <= self.allowed:
            raise Problem(400, {"error": "invalid_scope"})
        with self.lock:
            bearer = secrets.token_hex(20)
            self.tokens[bearer] = Token(scopes, self.account.clock() + life, self.account.admin.id)
            self.issued += 1
        return {"access_token": bearer, "token_type": "bearer", "scope": " ".join(scopes), "expires_in": life}

    def check(self, header: str, writes: bool) -> int:
        """The id of the user a call is made as. Raises 401 for a bad or old bearer, 403 for a missing scope."""
        kind, _, bearer = header.partition(" ")
        with self.lock:
            token = self.tokens.get(bearer) if kind == "Bearer" else None
        if token is None or token.expires_at <= self.account.clock():
            raise Problem(401, {"error": "Couldn't authenticate you"})
        needed = "write" if writes else "read"
        if needed not in token.scopes:
            raise Problem(
                403, {"error": "Forbidden", "description": f"Missing the following required scopes: {needed}"}
            )
        return token.user_id

    def revoke_all(self) -> None:
        with self.lock:
            self.tokens.clear()
