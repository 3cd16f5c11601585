"""`groundwork restore`: replace the database with a backup, completely or not at all.

The backup is loaded into a new database on the same server and migrated to the newest schema. Then
the two databases swap names. Until the swap the instance works on the old database; after it,
functions reach the new one with their next statement.
"""

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, LiteralString
from urllib.parse import urlsplit, urlunsplit

from groundwork_command.instance import project, running, schema
from groundwork_command.services import postgres_tools
from groundwork_command.services.service import ServiceError
from groundwork_command.terminal.output import clear_failures, note, result
from groundwork_command.terminal.progress import progress

if TYPE_CHECKING:
    from psycopg import Connection

    Server = Connection[Any]

Into = Literal["empty", "anything"]

MARK = " alembic_version "
_TABLE = "processing data for table "

HOLDS_SOMETHING = "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public')"
END_CONNECTIONS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
    " AND pid <> pg_backend_pid()"
)


def restore(file: Path, into: Into, output: Literal["json", "text"]) -> None:
    """Replace the database of DATABASE_URL, or of the running instance, with a backup."""
    started = time.monotonic()
    with clear_failures(), progress() as report:
        url = schema.owner_url(running.addresses(("DATABASE_URL",)))

        def on_line(line: str) -> None:
            if line.startswith(_TABLE):
                report("restore", f"so far: {line.removeprefix(_TABLE)}")

        floor = load(url, file, into, on_line)
        report("restore", "done")
    seconds = time.monotonic() - started
    if output == "json":
        result({"file": str(file), "epoch": floor, "seconds": round(seconds, 3)})
        return
    note(f"restored from {file} in {seconds:.1f} s; a new epoch has begun ({floor})")
    note("The graph may hold newer data: `groundwork graph repair` makes it match Postgres.")


def load(
    database_url: str,
    file: Path,
    into: Into = "empty",
    on_line: postgres_tools.OnLine = postgres_tools.ignore_line,
) -> int:
    """Replace the database with a backup; return the lowest version of its new epoch.

    Raises:
        ServiceError: the file is not a backup, or the database holds data and `into` is "empty",
            or PostgreSQL's tools failed. The database is then unchanged.
    """
    if not file.is_file():
        raise ServiceError(f"The file {file} does not exist.")
    if not any(MARK in line for line in postgres_tools.contents(file)):
        raise ServiceError(f"{file} is a database dump, but not one of Groundwork.")
    if into == "empty" and _holds_something(database_url):
        raise ServiceError(
            "The database holds data, which a restore would replace. Back it up first, then "
            "repeat the command with --force."
        )
    return _replace(database_url, file, on_line)


def _holds_something(url: str) -> bool:
    import psycopg  # slow to load

    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            row = connection.execute(HOLDS_SOMETHING).fetchone()
    except psycopg.OperationalError as error:
        raise ServiceError(f"The database cannot be reached: {error}") from error
    return bool(row and row[0])


def _replace(url: str, file: Path, on_line: postgres_tools.OnLine) -> int:
    import psycopg  # slow to load
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    from groundwork_data.postgres import roles  # slow to load
    from groundwork_data.postgres.migrations import migrate  # loads alembic

    name = str(conninfo_to_dict(url)["dbname"])
    fresh, old = (f"{name[:40]}_{what}_{secrets.token_hex(4)}" for what in ("restore", "before"))
    try:
        with psycopg.connect(make_conninfo(url, dbname="postgres"), autocommit=True) as server:
            _run(server, "CREATE DATABASE {} TEMPLATE template0", fresh)
            try:
                there = urlunsplit(urlsplit(url)._replace(path=f"/{fresh}"))
                postgres_tools.restore(there, file, on_line)
                # Not `instance.schema`, which would begin another epoch for the new database.
                migrate(there, project.migrations() / "postgres")
                roles.grant(there, *roles.granted(url))
                floor = _begin_epoch(there, file)
                _switch(server, name, fresh, old)
                return floor
            finally:
                for left in (old, fresh):
                    _run(server, "DROP DATABASE IF EXISTS {}", left)
    except psycopg.Error as error:
        raise ServiceError(f"The restore failed, nothing was replaced: {error}") from error


def _begin_epoch(url: str, file: Path) -> int:
    from groundwork_data.postgres import epochs  # slow to load
    from groundwork_data.postgres.database import Database

    database = Database(url, application_name="groundwork restore")
    try:
        return epochs.begin_epoch(database, f"restored from {file.name}")
    finally:
        database.close()


def _switch(server: "Server", name: str, fresh: str, old: str) -> None:
    """Swap the names in one transaction, with all connections to the old database closed."""
    _run(server, "ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", name)
    try:
        server.execute(END_CONNECTIONS, (name,))
        with server.transaction():
            _run(server, "ALTER DATABASE {} RENAME TO {}", name, old)
            _run(server, "ALTER DATABASE {} RENAME TO {}", fresh, name)
    except Exception:
        _run(server, "ALTER DATABASE {} WITH ALLOW_CONNECTIONS true", name)
        raise


def _run(server: "Server", text: "LiteralString", *names: str) -> None:
    from psycopg import sql  # slow to load

    server.execute(sql.SQL(text).format(*map(sql.Identifier, names)))
