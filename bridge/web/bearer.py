"""Signing in with an API token: `Authorization: Bearer mb_...` (RFC 6750, 2012, section 2.1)."""

from flask import g, request

from bridge import tokens
from bridge.runtime import Runtime
from bridge.tokens import Holder
from bridge.web.answers import Forbidden, Unauthorized


def holder(runtime: Runtime) -> Holder:
    """Whose token this request carries. Raises Unauthorized."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    found = tokens.check(runtime, token.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        raise Unauthorized
    return found


def needs_settings_role() -> None:
    """Raises Forbidden unless the signed-in token's role may change settings."""
    signed_in: Holder = g.holder
    if not signed_in.role.may_change_settings:
        raise Forbidden
