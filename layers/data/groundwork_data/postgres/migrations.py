"""Schema versions of Postgres: forward and back, one migrator at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.config import Config

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
        target: `head`, a revision, or `-1` for one step back; `base` takes everything back.

    Raises:
        sqlalchemy.exc.OperationalError: the database cannot be reached.
        alembic.util.CommandError: no such revision.
    """
    from alembic import command  # noqa: PLC0415 - only migrating pays for alembic
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - as above
    from sqlalchemy import create_engine, text  # noqa: PLC0415 - as above

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


def _config(scripts: Path) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - only migrating pays for alembic

    config = Config()
    config.set_main_option("script_location", str(scripts))
    return config
