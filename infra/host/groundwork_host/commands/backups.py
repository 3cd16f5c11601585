"""`groundwork backup` and `groundwork restore`: the database in one file, and back.

Postgres is the truth, so nothing else needs a backup. A restore begins a new epoch: what the lost
history had given to the graph, to listeners and to clients does not stand in the way of what comes.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from groundwork_host.commands import migrating, project, running
from groundwork_host.commands.saying import clear_failures, note, result
from groundwork_host.services.postgres import binaries
from groundwork_host.services.service import ServiceError

Into = Literal["empty", "anything"]

TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
SEND_OTHERS_AWAY = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
EMPTY = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"


def backup(file: Path, output: Literal["json", "text"]) -> None:
    """Write the database of the environment, else of the running instance, to a file."""
    with clear_failures():
        dump(running.addresses()["DATABASE_URL"], file)
    size = file.stat().st_size
    if output == "json":
        result({"file": str(file), "bytes": size})
        return
    note(f"{file}: {size / 2**20:,.1f} MiB")


def restore(file: Path, into: Into, output: Literal["json", "text"]) -> None:
    """Replace the database by what a file says, and begin a new epoch."""
    with clear_failures():
        floor = load(running.addresses()["DATABASE_URL"], file, into)
    if output == "json":
        result({"file": str(file), "epoch": floor})
        return
    note(f"Restored; a new epoch has begun ({floor}).")
    note("The graph may be ahead: `groundwork graph repair` makes it what Postgres says.")


def dump(database_url: str, file: Path) -> None:
    """Write a database to a file in pg_dump's custom form, whole or not at all.

    Raises ServiceError: pg_dump failed.
    """
    draft = file.with_name(file.name + ".new")
    try:
        _run("pg_dump", database_url, ["--format=custom", f"--file={draft}"])
        draft.chmod(0o600)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def load(database_url: str, file: Path, into: Into = "empty") -> int:
    """Restore a file into a database and return the floor of its new epoch.

    With `anything`, what is in the database is dropped, and its users are sent away first.

    Raises ServiceError: there is something in the database already, or pg_restore failed.
    """
    import psycopg  # noqa: PLC0415 - slow to load

    from groundwork_data.postgres.database import Database  # noqa: PLC0415 - slow to load
    from groundwork_data.postgres.epochs import begin_epoch  # noqa: PLC0415 - as above

    if not file.is_file():
        raise ServiceError(f"There is no file {file}.")
    try:
        with psycopg.connect(database_url, autocommit=True) as connection:
            found = connection.execute(TABLES).fetchone()
            if found and found[0] and into == "empty":
                raise ServiceError(
                    f"The database has {found[0]} tables already. Restore into an empty one, or "
                    "say --force to drop all that is in it."
                )
            # Read before anything is dropped: a file that is no backup must not cost the database.
            _run("pg_restore", None, ["--list", str(file)])
            connection.execute(SEND_OTHERS_AWAY)
            connection.execute(EMPTY)
    except psycopg.OperationalError as error:
        raise ServiceError(f"The database cannot be reached: {error}") from error
    _run(
        "pg_restore",
        database_url,
        # The schema `public` is made anew above.
        ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(file)],
    )
    migrating.migrate_postgres(database_url, project.migrations())
    database = Database(database_url, application_name="groundwork restore")
    try:
        return begin_epoch(database, f"restored from {file.name}")
    finally:
        database.close()


def _run(program: str, database_url: str | None, arguments: Sequence[str]) -> None:
    """Run one of PostgreSQL's programs; the password goes in the environment, not on the line."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    command = [_found(program), *arguments]
    if database_url is not None:
        from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415 - as above

        parts = conninfo_to_dict(database_url)
        environment["PGPASSWORD"] = str(parts.pop("password", ""))
        command.append(f"--dbname={make_conninfo('', **parts)}")
    done = subprocess.run(  # noqa: S603 - our own command, no shell
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ServiceError(f"{program} failed: {done.stderr.strip() or done.stdout.strip()}")


def _found(program: str) -> str:
    """Return the embedded program, else the one on the PATH."""
    try:
        embedded = binaries() / program
    except ServiceError:
        embedded = None
    if embedded is not None and embedded.exists():
        return str(embedded)
    known = shutil.which(program)
    if known is None:
        raise ServiceError(f"{program} is not installed. It comes with PostgreSQL's client tools.")
    return known
