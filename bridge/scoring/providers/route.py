"""A workspace's way to its provider: which profile, model, address and key, checked once when it is made."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bridge.errors import Invalid
from bridge.scoring.providers.profiles import NAMES, Profile, profile_for
from bridge.vault import Secret


@dataclass(frozen=True)
class Route:
    profile: Profile
    model: str
    base_url: str
    key: Secret | None = field(repr=False)

    @property
    def url(self) -> str:
        return self.base_url + self.profile.path


def route(provider: str, key: Secret | None, model: str | None = None, base_url: str | None = None) -> Route:
    """The route that `provider set` describes; what is not named comes from the profile. Calls nobody.

    Raises Invalid, naming the option, when something is missing or cannot be used.
    """
    address = _base_url(base_url) if base_url else None
    profile = profile_for(provider, urlsplit(address).hostname if address else None)
    if profile is None:
        raise Invalid("provider", f"there is none named {provider!r}; choose one of {', '.join(NAMES)} or offline")
    address = address or profile.base_url
    if address is None:
        raise Invalid("base-url", f"{provider} needs the address of its endpoint, usually ending in /v1")
    model = model or (profile.models[0].name if profile.models else None)
    if model is None or not re.fullmatch(r"[!-~]{1,200}", model):
        raise Invalid("model", f"{profile.title} needs the name of a model, without blanks")
    if key is None and profile.base_url is not None:
        raise Invalid("key", f"{profile.title} needs a key")
    if key is not None and not re.fullmatch(r"[!-~]{1,500}", key.reveal()):
        raise Invalid("key", "it may hold neither blanks nor letters outside ASCII; was it pasted whole?")
    return Route(profile, model, address, key)


def _base_url(given: str) -> str:
    try:
        parts = urlsplit(given.strip())
        usable = parts.scheme in ("https", "http") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise Invalid("base-url", "it must look like https://host/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Invalid("base-url", "it may hold no user, password, query or fragment; the key is given apart")
    return given.strip().rstrip("/")
