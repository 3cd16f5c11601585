"""Check the preconditions of `groundwork serve`: addresses of services and a migrated schema."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from groundwork_command.instance.settings import InstanceSettings, bad_settings
from groundwork_command.services.service import ServiceError
from groundwork_runtime.settings import BadSettings

SCHEMA_PAUSE_SECONDS = 1.0
NO_ACCOUNT = "0" * 12


def settings_to_serve(environment: Mapping[str, str], *needed: str) -> InstanceSettings:
    """Read and validate the settings of a host whose services run elsewhere.

    Args:
        environment: The variables.
        needed: Further variables that must be set.

    Raises:
        BadSettings: One line that names every fault.
    """
    faults: list[str] = []
    try:
        settings = InstanceSettings.from_environment(environment)
    except BadSettings as error:
        faults += error.faults
    faults += [
        f"{name} is missing: `groundwork serve` starts no service itself"
        for name in ("DATABASE_URL", "NEO4J_URI")
        if not environment.get(name)
    ]
    if not environment.get("AWS_ENDPOINT_URL"):
        if environment.get("GROUNDWORK_AWS_ACCOUNT", NO_ACCOUNT) in {"", NO_ACCOUNT}:
            faults.append("GROUNDWORK_AWS_ACCOUNT is missing: queues are those of AWS")
        if not environment.get("AWS_REGION"):
            faults.append("AWS_REGION is missing: queues are those of AWS")
    faults += [f"{name} is missing" for name in needed if not environment.get(name)]
    if faults:
        raise bad_settings(faults)
    return settings


def newest_revision(migrations: Path) -> str:
    """Return the number of the newest migration of Postgres that this release knows."""
    return max(path.name[:4] for path in (migrations / "postgres" / "versions").glob("[0-9]*.py"))


async def wait_for_schema(
    database_url: str, migrations: Path, seconds: float, report: Callable[[str], object]
) -> None:
    """Wait until Postgres has at least the schema of this release.

    A newer schema is fine: migrations run before the release that needs them.

    Raises:
        Invalid: the database's encoding is not UTF8.
        ServiceError: the schema is still older after `seconds`; the message says why.
    """
    needed = newest_revision(migrations)
    deadline = time.monotonic() + seconds
    said = ""
    while (missing := await asyncio.to_thread(_missing, database_url, needed)) is not None:
        if time.monotonic() >= deadline:
            raise ServiceError(f"{missing} Waited {seconds:.0f} s.")
        if missing != said:
            report(missing)
            said = missing
        await asyncio.sleep(SCHEMA_PAUSE_SECONDS)


def _missing(database_url: str, needed: str) -> str | None:
    """Return the reason why this release cannot serve, or None. Raises Invalid as above."""
    import psycopg  # slow to load

    from groundwork_data.postgres.migrations import must_be_utf8

    must_be_utf8(database_url)
    try:
        with psycopg.connect(database_url, connect_timeout=5) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except psycopg.errors.UndefinedTable:
        row = None
    except psycopg.OperationalError as error:
        return f"Postgres cannot be reached: {str(error).splitlines()[0]}."
    if row is None or row[0] < needed:
        has = f"revision {row[0]}" if row else "no revision"
        return f"The schema has {has}, this release needs {needed}: run `groundwork migrate`."
    return None
