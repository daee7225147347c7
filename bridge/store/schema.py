"""The version of the schema: bringing it up to date, and refusing one that is not ours."""

from pathlib import Path

import sqlalchemy as sa

from bridge.errors import BridgeError
from bridge.store.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"

REVISIONS = tuple(sorted(file.name[1:5] for file in (MIGRATIONS / "versions").glob("v[0-9]*.py")))
"""Every revision of this program, the oldest first. A migration's file is named `vREVISION_name.py`."""

_UPGRADE_LOCK = 0x6D6F6F65


class WrongSchema(BridgeError):
    """The database is older or newer than this program."""


def upgrade(database: Database) -> list[str]:
    """Brings the schema up to date in one transaction; returns the revisions that were applied.

    Two processes that upgrade at once take turns. Raises WrongSchema when the database is newer.
    """
    with database.read() as connection:
        if _revision(connection) == REVISIONS[-1]:
            return []
    # Loaded where there is something to do: it costs every start a tenth of its time and 10 MB.
    from alembic import command
    from alembic.config import Config

    def run(connection: sa.Connection) -> list[str]:
        if not database.is_sqlite:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        before = _revision(connection)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return [revision for revision in REVISIONS if before is None or revision > before]

    return database.write(run, timeout=None)


def check(database: Database) -> None:
    """Raises WrongSchema unless the database's schema is exactly this program's."""
    with database.read() as connection:
        current = _revision(connection)
    if current != REVISIONS[-1]:
        raise WrongSchema("The database has an older schema; run `moodbridge db upgrade`")


def _revision(connection: sa.Connection) -> str | None:
    """The database's revision; None when it has no schema yet. Raises WrongSchema when it is newer."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    current: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    if current is not None and current not in REVISIONS:
        raise WrongSchema(f"The database has schema {current} of a newer Moodbridge; install that version or restore")
    return current
