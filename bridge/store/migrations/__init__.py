"""Alembic's scripts: one file a schema version, run by one process, never at import."""
