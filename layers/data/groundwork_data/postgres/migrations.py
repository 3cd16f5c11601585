"""Migrate the schema of Postgres up or down, one migrator at a time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from groundwork_core.errors import Invalid, Unavailable
from groundwork_data.postgres import migrator_lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic.config import Config
    from sqlalchemy import Connection

CONNECT_TIMEOUT_SECONDS = 10
TIME_LIMITS = {"lock_timeout": "5s", "statement_timeout": "15min"}
"""Set for each migration. Requests queue behind a migration that waits for a lock, so it gives up
soon and is tried again."""
LOCK_ATTEMPTS = 5
LOCK_PAUSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Migrated:
    """The revision before and after; the same when there was nothing to do."""

    before: str | None
    after: str | None


def _is_older(target: str, present: str | None) -> bool:
    """Return whether a revision comes before the current one; revisions are numbers."""
    return present is not None and target.isdecimal() and target < present


def migrate(
    database_url: str,
    scripts: Path,
    *,
    target: str = "head",
    wait_seconds: float = migrator_lock.WAIT_SECONDS,
) -> Migrated:
    """Bring the database at a libpq URL to a revision. Each revision is a transaction of its own.

    Args:
        database_url: `postgresql://user:password@host:port/name`.
        scripts: the folder of migrations (migrations/postgres).
        target: `head`; a revision, which undoes later ones; `-1` for one step down; or `base`,
            which undoes all migrations.
        wait_seconds: how long to wait for another migrator.

    Raises:
        sqlalchemy.exc.OperationalError: the database cannot be reached.
        alembic.util.CommandError: the revision does not exist.
        Invalid: the database's encoding is not UTF8.
        Unavailable: another migrator did not end, or a table stayed locked; the revisions before
            that are applied.
    """
    from alembic import command
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import create_engine

    from groundwork_data.postgres.worker_role import ensure_worker_role

    must_be_utf8(database_url)
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.connect() as connection:
            migrator_lock.take_migrator_lock(lambda: _try_lock(connection), wait_seconds)
            before = MigrationContext.configure(connection).get_current_revision()
            connection.rollback()
            config = _config(scripts)
            config.attributes["connection"] = connection
            back = target == "base" or target.startswith("-") or _is_older(target, before)
            step = command.downgrade if back else command.upgrade
            # A relative target means another revision once a part of it is done.
            attempts = 1 if target.startswith("-") else LOCK_ATTEMPTS
            _despite_locks(connection, lambda: step(config, target), attempts)
            if target == "head":
                ensure_worker_role(connection)
                connection.commit()
            after = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    return Migrated(before, after)


def must_be_utf8(database_url: str) -> None:
    """Raise Invalid if a database has another encoding than UTF8, such as SQL_ASCII.

    Without this check, a library's first query would fail with an error about bytes. If the
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


def _try_lock(connection: Connection) -> bool:
    """Try to take the migrator's lock for the session; leave no transaction open."""
    key = migrator_lock.MIGRATOR_LOCK
    taken = connection.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", (key,)).scalar()
    connection.commit()
    return bool(taken)


def _despite_locks(connection: Connection, step: Callable[[], None], attempts: int) -> None:
    """Run the migrations; retry if a table was locked for longer than lock_timeout."""
    from sqlalchemy.exc import OperationalError

    for attempt in range(1, attempts + 1):
        try:
            step()
            connection.commit()
        except OperationalError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise
            connection.rollback()
            if attempt == attempts:
                raise Unavailable(
                    f"A migration gave up after {attempt} attempts because other transactions lock "
                    f"the table: {error.orig}. Run it again when they have ended."
                ) from error
            time.sleep(LOCK_PAUSE_SECONDS)
        else:
            return


def _config(scripts: Path) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts))
    return config
