"""Sign-in by OAuth client credentials: mints bearers and keeps them, encrypted, in the connection's state.

developer.zendesk.com "OAuth tokens for grant types" (2026-08). API tokens are no way in: nobody can make new ones
since 2026-10-27, and all of them stop on 2027-04-30 ("Migrating from API tokens to OAuth access tokens").
"""

import json
import re
import threading
import time
from collections import defaultdict

from bridge.connector import Access, HelpdeskDown, RateLimited, Refused
from bridge.http import AddressRefused, HttpError

KEY = "token"
LIFE = 7200
"""Seconds asked for; Zendesk takes 300 to 172,800."""
EARLY = 60
"""A bearer this near to its end is renewed first."""
SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

_turns: dict[str, threading.Lock] = defaultdict(threading.Lock)
"""One renewal at a time for each connection; between processes, compare-and-set decides."""


def base_of(access: Access) -> str:
    """Where the account answers, without a slash at the end. Raises Refused.

    Only `https://<subdomain>.zendesk.com`, so that nobody can have the secret sent elsewhere. `base-url` is for
    stand-ins in tests: plain http alone, which calls refuse unless the private-hosts setting allows it.
    """
    override = access.options.get("base-url", "")
    if override:
        if not re.fullmatch(r"http://[A-Za-z0-9.-]+\.[A-Za-z0-9]+(:\d+)?", override.rstrip("/")):
            raise Refused("base-url is for a stand-in on plain http (http://127.0.0.1:9000); else leave it out")
        return override.rstrip("/")
    subdomain = access.options["subdomain"].strip().lower()
    if not SUBDOMAIN.fullmatch(subdomain):
        raise Refused("subdomain: give the first part of your Zendesk address, `acme` of acme.zendesk.com")
    return f"https://{subdomain}.zendesk.com"


def bearer(access: Access, base: str, refused: str | None = None) -> str:
    """A bearer to call with; never `refused`, which Zendesk has just turned down. Raises ConnectorErrors."""
    kept = _kept(access)
    if kept and kept != refused:
        return kept
    with _turns[access.connection]:
        raw = access.state.get(KEY)
        kept = _kept(access)
        if kept and kept != refused:
            return kept
        token, life = _mint(access, base)
        value = json.dumps({"token": token, "until": time.time() + life})
        if access.state.set(KEY, value, raw):
            return token
        # Another process was first. Both bearers are good: client credentials do not rotate.
        return _kept(access) or token


def _kept(access: Access) -> str | None:
    text = access.state.get(KEY)
    if text is None:
        return None
    kept = json.loads(text)
    return str(kept["token"]) if kept["until"] - EARLY > time.time() else None


def _mint(access: Access, base: str) -> tuple[str, float]:
    wanted = {
        "grant_type": "client_credentials",
        "client_id": access.options["client-id"],
        "client_secret": access.options["client-secret"],
        # One string: an array, or `scopes`, gives a token that every call refuses.
        "scope": "read write",
        "expires_in": LIFE,
    }
    try:
        reply = access.http.request("POST", f"{base}/oauth/tokens", json=wanted, read_timeout=15, deadline=30)
        if reply.status == 429:
            raise RateLimited(30)
        if reply.status >= 500:
            raise HelpdeskDown(f"Zendesk cannot sign us in just now (status {reply.status})")
        answer = reply.json()
    except AddressRefused as problem:
        raise Refused(str(problem)) from None
    except HttpError as problem:
        raise HelpdeskDown(str(problem)) from None
    if reply.status == 200 and isinstance(answer, dict) and isinstance(answer.get("access_token"), str):
        life = answer.get("expires_in")
        return answer["access_token"], float(life) if isinstance(life, (int, float)) else LIFE
    error = answer.get("error") if isinstance(answer, dict) else None
    if error == "invalid_scope":
        raise Refused("the OAuth client may not be given `read write`: leave its allowed scopes empty, or add both")
    raise Refused(
        "Zendesk refuses the OAuth client: check subdomain, client identifier and secret, and that the client is"
        " confidential and the admin who made it is still active"
    )
