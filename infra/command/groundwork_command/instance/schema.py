"""Migrate both databases to their newest schema, or back to an older one."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from groundwork_data.graph.migrations import AppliedMigrations


T = TypeVar("T")
CONNECT_SECONDS = 5
WAIT_PAUSE_SECONDS = 1.0
OWNER = "GROUNDWORK_MIGRATION_DATABASE_URL"
"""Variable with the URL of the tables' owner, if functions connect as another role."""


def owner_url(addresses: Mapping[str, str]) -> str:
    """Return the URL for migrations, backup and restore: the owner's, else DATABASE_URL."""
    return addresses.get(OWNER) or addresses["DATABASE_URL"]


@dataclass(frozen=True)
class MigrationReport:
    """Revisions before and after, and the graph migrations that were applied or undone."""

    postgres_before: str | None
    postgres_after: str | None
    graph_applied: tuple[str, ...] = ()
    graph_undone: tuple[str, ...] = ()


def migrate(
    addresses: Mapping[str, str],
    migrations: Path,
    target: str = "head",
    graph_target: int | None = None,
    wait_seconds: float = 0.0,
) -> MigrationReport:
    """Migrate Postgres to a revision and the graph to a number; see `graph.migrations.migrate`.

    Safe to repeat and to run concurrently: each database is locked. Migrating Postgres back without
    `graph_target` leaves the graph unchanged. If functions connect as a role of their own, this
    role is created if it is missing and gets its rights.

    Args:
        addresses: Addresses of the databases.
        migrations: The folder of migrations.
        target: Revision of Postgres.
        graph_target: Last graph migration to keep.
        wait_seconds: How long to wait for each database that does not respond.
    """
    owner = owner_url(addresses)
    wait_until(lambda: _connect(owner), wait_seconds)
    before, after = migrate_postgres(owner, migrations, target)
    if target == "head":
        url_of_functions(addresses)
    if target != "head" and graph_target is None:
        return MigrationReport(before, after)
    graph = wait_until(lambda: migrate_graph(addresses, migrations, graph_target), wait_seconds)
    return MigrationReport(before, after, graph.applied, graph.undone)


def wait_until(attempt: Callable[[], T], seconds: float) -> T:
    """Return the result of `attempt`; repeat it for `seconds` while the database is unreachable."""
    import psycopg  # slow to load

    from groundwork_core.errors import Unavailable

    deadline = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except (psycopg.OperationalError, Unavailable):
            if time.monotonic() >= deadline:
                raise
            time.sleep(WAIT_PAUSE_SECONDS)


def _connect(url: str) -> None:
    import psycopg  # slow to load

    psycopg.connect(url, connect_timeout=CONNECT_SECONDS).close()


def migrate_postgres(
    database_url: str, migrations: Path, target: str = "head"
) -> tuple[str | None, str | None]:
    """Migrate Postgres; return the revisions before and after.

    Starts a new epoch after a restore.
    """
    from groundwork_data.postgres import roles  # slow to load
    from groundwork_data.postgres.database import Database
    from groundwork_data.postgres.epochs import notice_restore
    from groundwork_data.postgres.migrations import migrate as work

    done = work(database_url, migrations / "postgres", target=target)
    if target == "head":
        database = Database(database_url, application_name="groundwork migrate")
        try:
            notice_restore(database)
        finally:
            database.close()
        roles.grant(database_url, *roles.granted(database_url))
    return done.before, done.after


def url_of_functions(
    addresses: Mapping[str, str], password: Callable[[], str] | None = None
) -> str:
    """Grant the functions' role its rights in the migrated database; return its URL.

    Args:
        addresses: Addresses of the databases. If the owner's URL is given, DATABASE_URL is that of
            the functions; otherwise it is used by both.
        password: Returns the password of the role to create (embedded database only).
    """
    from groundwork_data.postgres import roles  # slow to load

    url, owner = addresses["DATABASE_URL"], owner_url(addresses)
    if password is not None:
        return roles.ensure_app_role(owner, password())
    if roles.user_of(url) != roles.user_of(owner):
        roles.ensure_given_role(owner, url)
    return url


def migrate_graph(
    addresses: Mapping[str, str], migrations: Path, target: int | None = None
) -> "AppliedMigrations":
    """Apply missing graph migrations and undo those above the target; return their names."""
    from groundwork_data.graph.driver import GraphDatabase  # slow to load
    from groundwork_data.graph.migrations import migrate as work

    graph = GraphDatabase(
        addresses["NEO4J_URI"],
        addresses.get("NEO4J_USER", "neo4j"),
        addresses.get("NEO4J_PASSWORD", ""),
    )
    try:
        return work(graph, migrations / "graph", target=target)
    finally:
        graph.close()
