"""The opened parts of one process: settings, vault, database, wake, outgoing HTTP and the connectors."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.connector import Connector, discover
from bridge.http import Http, Policy
from bridge.processes.redis import embedded_url
from bridge.settings import Settings, load
from bridge.store import schema
from bridge.store.database import Database
from bridge.vault import Vault, read_or_make_key
from bridge.wake import Waker


@dataclass(frozen=True)
class Runtime:
    """Opened once a process, after any fork; `close` when it ends."""

    settings: Settings
    vault: Vault
    database: Database
    waker: Waker
    http: Http
    connectors: Mapping[str, Connector]

    def close(self) -> None:
        self.database.close()
        self.waker.close()


def open_runtime(
    settings: Settings | None = None,
    connectors: Mapping[str, Connector] | None = None,
    check_schema: bool = True,
) -> Runtime:
    """Opens everything that the settings name. Raises a BridgeError that says what is missing.

    Without a secret key in the settings the data directory's own is used (made when there is none).
    """
    settings = settings or load(os.environ)
    keys = settings.secret_keys or (read_or_make_key(settings.data_dir),)
    database = Database(settings.database_url)
    if check_schema:
        schema.check(database)
    return Runtime(
        settings=settings,
        vault=Vault(keys),
        database=database,
        waker=Waker(redis_url(settings)),
        http=Http(Policy(allow_private=settings.allow_private_hosts, allow_hosts=settings.allow_hosts)),
        connectors=discover() if connectors is None else connectors,
    )


def upgrade_schema(settings: Settings) -> list[str]:
    """Brings the schema up to date; the revisions that were applied. Raises WrongSchema."""
    database = Database(settings.database_url)
    try:
        return schema.upgrade(database)
    finally:
        database.close()


def prepare(settings: Settings) -> None:
    """Makes a command work on a machine where nothing ran yet: the data directory's own database is made.

    A database that DATABASE_URL names is left alone: `moodbridge db upgrade` is for that.
    """
    if not settings.database_url_set:
        upgrade_schema(settings)


def redis_url(settings: Settings) -> str:
    """Where Redis is: as set, else the embedded one of the data directory."""
    return settings.redis_url or embedded_url(settings.data_dir)
