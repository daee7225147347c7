"""Settings: read once from the environment at the start. What is malformed stops the start and is named."""

import difflib
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

from bridge import setting_values
from bridge.errors import BridgeError
from bridge.vault import Secret

Value = TypeVar("Value")

PREFIX = "MOODBRIDGE_"
FILE_SUFFIX = "_FILE"
DATABASE_FILE = "moodbridge.db"
LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"
SERVICE_LINK = re.compile(r"MOODBRIDGE_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP)(_\w+)?)")
"""What Kubernetes and old Docker links add for a service named moodbridge: none of it is a setting."""
TESTS_PREFIX = "MOODBRIDGE_TESTS_"
"""Read by our tests alone."""


class SettingError(BridgeError):
    """A setting cannot be used; `setting` names it."""

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(f"{setting}: {problem}")
        self.setting = setting


@dataclass(frozen=True, slots=True)
class Setting:
    """One name of the environment, as docs/settings.md lists it. NAME_FILE may name a file that holds a secret."""

    name: str
    allowed: str
    default: str
    meaning: str
    secret: bool = False


SETTINGS = (
    Setting(
        "MOODBRIDGE_SECRET_KEY",
        "one or more strings of at least 32 characters, separated by commas",
        "made in the data directory",
        "Encrypts what is stored. In a list the first encrypts and all decrypt, so that a key can be replaced.",
        secret=True,
    ),
    Setting(
        "DATABASE_URL",
        "`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME` (also `postgres://`)",
        "SQLite in the data directory",
        "The database.",
        secret=True,
    ),
    Setting(
        "REDIS_URL",
        "`redis://HOST:PORT/0`, `rediss://...` or `unix:///SOCKET`",
        "a Valkey of our own",
        "Redis or Valkey, which wakes the workers.",
        secret=True,
    ),
    Setting(
        "MOODBRIDGE_DATA_DIR",
        "a directory",
        "`~/.local/share/moodbridge` (or under `XDG_DATA_HOME`); macOS: `~/Library/Application Support/moodbridge`",
        "Where the key, the SQLite file and the embedded Valkey live.",
    ),
    Setting(
        "MOODBRIDGE_URL",
        "an address that begins with http:// or https://, without query",
        "`http://HOST:PORT`",
        "The address under which helpdesks and people reach this server.",
    ),
    Setting("HOST", "a host name or an IP address", "`127.0.0.1`", "The address the web server listens on."),
    Setting(
        "PORT",
        "a whole number from 1 to 65535",
        "`8080`",
        "The port the web server listens on. Set without `HOST`, it listens on all interfaces.",
    ),
    Setting(
        "METRICS_PORT",
        "a whole number from 1 to 65535, other than PORT",
        "none",
        "A second port, on 127.0.0.1 only, where `/metrics` needs no token.",
    ),
    Setting(
        "MOODBRIDGE_ALLOW_HOSTS",
        "host names, IP addresses and networks (10.1.0.0/16), separated by commas",
        "none",
        "Private hosts that outgoing calls may reach. The names among them may also use plain http.",
    ),
    Setting(
        "MOODBRIDGE_ALLOW_PRIVATE_HOSTS",
        "on or off",
        "`off`",
        "On: outgoing calls may reach every private and loopback address, and use plain http. "
        "Link-local and cloud metadata addresses stay refused.",
    ),
    Setting(
        "MOODBRIDGE_LOG_FORMAT",
        "json or text",
        "`text` on a terminal, else `json`",
        "How log lines look.",
    ),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """Everything that the environment decides. `repr` shows no secret."""

    secret_keys: tuple[Secret, ...]
    """The first encrypts, all decrypt. Empty when unset: the key of the data directory is used."""
    database_url: str
    """As SQLAlchemy takes it. May hold a password."""
    database_url_set: bool
    redis_url: str | None
    """None: the embedded one. May hold a password."""
    data_dir: Path
    public_url: str
    """Without a slash at the end."""
    host: str
    port: int
    metrics_port: int | None
    allow_hosts: tuple[str, ...]
    """Lower-case names, and networks as `ipaddress` writes them."""
    allow_private_hosts: bool
    log_format: str
    """`json` or `text`."""
    warnings: tuple[str, ...] = ()
    """What the person who starts Moodbridge should read."""

    def __repr__(self) -> str:
        redis = masked_url(self.redis_url) if self.redis_url else None
        return (
            f"Settings(secret_keys={self.secret_keys!r}, database_url={masked_url(self.database_url)!r}, "
            f"redis_url={redis!r}, data_dir={str(self.data_dir)!r}, public_url={self.public_url!r}, "
            f"host={self.host!r}, port={self.port}, metrics_port={self.metrics_port}, "
            f"allow_hosts={self.allow_hosts!r}, allow_private_hosts={self.allow_private_hosts}, "
            f"log_format={self.log_format!r})"
        )


def load(environ: Mapping[str, str], terminal: bool | None = None) -> Settings:
    """The settings of an environment. `terminal`: whether logs go to one (None: look at stderr).

    Raises SettingError for a malformed value and for an unknown name that begins with MOODBRIDGE_.
    """
    _refuse_unknown(environ)
    data_dir = _read(environ, "MOODBRIDGE_DATA_DIR", setting_values.directory) or _default_data_dir(environ)
    database_url = _read(environ, "DATABASE_URL", setting_values.database_url)
    host, port, warnings = _listen(environ)
    metrics_port = _read(environ, "METRICS_PORT", setting_values.port)
    if metrics_port == port:
        raise _malformed("METRICS_PORT")
    public_url = _read(environ, "MOODBRIDGE_URL", setting_values.public_url)
    log_format = _read(environ, "MOODBRIDGE_LOG_FORMAT", setting_values.log_format)
    if log_format is None:
        log_format = "text" if (sys.stderr.isatty() if terminal is None else terminal) else "json"
    return Settings(
        secret_keys=_read(environ, "MOODBRIDGE_SECRET_KEY", setting_values.secret_keys) or (),
        database_url=database_url or f"sqlite:///{data_dir / DATABASE_FILE}",
        database_url_set=database_url is not None,
        redis_url=_read(environ, "REDIS_URL", setting_values.redis_url),
        data_dir=data_dir,
        public_url=public_url or _url_of(host, port),
        host=host,
        port=port,
        metrics_port=metrics_port,
        allow_hosts=_read(environ, "MOODBRIDGE_ALLOW_HOSTS", setting_values.allow_hosts) or (),
        allow_private_hosts=_read(environ, "MOODBRIDGE_ALLOW_PRIVATE_HOSTS", setting_values.switch) or False,
        log_format=log_format,
        warnings=warnings,
    )


def standalone_missing(settings: Settings) -> list[str]:
    """The names that `web`, `worker` and `scheduler` started alone need and that are unset."""
    needed = {
        "MOODBRIDGE_SECRET_KEY": bool(settings.secret_keys),
        "DATABASE_URL": settings.database_url_set,
        "REDIS_URL": settings.redis_url is not None,
    }
    return [name for name, given in needed.items() if not given]


def masked_url(url: str) -> str:
    """A URL as it may be shown: the password, and every value of its query, is hidden."""
    try:
        parts = urlsplit(url)
        user, password = parts.username, parts.password
    except ValueError:
        return "****"
    place = parts.netloc.rpartition("@")[2]
    if user is not None:
        place = f"{user}:****@{place}" if password is not None else f"{user}@{place}"
    query = "&".join(f"{name}=****" for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    return f"{parts.scheme}://{place}{parts.path}" + (f"?{query}" if query else "")


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = {setting.name for setting in SETTINGS}
    known |= {setting.name + FILE_SUFFIX for setting in SETTINGS if setting.secret}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name.startswith(TESTS_PREFIX) or name in known:
            continue
        if _is_service_link(name, environ[name]):
            continue
        by_bare_name = {word.removeprefix(PREFIX): word for word in sorted(known)}
        near = [by_bare_name[word] for word in difflib.get_close_matches(name.removeprefix(PREFIX), by_bare_name, n=1)]
        raise SettingError(name, "is no setting of Moodbridge" + (f": did you mean {near[0]}?" if near else ""))


def _is_service_link(name: str, value: str) -> bool:
    linked_port = name.endswith("_PORT") and value.startswith(("tcp://", "udp://"))
    return linked_port or SERVICE_LINK.fullmatch(name) is not None


def _read(environ: Mapping[str, str], name: str, parse: Callable[[str], Value]) -> Value | None:
    """The parsed value, None when unset or empty. `parse` raises ValueError for what is not allowed."""
    value = environ.get(name, "").strip()
    if BY_NAME[name].secret:
        value = _from_file(environ, name, value)
    if not value:
        return None
    try:
        return parse(value)
    except ValueError:
        raise _malformed(name, None if BY_NAME[name].secret else value) from None


def _from_file(environ: Mapping[str, str], name: str, value: str) -> str:
    path = environ.get(name + FILE_SUFFIX, "").strip()
    if not path:
        return value
    if value:
        raise SettingError(name, f"is set, and {name}{FILE_SUFFIX} is set too: keep one of them")
    try:
        content = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingError(name + FILE_SUFFIX, f"the file {path} cannot be read as text") from None
    if not content:
        raise SettingError(name + FILE_SUFFIX, f"the file {path} is empty")
    return content


def _malformed(name: str, value: str | None = None) -> SettingError:
    given = f", not {value!r}" if value is not None and "@" not in value else ""
    return SettingError(name, f"must be {BY_NAME[name].allowed}{given}".replace("`", ""))


def _listen(environ: Mapping[str, str]) -> tuple[str, int, tuple[str, ...]]:
    host = _read(environ, "HOST", setting_values.host)
    port = _read(environ, "PORT", setting_values.port)
    if host is None and port is not None:
        warning = (
            f"PORT is set and HOST is not: listening on all interfaces, port {port}. "
            f"Set HOST={LOOPBACK} to listen on this machine only."
        )
        return EVERYWHERE, port, (warning,)
    return host or LOOPBACK, port or 8080, ()


def _default_data_dir(environ: Mapping[str, str]) -> Path:
    """After the XDG Base Directory Specification 0.8 (a relative XDG_DATA_HOME is ignored) and macOS' own custom."""
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "moodbridge"
    base = Path(environ.get("XDG_DATA_HOME", ""))
    return (base if base.is_absolute() else home / ".local" / "share") / "moodbridge"


def _url_of(host: str, port: int) -> str:
    if host in (EVERYWHERE, "::"):
        host = LOOPBACK
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
