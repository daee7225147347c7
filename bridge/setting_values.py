"""What the value of one setting may look like. Each function returns it parsed, and raises ValueError for any other."""

import ipaddress
import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from bridge.vault import MIN_KEY_LENGTH, Secret

SWITCH = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_][a-z0-9_-]{0,62}(\.[a-z0-9_][a-z0-9_-]{0,62})*\.?", re.IGNORECASE)


def directory(value: str) -> Path:
    """An absolute path; `~` is the home. What is there must be a directory."""
    path = Path(value).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise ValueError
    return path


def secret_keys(value: str) -> tuple[Secret, ...]:
    """The keys of a comma list, in its order, each long enough."""
    keys = [key.strip() for key in value.split(",")]
    if any(len(key) < MIN_KEY_LENGTH or "\n" in key for key in keys):
        raise ValueError
    return tuple(Secret(key) for key in keys)


def database_url(value: str) -> str:
    """SQLAlchemy's spelling: psycopg 3 is `postgresql+psycopg`."""
    scheme, colon, rest = value.partition("://")
    if scheme == "sqlite" and colon:
        if not rest.startswith("/") or rest.partition("?")[0].strip("/") in ("", ":memory:"):
            raise ValueError
        return value
    if scheme not in ("postgres", "postgresql", "postgresql+psycopg") or _has_space(value):
        raise ValueError
    if len(urlsplit(value).path) < 2:  # the name of the database
        raise ValueError
    return f"postgresql+psycopg://{rest}"


def redis_url(value: str) -> str:
    """A URL that redis-py takes."""
    parts = urlsplit(value)
    if parts.scheme not in ("redis", "rediss", "unix") or _has_space(value):
        raise ValueError
    if not (parts.path if parts.scheme == "unix" else parts.hostname):
        raise ValueError
    if parts.scheme != "unix" and parts.port == 0:
        raise ValueError
    return value


def public_url(value: str) -> str:
    """A web address, perhaps with a path; without a slash at the end, sign-in, query and fragment."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError
    if "@" in parts.netloc or parts.query or parts.fragment or _has_space(value):
        raise ValueError
    host(parts.hostname)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")).rstrip("/")


def _has_space(value: str) -> bool:
    return any(character.isspace() for character in value)


def host(value: str) -> str:
    """A host name or an IP address; an IPv6 address without brackets."""
    if ":" in value:
        return str(ipaddress.IPv6Address(value[1:-1] if value.startswith("[") and value.endswith("]") else value))
    if value.replace(".", "").isdigit():
        return str(ipaddress.IPv4Address(value))
    if HOST_NAME.fullmatch(value) is None:
        raise ValueError
    return value


def port(value: str) -> int:
    """A port, in plain digits."""
    port = int(value) if value.isascii() and value.isdigit() else 0
    if not 1 <= port <= 65535:
        raise ValueError
    return port


def allow_hosts(value: str) -> tuple[str, ...]:
    """Host names in lower case, IP addresses and networks."""
    return tuple(_allowed(entry.strip()) for entry in value.split(",") if entry.strip())


def _allowed(entry: str) -> str:
    if "/" in entry:
        return str(ipaddress.ip_network(entry))
    return host(entry).lower().rstrip(".")


def switch(value: str) -> bool:
    """On or off, in one of the usual words."""
    if value.lower() not in SWITCH:
        raise ValueError
    return SWITCH[value.lower()]


def log_format(value: str) -> str:
    """json or text."""
    if value not in ("json", "text"):
        raise ValueError
    return value
