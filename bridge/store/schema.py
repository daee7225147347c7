"""The version of the schema: bringing it up to date, and refusing one that is not ours."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bridge.errors import BridgeError
from bridge.store.database import Database


class WrongSchema(BridgeError):
    """The database is older or newer than this program."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def upgrade(database: Database) -> list[str]:
    """Brings the schema up to date in one transaction; returns the revisions that were applied.

    Two processes that upgrade at once take turns. Raises WrongSchema when the database is newer.
    """
    scripts = ScriptDirectory.from_config(_config())

    def run(connection: sa.Connection) -> list[str]:
        if not database.is_sqlite:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        before = _revision(connection)
        _refuse_newer(scripts, before)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return [script.revision for script in scripts.iterate_revisions("head", before or "base")][::-1]

    return database.write(run, timeout=None)


_UPGRADE_LOCK = 0x6D6F6F65


def check(database: Database) -> None:
    """Raises WrongSchema unless the database's schema is exactly this program's."""
    scripts = ScriptDirectory.from_config(_config())
    with database.read() as connection:
        current = _revision(connection)
    _refuse_newer(scripts, current)
    if current != scripts.get_current_head():
        raise WrongSchema("The database has an older schema; run `moodbridge db upgrade`")


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(scripts: ScriptDirectory, current: str | None) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    if current is not None and current not in known:
        raise WrongSchema(f"The database has schema {current} of a newer Moodbridge; install that version or restore")
