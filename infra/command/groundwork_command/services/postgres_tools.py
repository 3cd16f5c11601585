"""Run PostgreSQL's client tools without showing the password on a command line."""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from groundwork_command.services.postgres import binaries
from groundwork_command.services.service import ServiceError
from groundwork_command.services.variables import service_variables

OnLine = Callable[[str], None]
"""Called with each line of progress that a tool prints."""
_LAST_LINES = 5


def ignore_line(_line: str) -> None:
    """Ignore a line of output."""


def dump(database_url: str, file: Path, on_line: OnLine = ignore_line) -> None:
    """Dump a database into a file, in pg_dump's custom format. Raises ServiceError."""
    _run(
        "pg_dump",
        [
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            "--no-unlogged-table-data",
            "--verbose",
            f"--file={file}",
        ],
        _where(database_url),
        on_line,
    )


def restore(database_url: str, file: Path, on_line: OnLine) -> None:
    """Load a dump into an empty database. Raises ServiceError."""
    where = _where(database_url)
    _run(
        "pg_restore",
        [
            "--no-owner",
            "--no-privileges",
            "--exit-on-error",
            "--verbose",
            f"--dbname={where['PGDATABASE']}",
            str(file),
        ],
        where,
        on_line,
    )


def contents(file: Path) -> list[str]:
    """List the entries of a dump. Raises ServiceError if the file is not a dump."""
    lines: list[str] = []
    try:
        _run("pg_restore", ["--list", str(file)], {}, lines.append, both=True)
    except ServiceError as error:
        raise ServiceError(f"{file} is not a backup that pg_restore can read.") from error
    return [line for line in lines if not line.startswith(";")]


def _where(database_url: str) -> dict[str, str]:
    """Return the address as environment variables: every user can read a command line."""
    from psycopg.conninfo import conninfo_to_dict  # slow to load

    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
        "sslmode": "PGSSLMODE",
        "sslrootcert": "PGSSLROOTCERT",
    }
    given = conninfo_to_dict(database_url)
    return {variable: str(given[name]) for name, variable in names.items() if given.get(name)}


def _run(
    tool: str, options: list[str], where: Mapping[str, str], on_line: OnLine, *, both: bool = False
) -> None:
    with subprocess.Popen(  # noqa: S603 - a fixed tool and options
        [_found(tool), *options],
        env=service_variables(where),
        stdout=subprocess.PIPE if both else subprocess.DEVNULL,
        stderr=subprocess.STDOUT if both else subprocess.PIPE,
        text=True,
    ) as process:
        last: list[str] = []
        for line in (process.stdout if both else process.stderr) or ():
            text = line.rstrip().removeprefix(f"{tool}: ")
            on_line(text)
            last = [*last, text][-_LAST_LINES:]
    if process.returncode != 0:
        raise ServiceError(f"{tool} failed: " + " ".join(last))


def _found(tool: str) -> str:
    """Return the path of the embedded tool, else of the one on the PATH."""
    try:
        embedded = binaries() / tool
        if embedded.exists():
            return str(embedded)
    except ServiceError:
        pass  # an external PostgreSQL; its tools may be installed here
    known = shutil.which(tool)
    if known is None:
        raise ServiceError(f"{tool} is not installed. Install PostgreSQL's client tools.")
    return known
