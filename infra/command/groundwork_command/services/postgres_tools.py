"""PostgreSQL's own client tools, pointed at a database without showing its password to anybody."""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from groundwork_command.services.postgres import binaries
from groundwork_command.services.service import ServiceError
from groundwork_command.services.variables import of_service

Told = Callable[[str], None]
"""Takes each line that a tool says of its progress."""
_LAST_LINES = 5


def silent(_line: str) -> None:
    """Tell nobody."""


def dump(database_url: str, file: Path, told: Told = silent) -> None:
    """Write a database into a file, in pg_dump's custom format. Raises ServiceError."""
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
        told,
    )


def restore(database_url: str, file: Path, told: Told) -> None:
    """Read a dump into an empty database; all of it or an error. Raises ServiceError."""
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
        told,
    )


def contents(file: Path) -> list[str]:
    """List what a dump holds, one entry a line. Raises ServiceError: it is no dump."""
    lines: list[str] = []
    try:
        _run("pg_restore", ["--list", str(file)], {}, lines.append, both=True)
    except ServiceError as error:
        raise ServiceError(f"{file} is no backup that pg_restore can read.") from error
    return [line for line in lines if not line.startswith(";")]


def _where(database_url: str) -> dict[str, str]:
    """The address as environment variables: a command line can be read by every user."""
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
    tool: str, options: list[str], where: Mapping[str, str], told: Told, *, both: bool = False
) -> None:
    with subprocess.Popen(  # noqa: S603 - our own tool and words
        [_found(tool), *options],
        env=of_service(where),
        stdout=subprocess.PIPE if both else subprocess.DEVNULL,
        stderr=subprocess.STDOUT if both else subprocess.PIPE,
        text=True,
    ) as process:
        last: list[str] = []
        for line in (process.stdout if both else process.stderr) or ():
            said = line.rstrip().removeprefix(f"{tool}: ")
            told(said)
            last = [*last, said][-_LAST_LINES:]
    if process.returncode != 0:
        raise ServiceError(f"{tool} failed: " + " ".join(last))


def _found(tool: str) -> str:
    """Return the embedded tool, else the one on the PATH."""
    try:
        embedded = binaries() / tool
        if embedded.exists():
            return str(embedded)
    except ServiceError:
        pass  # PostgreSQL is somewhere else; its tools may be here
    known = shutil.which(tool)
    if known is None:
        raise ServiceError(f"{tool} is not installed. It comes with PostgreSQL's client tools.")
    return known
