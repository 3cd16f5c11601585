"""Bringing both databases to their newest schema, or back."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundwork_data.graph.migrations import Migrated


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
    before, after = migrate_postgres(addresses["DATABASE_URL"], migrations, target)
    if target != "head" and graph_target is None:
        return Report(before, after)
    graph = migrate_graph(addresses, migrations, graph_target)
    return Report(before, after, graph.applied, graph.undone)


def migrate_postgres(
    database_url: str, migrations: Path, target: str = "head"
) -> tuple[str | None, str | None]:
    """Migrate Postgres; gives the revisions before and after. A restore is noticed here."""
    from groundwork_data.postgres.database import Database  # noqa: PLC0415 - slow to load
    from groundwork_data.postgres.epochs import notice_restore  # noqa: PLC0415 - as above
    from groundwork_data.postgres.migrations import migrate as work  # noqa: PLC0415 - as above

    done = work(database_url, migrations / "postgres", target=target)
    if target == "head":
        database = Database(database_url, application_name="groundwork migrate")
        try:
            notice_restore(database)
        finally:
            database.close()
    return done.before, done.after


def migrate_graph(
    addresses: Mapping[str, str], migrations: Path, target: int | None = None
) -> "Migrated":
    """Apply what the graph lacks, and undo what is above a target; gives the names of both."""
    from groundwork_data.graph.driver import GraphDatabase  # noqa: PLC0415 - slow to load
    from groundwork_data.graph.migrations import migrate as work  # noqa: PLC0415 - as above

    graph = GraphDatabase(
        addresses["NEO4J_URI"],
        addresses.get("NEO4J_USER", "neo4j"),
        addresses.get("NEO4J_PASSWORD", ""),
    )
    try:
        return work(graph, migrations / "graph", target=target)
    finally:
        graph.close()
