"""Migrate the schema of Postgres up or down, one migrator at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from groundwork_core.errors import Invalid

if TYPE_CHECKING:
    from alembic.config import Config

CONNECT_TIMEOUT_SECONDS = 10
MIGRATOR_LOCK = 0x67_77_6D_69_67
"""The advisory lock that a migrator holds, so that two at once run one after the other."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """The revision before and after; the same when there was nothing to do."""

    before: str | None
    after: str | None


def migrate(database_url: str, scripts: Path, *, target: str = "head") -> Migrated:
    """Bring the database at a libpq URL to a revision.

    Args:
        database_url: `postgresql://user:password@host:port/name`.
        scripts: the folder of migrations (migrations/postgres).
        target: `head`, a revision, or `-1` for one step down; `base` undoes all migrations.

    Raises:
        sqlalchemy.exc.OperationalError: the database cannot be reached.
        alembic.util.CommandError: the revision does not exist.
        Invalid: the database's encoding is not UTF8.
    """
    from alembic import command
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import create_engine, text

    must_be_utf8(database_url)
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATOR_LOCK})
            connection.commit()
            before = MigrationContext.configure(connection).get_current_revision()
            config = _config(scripts)
            config.attributes["connection"] = connection
            back = target == "base" or target.startswith("-")
            (command.downgrade if back else command.upgrade)(config, target)
            connection.commit()
            after = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    return Migrated(before, after)


def must_be_utf8(database_url: str) -> None:
    """Raise Invalid if a database has another encoding than UTF8, such as SQL_ASCII.

    Checked here, because otherwise a library's first query fails with an error about bytes. If the
    database cannot be reached, nothing is checked; the next connection reports it.
    """
    try:
        with psycopg.connect(database_url, connect_timeout=CONNECT_TIMEOUT_SECONDS) as connection:
            encoding = connection.info.parameter_status("server_encoding")
    except psycopg.OperationalError:
        return
    if encoding != "UTF8":
        raise Invalid(
            f"The encoding of the database is {encoding}, but it must be UTF8. "
            "Create one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0."
        )


def _config(scripts: Path) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts))
    return config
