"""Bringing both databases to their newest schema, or back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundwork_data.graph.migrations import Migrated


OWNER = "GROUNDWORK_MIGRATION_DATABASE_URL"
"""The variable that names the tables' owner, where functions connect as another role."""


def owner_url(addresses: Mapping[str, str]) -> str:
    """The URL to migrate, back up and restore with: the owner's, else the only one."""
    return addresses.get(OWNER) or addresses["DATABASE_URL"]


@dataclass(frozen=True)
class Report:
    """What was done."""

    postgres_before: str | None
    postgres_after: str | None
    graph_applied: tuple[str, ...] = ()
    graph_undone: tuple[str, ...] = ()


def migrate(
    addresses: Mapping[str, str],
    migrations: Path,
    target: str = "head",
    graph_target: int | None = None,
) -> Report:
    """Migrate Postgres to a revision and the graph to a number; see `graph.migrations.migrate`.

    Safe to run twice and by two at once: each side takes a lock. Who takes only Postgres back
    leaves the graph as it is.
    """
    before, after = migrate_postgres(owner_url(addresses), migrations, target)
    if target != "head" and graph_target is None:
        return Report(before, after)
    graph = migrate_graph(addresses, migrations, graph_target)
    return Report(before, after, graph.applied, graph.undone)


def migrate_postgres(
    database_url: str, migrations: Path, target: str = "head"
) -> tuple[str | None, str | None]:
    """Migrate Postgres; gives the revisions before and after. A restore is noticed here."""
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
    """Give the functions' role its rights in the migrated database; return the URL it uses.

    Args:
        addresses: how the database is reached. With an owner named, DATABASE_URL is the functions'
            own; alone, it is used by all, as it is.
        password: makes the role's password where the role is ours too (the embedded database).
    """
    from groundwork_data.postgres import roles  # slow to load

    url, owner = addresses["DATABASE_URL"], owner_url(addresses)
    if password is not None:
        return roles.ensure_app_role(owner, password())
    if roles.user_of(url) != roles.user_of(owner):
        roles.grant(owner, roles.user_of(url))
    return url


def migrate_graph(
    addresses: Mapping[str, str], migrations: Path, target: int | None = None
) -> "Migrated":
    """Apply what the graph lacks, and undo what is above a target; gives the names of both."""
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
